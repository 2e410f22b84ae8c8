"""Calls of LitServe by httpx and the openai client: `python ask_litserve.py HOST:PORT`."""

import json
import sys

import httpx
from model import rows
from openai import OpenAI

base, values = f"http://{sys.argv[1]}", rows().astype(float).round(2).tolist()
for row in values[:2]:
    label = httpx.post(f"{base}/predict", json={"input": row}).json()["label"]
    print(json.dumps({"case": "one list, scores and a label", "rows": 1, "column": "label", "values": [str(label)]}))

client = OpenAI(base_url=f"{base}/v1", api_key="none")
messages = [{"role": "user", "content": "hello there"}]
whole = client.chat.completions.create(model="lit", messages=messages).choices[0].message.content
print(json.dumps({"case": "OpenAI chat", "rows": 1, "column": "answer", "values": [whole]}))
stream = client.chat.completions.create(model="lit", messages=messages, stream=True)
pieces = "".join(event.choices[0].delta.content or "" for event in stream if event.choices)
print(json.dumps({"case": "OpenAI chat, streamed (SSE)", "rows": 1, "column": "answer", "values": [pieces]}))
