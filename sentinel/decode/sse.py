"""Streams of events in an answer: server-sent events (WHATWG HTML, section 9.2), or one JSON value per line.

Some servers label streams `text/event-stream` and write bare JSON lines; both are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentinel.decode import jsontext
from sentinel.decode.reasons import Reason, Refused

MAX_EVENTS = 200_000
"""Events in one answer; a long generation has one a token."""

DONE = b"[DONE]"
"""OpenAI's last event."""

STREAM_TYPES = ("text/event-stream", "application/x-ndjson", "application/jsonl")


def is_stream(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an answer is a stream of events, by its Content-Type or, that lacking, its first bytes."""
    media_type = headers.get("content-type", "").lower()
    return media_type.startswith(STREAM_TYPES) or body.startswith((b"data:", b"event:"))


def payloads(body: bytes) -> Iterator[tuple[bytes, int]]:
    """The data of each event and where in the body it ended, in order. A last event that was cut comes as it is.

    Refused: too_many_values.
    """
    if body.count(b"\n") > 8 * MAX_EVENTS:
        raise Refused(Reason.TOO_MANY_VALUES)
    data: list[bytes] = []
    at = end = 0
    for whole in body.splitlines(keepends=True):
        at += len(whole)
        line = whole.rstrip(b"\r\n")
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
            end = at
        elif line.startswith((b"{", b"[")):
            yield line, at
        elif not line and data:
            yield b"\n".join(data), end
            data = []
    if data:
        yield b"\n".join(data), end


@dataclass(frozen=True, slots=True)
class Stream:
    """events: the JSON objects. ends: where in the body each ended. marked: the stream's end was marked."""

    events: Sequence[dict[str, Any]]
    ends: Sequence[int]
    marked: bool


def read(body: bytes) -> Stream:
    """The JSON objects of a stream; what follows a broken event is left out.

    Refused: bad_json when not one event could be read, too_many_values.
    """
    found: list[dict[str, Any]] = []
    ends: list[int] = []
    for payload, end in payloads(body):
        if payload.strip() == DONE:
            return Stream(found, ends, True)
        if len(found) == MAX_EVENTS:
            raise Refused(Reason.TOO_MANY_VALUES)
        try:
            event = jsontext.parse(payload)
        except Refused:
            break
        if isinstance(event, dict):
            found.append(event)
            ends.append(end)
    if not found:
        raise Refused(Reason.BAD_JSON)
    return Stream(found, ends, False)
