"""Calls of generative models: what is asked and what is answered become one row. Knows no server's own names.

Texts are columns of kind text: features are made of them, they are never kept. What servers leave out (usage, the end
mark, one id per stream) is not required.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from sentinel.decode import answers, jsontext, sse
from sentinel.decode.call import Call, name_text
from sentinel.decode.loosely import mapping, objects, text
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column, Decoded
from sentinel.decode.tables import Table
from sentinel.decode.usage import LlmUsage
from sentinel.decode.values import Block

PARAMETERS = (
    *("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "n_predict"),
    *("temperature", "top_p", "n"),
)
"""Numbers of a request that are worth watching."""

TEXTS = {"prompt": "text", "answer": "text"}

Reader = Callable[[Sequence[answers.Event]], answers.Answer]


def request(call: Call) -> Mapping[str, Any]:
    """The request's JSON object. Refused: bad_json."""
    found = jsontext.parse(call.request)
    if not isinstance(found, dict):
        raise Refused(Reason.BAD_JSON)
    return found


def conversation(asked: Mapping[str, Any]) -> Table:
    """The row of a request with `messages`: the last user message, and counts. Refused: no_rows."""
    messages = objects(asked.get("messages"))
    if not messages:
        raise Refused(Reason.NO_ROWS)
    by_user = [message for message in messages if message.get("role") == "user"] or messages
    inputs = {
        "prompt": [text(by_user[-1].get("content"))],
        "messages": one(len(messages)),
        "images": one(sum(_images(message.get("content")) for message in messages)),
        "tools": one(len(objects(asked.get("tools")))),
        **parameters(asked),
    }
    return Table(1, inputs)


def parameters(asked: Mapping[str, Any]) -> dict[str, Column]:
    """The numbers among a request's settings that are watched."""
    given = ((name, asked.get(name)) for name in PARAMETERS)
    return {name: one(value) for name, value in given if isinstance(value, int | float)}


def one(value: float) -> Column:
    """A column of one number."""
    return np.array([value], dtype=np.float64)


def answered(call: Call, model: object, table: Table, operation: str, read: Reader) -> Decoded:
    """Prompt and answer joined; `read` puts an answer together from its JSON objects.

    model: as the request names it. operation: chat or text_completion.
    """
    if call.response is None:
        return replace(call.decoded(table, model=model), kinds=TEXTS)
    answer, stream = _answer(call, read)
    used = answers.usage(call.exchange, answer, operation, stream)
    if used.aborted:  # an answer that was cut is not judged
        found = call.decoded(table, model=model or answer.model, version=version(model, answer.model) if model else "")
        return replace(found, kinds=TEXTS, usage=used)
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
        model=model or answer.model,
        version=version(model, answer.model) if model else "",
        request_id=answer.id,
    )
    return replace(decoded, kinds=TEXTS, usage=used)


def version(asked: object, answered: object) -> str:
    """What the answer's model name adds to the one asked for: "main" where "a@main" answers "a"."""
    said, given = name_text(answered), name_text(asked)
    return said.removeprefix(given).lstrip("@-:") if given else said


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


def _with_tokens(table: Table, used: LlmUsage) -> Table:
    if table.rows != 1 or used.input_tokens is None:
        return table
    return Table(1, {**table.columns, "input_tokens": one(used.input_tokens)})


def _counted(table: Table, used: LlmUsage, answer: answers.Answer) -> list[tuple[str, Block]]:
    """Counts of the whole call, where it is one row."""
    if table.rows != 1:
        return []
    counts = {"output_tokens": used.output_tokens, "tool_calls": answer.tool_calls}
    return [(name, Block(one(value), (1,))) for name, value in counts.items() if value is not None]


def _images(content: object) -> int:
    return sum("image" in str(part.get("type", "")) for part in objects(content))
