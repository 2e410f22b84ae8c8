"""Calls of MLflow's scoring server, in each of its forms: `python ask_mlflow.py HOST:PORT`."""

import json
import sys

import httpx
from model import rows

names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
values = rows().astype(float).round(2).tolist()
forms = {
    "dataframe_split": {"columns": names, "data": values},
    "dataframe_records": [dict(zip(names, row, strict=True)) for row in values],
    "instances": values,
    "inputs": values,
}
csv = "\n".join([",".join(names), *(",".join(map(str, row)) for row in values)])


def told(case: str, answer: httpx.Response) -> None:
    labels = [str(label) for label in answer.raise_for_status().json()["predictions"]]
    print(json.dumps({"case": case, "rows": 4, "column": "prediction", "values": labels}))


with httpx.Client(base_url=f"http://{sys.argv[1]}") as client:
    for form, body in forms.items():
        told(form, client.post("/invocations", json={form: body}))
    told("CSV", client.post("/invocations", content=csv, headers={"content-type": "text/csv"}))
