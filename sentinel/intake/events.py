"""Pushed traffic: CloudEvents and lines of JSON made into exchanges, requests joined with their answers by id.

KServe's logger sends a request and its response as two CloudEvents of the same id, in any order, binary (attributes in
`ce-` headers) or structured (attributes and data in one JSON object). A line of NDJSON holds both sides at once. Pure:
documents in, exchanges out; the clock is passed in.

Sources: CloudEvents 1.0, HTTP and JSON format; KServe's logger (types
org.kubeflow.serving.inference.request/.response).
"""

import base64
import binascii
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sentinel.traffic.exchange import Exchange, Message

REQUEST_SUFFIX, RESPONSE_SUFFIX = ".request", ".response"
MOST_WAITING = 4096  # requests and answers that wait for their other half
WAITING_SECONDS = 120.0  # the longest answer of a model server that is still expected
MODEL_HEADER = "ce-inferenceservicename"
_LINE_KEYS = frozenset(("id", "method", "path", "status", "time", "duration_seconds", "request", "response"))


class BadEvent(ValueError):
    """An event that cannot be used; the message is one sentence for the sender."""


@dataclass(frozen=True, slots=True)
class Event:
    """One half of an exchange. at: seconds since the epoch, as the sender says or when it came."""

    id: str
    is_request: bool
    at: float
    message: Message


def binary_event(headers: Mapping[str, str], body: bytes, now: float) -> Event:
    """A CloudEvent whose attributes are `ce-` headers (lower-case names) and its data the body; raises BadEvent."""
    kept = {name: value for name, value in headers.items() if name.startswith("ce-") or name.startswith("content-")}
    return _event(headers.get("ce-id", ""), headers.get("ce-type", ""), headers.get("ce-time", ""), kept, body, now)


def structured_event(document: Any, now: float) -> Event:
    """A CloudEvent as a JSON object, with `data` or `data_base64`; raises BadEvent."""
    if not isinstance(document, dict):
        raise BadEvent("a structured CloudEvent is a JSON object")
    text = {name: value for name, value in document.items() if isinstance(value, str)}
    headers = {f"ce-{name}": value for name, value in text.items() if name not in ("data", "data_base64")}
    headers["content-type"] = text.get("datacontenttype", "application/json")
    return _event(
        text.get("id", ""), text.get("type", ""), text.get("time", ""), headers, _data(document), now
    )  # fmt: skip


def line_exchange(document: Any, now: float) -> Exchange:
    """An exchange from one JSON object: `request`, and optionally `response`, `path`, `method`, `status`, `id`, `time`
    (RFC 3339 or seconds), `duration_seconds`. Bodies are JSON values, or text as it was sent. Raises BadEvent.
    """
    if not isinstance(document, dict) or "request" not in document:
        raise BadEvent("a line is a JSON object with at least `request`")
    if unknown := sorted(document.keys() - _LINE_KEYS):
        raise BadEvent(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(_LINE_KEYS))}")
    answered = "response" in document
    status = document.get("status", 200 if answered else 0)
    duration = document.get("duration_seconds", 0.0)
    if not isinstance(status, int) or not isinstance(duration, int | float):
        raise BadEvent("`status` is a whole number and `duration_seconds` a number")
    at, headers = seconds_of(document.get("time", ""), now), {"content-type": "application/json"}
    if document.get("id"):
        headers["x-request-id"] = str(document["id"])
    return Exchange(
        protocol="push",
        method=str(document.get("method", "POST")),
        target=str(document.get("path", "/")),
        status=status,
        request=Message(headers, _bytes(document["request"])),
        response=Message(headers, _bytes(document["response"])) if answered else Message(),
        started_at=at,
        duration_seconds=float(duration),
        first_byte_seconds=float(duration),
    )


class Joiner:
    """Holds halves until their other half comes: at most MOST_WAITING of them, for WAITING_SECONDS at most."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, tuple[float, Event]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, event: Event, now: float) -> Exchange | None:
        """The exchange that `event` completes, if it does. A repeated half replaces the former."""
        waiting = self._waiting.pop(event.id, None)
        if waiting is not None and waiting[1].is_request != event.is_request:
            other = waiting[1]
            return _joined(*((event, other) if event.is_request else (other, event)))
        self._waiting[event.id] = (now, event)
        return None

    def expired(self, now: float) -> list[Event]:
        """Halves that waited too long or are too many, oldest first; they are forgotten."""
        gone = []
        while self._waiting:
            since, event = next(iter(self._waiting.values()))
            if now - since < WAITING_SECONDS and len(self._waiting) <= MOST_WAITING:
                break
            self._waiting.popitem(last=False)
            gone.append(event)
        return gone


def unanswered(event: Event) -> Exchange:
    """The exchange of a request whose answer never came: its inputs are still worth counting."""
    return _joined(event, None)


def _joined(request: Event, response: Event | None) -> Exchange:
    duration = max(0.0, response.at - request.at) if response is not None else 0.0
    return Exchange(
        protocol="push",
        method="POST",
        target="/",
        status=200 if response is not None else 0,
        request=request.message,
        response=response.message if response is not None else Message(),
        started_at=request.at,
        duration_seconds=duration,
        first_byte_seconds=duration,
    )


def _event(name: str, kind: str, time: str, headers: dict[str, str], body: bytes, now: float) -> Event:
    if not name:
        raise BadEvent("a CloudEvent needs an id")
    if not kind.endswith((REQUEST_SUFFIX, RESPONSE_SUFFIX)):
        raise BadEvent(f"the type of an event ends in {REQUEST_SUFFIX} or {RESPONSE_SUFFIX}")
    headers["x-request-id"] = name
    return Event(name, kind.endswith(REQUEST_SUFFIX), seconds_of(time, now), Message(headers, body))


def _data(document: Mapping[str, Any]) -> bytes:
    encoded = document.get("data_base64")
    if encoded is None:
        return _bytes(document.get("data"))
    try:
        return base64.b64decode(str(encoded), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadEvent("data_base64 is not base64") from error


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def seconds_of(value: Any, now: float) -> float:
    """Seconds since the epoch from RFC 3339 text or a number; `now` when there is none. Raises BadEvent."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not value:
        return now
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except (ValueError, OverflowError) as error:
        raise BadEvent(f"{str(value)[:40]!r} is no time; use RFC 3339 or seconds since the epoch") from error
