"""LitServe with its default JSON API and its OpenAI spec (streamed): `python serve_litserve.py PORT`."""

import sys

import litserve
import numpy as np
from model import trained


class Iris(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.model = trained()

    def decode_request(self, request: dict) -> np.ndarray:
        return np.array([request["input"]])

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(x)[0]

    def encode_response(self, output: np.ndarray) -> dict:
        return {"output": output.tolist(), "label": int(output.argmax())}


class Chat(litserve.LitAPI):
    def setup(self, device: str) -> None:
        pass

    def predict(self, prompt: list) -> object:
        yield from ("Hello", " from", " iris")


if __name__ == "__main__":
    apis = [Iris(api_path="/predict"), Chat(spec=litserve.OpenAISpec())]
    litserve.LitServer(apis, accelerator="cpu").run(
        host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning"
    )
