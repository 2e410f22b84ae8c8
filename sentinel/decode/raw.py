"""Bodies that are no JSON: a picture, a text, or the parts of a form. One call is one row.

TorchServe's default handlers take these and answer {label: score} for the best classes.
"""

import re
from collections.abc import Mapping
from typing import Any

from sentinel.decode import jsontext, outputs, plain
from sentinel.decode.call import Call
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column, Decoded
from sentinel.decode.tables import Table
from sentinel.decode.tensors import text_or_bytes
from sentinel.decode.values import Block, column

BODY = "body"
"""Name of the column that holds a body."""

MAX_PARTS = 64
MAX_PART_HEAD_BYTES = 4096

_BOUNDARY = re.compile(r'boundary="?([^";,]{1,70})', re.IGNORECASE)  # RFC 2046: at most 70 characters
_NAME = re.compile(rb'(?i)content-disposition:[^\r\n]*?[; ]name="?([^";\r\n]{1,128})')


def decode(call: Call) -> Decoded:
    """One call with a body of its own."""
    media_type = call.header("content-type")
    if media_type.lower().startswith("multipart/form-data"):
        columns = _parts(call.request, media_type)
    elif call.request:
        columns = {BODY: [text_or_bytes(call.request)]}
    else:
        raise Refused(Reason.EMPTY_BODY)
    return call.decoded(Table(1, columns), () if call.response is None else _outputs(call, call.response))


def torchserve(call: Call) -> Decoded:
    """`/predictions`: JSON as anywhere, or a body of its own."""
    media_type = call.header("content-type").lower()
    is_json = media_type.startswith("application/json") or (not media_type and call.request[:1] in (b"{", b"["))
    return plain.decode(call) if is_json else decode(call)


def _parts(body: bytes, media_type: str) -> dict[str, Column]:
    """Values of a form by name: text, or bytes where they are no text."""
    found = _BOUNDARY.search(media_type)
    if found is None:
        raise Refused(Reason.BAD_FORM)
    parts = body.split(b"--" + found[1].strip().encode(), MAX_PARTS + 2)[1:-1]
    if not 0 < len(parts) <= MAX_PARTS:
        raise Refused(Reason.BAD_FORM)
    return dict(_part(part) for part in parts)


def _part(part: bytes) -> tuple[str, Column]:
    head, blank, content = part.partition(b"\r\n\r\n")
    named = _NAME.search(head[:MAX_PART_HEAD_BYTES])
    if not blank or named is None:
        raise Refused(Reason.BAD_FORM)
    return named[1].decode(errors="replace"), [text_or_bytes(content.removesuffix(b"\r\n"))]


def _outputs(call: Call, body: bytes) -> list[tuple[str, Block]]:
    """JSON of an obvious shape, {label: score}, or a bare text."""
    if body[:1] not in (b"{", b"[") and not call.response_header("content-type").lower().startswith("application/json"):
        said = outputs.bare(body)
        return [] if said is None else outputs.scalar(said)
    answer = plain.answer_of(jsontext.parse(body), call.options)
    if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict):
        answer = answer[0]
    if isinstance(answer, dict) and _are_scores(answer):
        best = max(answer, key=lambda label: answer[label])
        return [
            (f"{outputs.UNNAMED}.class", Block([best], (1,))),
            (f"{outputs.UNNAMED}.confidence", Block(column([answer[best]]), (1,))),
        ]
    return plain.read_answer(answer, 1, call.options)


def _are_scores(answer: Mapping[str, Any]) -> bool:
    """Probabilities of two or more classes, of all or of the best."""
    values = list(answer.values())
    return (
        len(values) > 1
        and all(type(value) is float and 0 <= value <= 1 for value in values)
        and sum(values) <= 1 + outputs.ROUNDING
    )
