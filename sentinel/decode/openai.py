"""The OpenAI-compatible API (chat completions, completions, responses, embeddings) and Ollama's; plain or streamed.

One call is one row (completions and embeddings: one row per prompt). Texts are columns of kind text: features are made
of them, they are never kept. What servers leave out (usage, the end mark, one id per stream) is not required.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sentinel.decode import answers, jsontext, sse
from sentinel.decode.call import Call, name_text
from sentinel.decode.loosely import mapping, objects, text
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column, Decoded
from sentinel.decode.tables import Table, check_rows
from sentinel.decode.usage import LlmUsage, count
from sentinel.decode.values import Block, block

PARAMETERS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "top_p", "n")
"""Numbers of a request that are worth watching."""

Reader = Callable[[Sequence[answers.Event]], answers.Answer]

TEXTS = {"prompt": "text", "answer": "text"}


def chat(call: Call) -> Decoded:
    """One chat completion. Row: the last user message."""
    return _chat(call, answers.from_choices)


def ollama_chat(call: Call) -> Decoded:
    """One call of Ollama's `/api/chat`."""
    return _chat(call, answers.from_ollama)


def completions(call: Call) -> Decoded:
    """One completion call; a list of prompts is as many rows."""
    return _completions(call, answers.from_choices)


def ollama_generate(call: Call) -> Decoded:
    """One call of Ollama's `/api/generate`."""
    return _completions(call, answers.from_ollama)


def _chat(call: Call, read: Reader) -> Decoded:
    request = _request(call)
    messages = objects(request.get("messages"))
    if not messages:
        raise Refused(Reason.NO_ROWS)
    asked = [message for message in messages if message.get("role") == "user"] or messages
    inputs = {
        "prompt": [text(asked[-1].get("content"))],
        "messages": _one(len(messages)),
        "images": _one(sum(_images(message.get("content")) for message in messages)),
        "tools": _one(len(objects(request.get("tools")))),
        **_parameters(request),
    }
    return _generated(call, request, Table(1, inputs), "chat", read)


def _completions(call: Call, read: Reader) -> Decoded:
    request = _request(call)
    given = request.get("prompt")
    prompts = given if isinstance(given, list) and given and all(isinstance(item, str) for item in given) else [given]
    check_rows(len(prompts), call.options)
    inputs: dict[str, Column] = {"prompt": [text(prompt) for prompt in prompts]}
    if len(prompts) == 1:
        inputs.update(_parameters(request))
    return _generated(call, request, Table(len(prompts), inputs), "text_completion", read)


def responses(call: Call) -> Decoded:
    """One call of the responses API. Row: the last user input."""
    request = _request(call)
    given = request.get("input")
    items = objects(given) if isinstance(given, list) else []
    asked = [item for item in items if item.get("role", "user") == "user"] or items
    if not asked and not isinstance(given, str):
        raise Refused(Reason.NO_ROWS)
    inputs = {
        "prompt": [given if isinstance(given, str) else text(asked[-1].get("content"))],
        "messages": _one(len(items) or 1),
        "tools": _one(len(objects(request.get("tools")))),
        **_parameters(request),
    }
    return _generated(call, request, Table(1, inputs), "chat", answers.from_output)


def embeddings(call: Call) -> Decoded:
    """One embeddings call: a row per text, the vectors as predictions."""
    request = _request(call)
    given = request.get("input")
    texts = given if isinstance(given, list) and given and isinstance(given[0], str | list) else [given]
    check_rows(len(texts), call.options)
    table = Table(len(texts), {"prompt": [text(item) for item in texts]})
    if call.response is None:
        return replace(call.decoded(table, model=request.get("model")), kinds=TEXTS)
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
        model=request.get("model"),
        version=_version(request.get("model"), response.get("model")),
    )
    used = mapping(response.get("usage"))
    return replace(decoded, kinds=TEXTS, usage=LlmUsage("embeddings", input_tokens=count(used.get("prompt_tokens"))))


def _generated(call: Call, request: Mapping[str, Any], table: Table, operation: str, read: Reader) -> Decoded:
    """Prompt and answer joined; `read` puts an answer together from its JSON objects."""
    model = request.get("model")
    if call.response is None:
        return replace(call.decoded(table, model=model), kinds=TEXTS)
    answer, stream = _answer(call, read)
    used = answers.usage(call.exchange, answer, operation, stream)
    if used.aborted:  # an answer that was cut is not judged
        return replace(call.decoded(table, model=model, version=_version(model, answer.model)), kinds=TEXTS, usage=used)
    if len(answer.texts) % table.rows:
        raise Refused(Reason.ROW_MISMATCH)
    each = len(answer.texts) // table.rows
    finish_reasons = [*answer.finish_reasons, *([None] * (len(answer.texts) - len(answer.finish_reasons)))]
    outputs: dict[str, Column] = {"answer": answer.texts[::each] if each else [None] * table.rows}
    if each:
        outputs["finish_reason"] = finish_reasons[::each]
    blocks = [(name, Block(values, (table.rows,))) for name, values in outputs.items()]
    decoded = call.decoded(
        _with_tokens(table, used),
        [*blocks, *_counted(table, used, answer)],
        model=model,
        version=_version(model, answer.model),
        request_id=answer.id,
    )
    return replace(decoded, kinds=TEXTS, usage=used)


def _with_tokens(table: Table, used: LlmUsage) -> Table:
    if table.rows != 1 or used.input_tokens is None:
        return table
    return Table(1, {**table.columns, "input_tokens": _one(used.input_tokens)})


def _counted(table: Table, used: LlmUsage, answer: answers.Answer) -> list[tuple[str, Block]]:
    """Counts of the whole call, where it is one row."""
    if table.rows != 1:
        return []
    counts = {"output_tokens": used.output_tokens, "tool_calls": answer.tool_calls}
    return [(name, Block(_one(value), (1,))) for name, value in counts.items() if value is not None]


def _answer(call: Call, read: Reader) -> tuple[answers.Answer, sse.Stream | None]:
    """The answer, and the stream that it came as, if it did."""
    body, stream = call.response or b"", None
    if call.exchange.aborted and b"{" not in body:
        return answers.Answer(complete=False), sse.Stream((), (), False)
    if sse.is_stream(call.exchange.response.headers, body):
        stream = sse.read(body)
    events = stream.events if stream else [dict(mapping(jsontext.parse(body)))]
    if any(event.get("error") for event in events):
        raise Refused(Reason.ERROR_RESPONSE)
    answer: answers.Answer = read(events)
    answer.complete = stream is None or stream.marked or bool(answer.finish_reasons)
    answer.end = events[-1]
    return answer, stream


def _request(call: Call) -> Mapping[str, Any]:
    request = jsontext.parse(call.request)
    if not isinstance(request, dict):
        raise Refused(Reason.BAD_JSON)
    return request


def _parameters(request: Mapping[str, Any]) -> dict[str, Column]:
    given = ((name, request.get(name)) for name in PARAMETERS)
    return {name: _one(value) for name, value in given if isinstance(value, int | float)}


def _one(value: float) -> Column:
    return np.array([value], dtype=np.float64)


def _images(content: object) -> int:
    return sum("image" in str(part.get("type", "")) for part in objects(content))


def _version(asked: object, answered: object) -> str:
    """What the answer's model name adds to the one asked for: "main" where "a@main" answers "a"."""
    said, given = name_text(answered), name_text(asked)
    return said.removeprefix(given).lstrip("@-:") if given else said


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
