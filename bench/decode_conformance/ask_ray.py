"""A call of Ray Serve by httpx: `python ask_ray.py HOST:PORT`."""

import json
import sys

import httpx
from model import rows

answer = httpx.post(f"http://{sys.argv[1]}/", json={"instances": rows().astype(float).round(2).tolist()})
labels = [str(label) for label in answer.raise_for_status().json()["predictions"]]
print(json.dumps({"case": "rows under a key", "rows": 4, "column": "prediction", "values": labels}))
