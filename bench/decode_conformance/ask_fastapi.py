"""Calls of a FastAPI server by httpx: `python ask_fastapi.py HOST:PORT`. A line a call says what it should read as."""

import json
import sys

import httpx
from model import rows

base, values = f"http://{sys.argv[1]}", rows().astype(float).round(2).tolist()
names = ("sepal_length", "sepal_width", "petal_length", "petal_width")
records = [dict(zip(names, row, strict=True)) for row in values]


def told(case: str, count: int, column: str, labels: list) -> None:
    print(json.dumps({"case": case, "rows": count, "column": column, "values": [str(label) for label in labels]}))


with httpx.Client(base_url=base) as client:
    answer = client.post("/predict", json={"rows": records}).json()["predictions"]
    told("records under a key", 4, "label", [item["label"] for item in answer])
    answer = client.post("/score", json=records[2]).json()
    told("one object", 1, "label", [answer["label"]])
    split = {"dataframe_split": {"columns": names, "data": values}}
    told("MLflow dataframe_split", 4, "prediction", client.post("/invocations", json=split).json()["predictions"])
    csv = "\n".join([",".join(names), *(",".join(map(str, row)) for row in values)])
    answer = client.post("/invocations", content=csv, headers={"content-type": "text/csv"}).json()["predictions"]
    told("MLflow CSV", 4, "prediction", answer)
