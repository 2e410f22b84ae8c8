"""A KServe Python server: `python serve_kserve.py PORT GRPC_PORT`. Answers V1, V2 REST and gRPC."""

import sys

import numpy as np
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer
from model import trained


class Iris(Model):
    def __init__(self) -> None:
        super().__init__("iris")
        self.model, self.ready = trained(), True

    async def predict(self, payload: dict | InferRequest, *_: object, **__: object) -> dict | InferResponse:
        if isinstance(payload, InferRequest):
            labels = self.model.predict(payload.inputs[0].as_numpy())
            output = InferOutput(name="label", shape=list(labels.shape), datatype="INT64")
            output.set_data_from_numpy(labels, binary_data=bool(payload.request_outputs))
            return InferResponse(response_id=payload.id, model_name="iris", infer_outputs=[output])
        return {"predictions": self.model.predict(np.array(payload["instances"])).tolist()}


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "--http_port", sys.argv[1], "--grpc_port", sys.argv[2], "--host", "127.0.0.1"]
    ModelServer(http_port=int(sys.argv[2]), grpc_port=int(sys.argv[4])).start([Iris()])
