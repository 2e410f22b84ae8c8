"""Calls of an OpenAI-compatible server by the openai client: `python ask_openai.py HOST:PORT FOLDER`."""

import json
import sys

from openai import OpenAI

client = OpenAI(base_url=f"http://{sys.argv[1]}/v1", api_key="none")
model = f"{sys.argv[2]}/tiny-llama"
messages = [{"role": "user", "content": "hello world"}]


def told(case: str, answer: str, usage: object = None) -> None:
    tokens = {} if usage is None else {"input_tokens": usage.prompt_tokens, "output_tokens": usage.completion_tokens}
    print(json.dumps({"case": case, "rows": 1, "column": "answer", "values": [answer], **tokens}))


whole = client.chat.completions.create(model=model, messages=messages, max_tokens=12)
told("OpenAI chat", whole.choices[0].message.content, whole.usage)
usage, pieces = None, []
for event in client.chat.completions.create(model=model, messages=messages, max_tokens=12, stream=True):
    usage = event.usage or usage
    pieces += [choice.delta.content or "" for choice in event.choices]
told("OpenAI chat, streamed (SSE)", "".join(pieces), usage)
whole = client.completions.create(model=model, prompt="hello", max_tokens=8)
told("OpenAI completions", whole.choices[0].text, whole.usage)
