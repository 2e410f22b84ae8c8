"""The OpenAI-compatible API: chat completions, completions, responses, embeddings; plain or streamed.

One call is one row (completions and embeddings: one row per prompt).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec.structs import replace

from sentinel.decode import answers, generative, jsontext
from sentinel.decode.call import Call
from sentinel.decode.loosely import mapping, objects, text
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column, Decoded
from sentinel.decode.tables import Table, check_rows
from sentinel.decode.usage import LlmUsage, count
from sentinel.decode.values import Block, block


def chat(call: Call) -> Decoded:
    """One chat completion. Row: the last user message."""
    asked = generative.request(call)
    return generative.answered(call, asked.get("model"), generative.conversation(asked), "chat", answers.from_choices)


def completions(call: Call) -> Decoded:
    """One completion call; a list of prompts is as many rows."""
    asked = generative.request(call)
    table = prompted(call, asked)
    return generative.answered(call, asked.get("model"), table, "text_completion", answers.from_choices)


def prompted(call: Call, asked: Mapping[str, Any]) -> Table:
    """The rows of a request with `prompt`: a text, or a list of texts."""
    given = asked.get("prompt")
    prompts = given if isinstance(given, list) and given and all(isinstance(item, str) for item in given) else [given]
    check_rows(len(prompts), call.options)
    inputs: dict[str, Column] = {"prompt": [text(prompt) for prompt in prompts]}
    if len(prompts) == 1:
        inputs.update(generative.parameters(asked))
    return Table(len(prompts), inputs)


def responses(call: Call) -> Decoded:
    """One call of the responses API. Row: the last user input."""
    asked = generative.request(call)
    given = asked.get("input")
    items = objects(given) if isinstance(given, list) else []
    by_user = [item for item in items if item.get("role", "user") == "user"] or items
    if not by_user and not isinstance(given, str):
        raise Refused(Reason.NO_ROWS)
    inputs = {
        "prompt": [given if isinstance(given, str) else text(by_user[-1].get("content"))],
        "messages": generative.one(len(items) or 1),
        "tools": generative.one(len(objects(asked.get("tools")))),
        **generative.parameters(asked),
    }
    return generative.answered(call, asked.get("model"), Table(1, inputs), "chat", answers.from_output)


def embeddings(call: Call) -> Decoded:
    """One embeddings call: a row per text, the vectors as predictions."""
    asked = generative.request(call)
    given, model = asked.get("input"), asked.get("model")
    texts = given if isinstance(given, list) and given and isinstance(given[0], str | list) else [given]
    check_rows(len(texts), call.options)
    table = Table(len(texts), {"prompt": [text(item) for item in texts]})
    if call.response is None:
        return replace(call.decoded(table, model=model), kinds=generative.TEXTS)
    response = jsontext.parse(call.response)
    if not isinstance(response, dict) or not (data := objects(response.get("data"))):
        raise Refused(Reason.BAD_JSON)
    listed = [_vector(item.get("embedding")) for item in _in_order(data)]
    if len({len(vector) for vector in listed}) != 1:
        raise Refused(Reason.BAD_VALUE)
    vectors = np.array(listed)
    decoded = call.decoded(
        table,
        [("embedding", Block(vectors.reshape(-1), vectors.shape))],
        model=model,
        version=generative.version(model, response.get("model")),
    )
    tokens = count(mapping(response.get("usage")).get("prompt_tokens"))
    return replace(decoded, kinds=generative.TEXTS, usage=LlmUsage("embeddings", input_tokens=tokens))


def _in_order(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(data, key=lambda item: count(item.get("index")) or 0)


def _vector(value: object) -> Any:
    """A list of numbers, or their float32 bytes in base64."""
    if isinstance(value, str):
        try:
            return np.frombuffer(base64.b64decode(value, validate=True), dtype="<f4")
        except (binascii.Error, ValueError):
            raise Refused(Reason.BAD_VALUE) from None
    vector = block(value) if isinstance(value, list) else None
    if vector is None or len(vector.shape) != 1 or not isinstance(vector.flat, np.ndarray):
        raise Refused(Reason.BAD_VALUE)
    return vector.flat
