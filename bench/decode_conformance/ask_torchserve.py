"""Calls of TorchServe by httpx: `python ask_torchserve.py HOST:PORT`."""

import io
import json
import sys
import time

import httpx
import numpy as np
from model import rows
from PIL import Image

url = f"http://{sys.argv[1]}/predictions/iris"


def told(case: str, column: str, label: str) -> None:
    print(json.dumps({"case": case, "rows": 1, "column": column, "values": [label]}))


def loaded() -> list[float]:
    """The first answer: TorchServe says that it is well before its workers are."""
    for _ in range(100):
        try:
            answer = httpx.post(url, timeout=60, json={"x": rows()[2].astype(float).round(2).tolist()})
            if answer.status_code == 200:
                return answer.json()["probs"]
        except httpx.TransportError:
            pass
        time.sleep(1)
    raise TimeoutError("no worker after a hundred tries")


scores = loaded()
told("JSON", "probs.class", str(int(np.argmax(scores))))
buffer = io.BytesIO()
Image.fromarray(np.zeros((224, 224, 3), np.uint8)).save(buffer, "JPEG")
picture = buffer.getvalue()
answer = httpx.post(url, timeout=60, content=picture, headers={"content-type": "image/jpeg"}).json()
told("JPEG body", "prediction.class", max(answer, key=answer.get))
answer = httpx.post(url, timeout=60, files={"data": ("cat.jpg", picture, "image/jpeg")}).json()
told("multipart form with a JPEG", "prediction.class", max(answer, key=answer.get))
