"""`POST /v1/events`: traffic that others hand over, for places where nothing may stand in the path.

CloudEvents (binary, structured, batch; KServe's logger) and NDJSON; and `/v1/mirror/…`, which takes requests as NGINX's
`mirror` and Envoy's `request_mirror_policies` copy them: no answer comes with those, so only inputs are analysed.

    app.add_routes(routes(Pushed(on_exchange=…, on_undecodable=…), max_body_bytes=1 << 20))
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sentinel.intake.events import (
    BadEvent,
    Event,
    Joiner,
    binary_event,
    line_exchange,
    structured_event,
    unanswered,
)
from sentinel.traffic.exchange import Exchange, Message

CLOUD_EVENT, CLOUD_BATCH, NDJSON = (
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "application/x-ndjson",
)
LINES_PER_TURN = 64  # of a long body before other tasks of the loop run


@dataclass(frozen=True, slots=True)
class Pushed:
    """Who is told of pushed traffic, which no relay has counted. on_undecodable, on_dropped: of what gave no exchange,
    with the reason. on_ratio: of the share of its traffic that a sender says it sends.
    """

    on_exchange: Callable[[Exchange], object]
    on_undecodable: Callable[[str], object]
    on_dropped: Callable[[str], object] = lambda reason: None
    on_ratio: Callable[[float], object] = lambda ratio: None


def routes(pushed: Pushed, *, max_body_bytes: int, clock: Callable[[], float] = time.time) -> list[web.RouteDef]:
    """The routes to add to the telemetry server. A body may hold many events: 16 times `max_body_bytes` at most."""
    events = _Events(pushed, 16 * max_body_bytes, clock)
    mirror = _Mirror(pushed, max_body_bytes, clock)
    return [web.post("/v1/events", events.take), web.route("*", "/v1/mirror{path:/.*}", mirror.take)]


class _Events:
    def __init__(self, pushed: Pushed, limit: int, clock: Callable[[], float]) -> None:
        self._pushed = pushed
        self._limit = limit
        self._clock = clock
        self._joiner = Joiner()

    async def take(self, request: web.Request) -> web.Response:
        """202 with what became of the events; 400, 413 or 415 with the reason in one sentence."""
        body = await bounded_body(request, self._limit)
        if body is None:
            return _refused(413, f"a body may hold {self._limit} bytes")
        counted = {"exchanges": 0, "waiting": 0}
        try:
            for number, taken in enumerate(self._read(request, body)):
                counted["exchanges"] += self._accept(taken)
                if number % LINES_PER_TURN == LINES_PER_TURN - 1:
                    await asyncio.sleep(0)
        except BadEvent as error:
            return _refused(400, f"{error}; {counted['exchanges']} exchanges before it were accepted")
        except LookupError as error:
            return _refused(415, str(error.args[0]))
        counted["waiting"] = len(self._joiner)
        return web.json_response(counted, status=202)

    def _read(self, request: web.Request, body: bytes) -> Iterator[Event | Exchange]:
        kind, now = request.content_type, self._clock()
        if kind == CLOUD_EVENT:
            yield structured_event(_json(body), now)
        elif kind == CLOUD_BATCH:
            batch = _json(body)
            if not isinstance(batch, list):
                raise BadEvent("a batch is a JSON array")
            yield from (structured_event(one, now) for one in batch)
        elif kind == NDJSON:
            yield from (line_exchange(_json(line), now) for line in body.splitlines() if line.strip())
        elif "ce-id" in request.headers:
            yield binary_event({name.lower(): value for name, value in request.headers.items()}, body, now)
        else:
            raise LookupError(f"send {CLOUD_EVENT}, {CLOUD_BATCH}, {NDJSON}, or a CloudEvent with ce- headers")

    def _accept(self, taken: Event | Exchange) -> int:
        """How many exchanges are complete with this."""
        now = self._clock()
        done = self._joiner.add(taken, now) if isinstance(taken, Event) else taken
        for event in self._joiner.expired(now):
            if event.is_request:
                self._pushed.on_exchange(unanswered(event))
            else:
                self._pushed.on_undecodable("no_request")
        if done is None:
            return 0
        self._pushed.on_exchange(done)
        return 1


class _Mirror:
    def __init__(self, pushed: Pushed, limit: int, clock: Callable[[], float]) -> None:
        self._pushed = pushed
        self._limit = limit
        self._clock = clock

    async def take(self, request: web.Request) -> web.Response:
        """A mirrored request; whatever becomes of it, the mirror's own answer is thrown away by its sender."""
        body = await bounded_body(request, self._limit)
        if body is None:
            self._pushed.on_undecodable("body_too_large")
            return web.Response(status=413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = f"?{request.query_string}" if request.query_string else ""
        target, message = request.match_info["path"] + query, Message(headers, body)
        started = self._clock()
        exchange = Exchange("push", request.method, target, 0, message, Message(), started, 0.0, 0.0)
        self._pushed.on_exchange(exchange)
        return web.Response(status=204)


async def bounded_body(request: web.Request, limit: int) -> bytes | None:
    """The body, or None when it is longer than `limit`, without holding more than that."""
    parts, size = [], 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadEvent(f"{text[:40]!r} is not JSON") from error


def _refused(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)
