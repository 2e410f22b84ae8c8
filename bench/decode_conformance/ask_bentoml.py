"""Calls of BentoML by its own client: `python ask_bentoml.py HOST:PORT`."""

import json
import sys

import bentoml
import numpy as np
from model import rows

with bentoml.SyncHTTPClient(f"http://{sys.argv[1]}") as client:
    scores = np.asarray(client.classify(rows=rows()))
    told = {"case": "array in, array out", "rows": 4, "column": "prediction.class"}
    print(json.dumps({**told, "values": [str(best) for best in scores.argmax(axis=1)]}))
    names = ("sepal_length", "sepal_width", "petal_length", "petal_width")
    answer = client.one(**dict(zip(names, map(float, rows()[3]), strict=True)))
    print(json.dumps({"case": "named arguments", "rows": 1, "column": "label", "values": [str(answer["label"])]}))
