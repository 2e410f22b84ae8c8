"""FastAPI with onnxruntime: `python serve_fastapi.py PORT`. Also MLflow's and SageMaker's forms of `/invocations`."""

import sys

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, Request
from model import trained
from skl2onnx import to_onnx

app = FastAPI()
session = onnxruntime.InferenceSession(
    to_onnx(trained(), np.zeros((1, 4), np.float32), options={"zipmap": False}).SerializeToString()
)
NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")


def predicted(rows: np.ndarray) -> tuple[list[int], list[list[float]]]:
    labels, scores = session.run(None, {"X": rows.astype(np.float32)})
    return labels.tolist(), scores.tolist()


@app.post("/predict")
async def predict(request: Request) -> dict:
    body = await request.json()
    labels, scores = predicted(np.array([[row[name] for name in NAMES] for row in body["rows"]]))
    return {"predictions": [{"label": label, "scores": score} for label, score in zip(labels, scores, strict=True)]}


@app.post("/score")
async def score(request: Request) -> dict:
    body = await request.json()
    labels, scores = predicted(np.array([[body[name] for name in NAMES]]))
    return {"label": labels[0], "probabilities": scores[0], "model_version": "7"}


@app.post("/invocations")
async def invocations(request: Request) -> dict:
    if request.headers["content-type"].startswith("text/csv"):
        lines = (await request.body()).decode().split()[1:]
        return {"predictions": predicted(np.array([line.split(",") for line in lines], dtype=float))[0]}
    return {"predictions": predicted(np.array((await request.json())["dataframe_split"]["data"]))[0]}


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
