"""The mirror against real servers that answer well, badly, late, never, or not at all: nothing waits, nothing is lost
without being counted.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from sentinel.shadow.asking import MARK
from sentinel.shadow.book import SCALE_ROWS
from sentinel.shadow.mirror import Pace
from sentinel.traffic import Exchange, Message
from tests.support.shadow_mirroring import ANSWER_SECONDS, Mirroring, mirroring

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
JSON = {"content-type": "application/json"}


def exchange(value: float = 1.0, **changes: object) -> Exchange:
    request = Message(JSON, json.dumps({"inputs": [[value, 2.0]]}).encode())
    response = Message(JSON, json.dumps({"predictions": [value]}).encode())
    values: dict[str, object] = {"protocol": "http/1.1", "method": "POST", "target": "/predict", "status": 200}
    values |= {"request": request, "response": response}
    return Exchange(**values | changes, started_at=0.0, duration_seconds=0.01, first_byte_seconds=0.01)  # type: ignore[arg-type]


async def honest(request: web.Request) -> web.Response:
    return web.json_response({"predictions": [(await request.json())["inputs"][0][0]]})


async def failing(_: web.Request) -> web.Response:
    return web.json_response({"error": "overloaded"}, status=503)


async def babbling(_: web.Request) -> web.Response:
    return web.Response(text="<html>", content_type="application/json")


async def hanging(_: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


async def redirecting(request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"location": str(request.url.with_path("/elsewhere"))})


@dataclass
class Candidate:
    """A server with one behaviour. url: its address; seen: headers of the requests it got."""

    behave: Handler
    url: str = ""
    seen: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append({name.lower(): value for name, value in request.headers.items()})
        return await self.behave(request)


@contextlib.asynccontextmanager
async def candidate(behave: Handler) -> AsyncIterator[Candidate]:
    made = Candidate(behave)
    app = web.Application()
    app.router.add_post("/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


def offer(made: Mirroring, count: int, **changes: object) -> None:
    for number in range(count):
        made.mirror.offer(exchange(float(number % 7), **changes), "m", "1")


async def test_a_model_that_answers_the_same_is_proven_so() -> None:
    async with candidate(honest) as other, mirroring(other.url, forward_headers=("x-tenant",)) as made:
        offer(made, SCALE_ROWS + 300)
        assert await made.settled(SCALE_ROWS + 300) == {"learning": SCALE_ROWS, "compared": 300}
        (standing,) = made.mirror.book.standings()
    assert standing.result.verdict == "equivalent"
    assert all(headers[MARK] == "1" for headers in other.seen)


@pytest.mark.parametrize(
    ("behave", "outcome"),
    [(failing, "error"), (babbling, "undecodable"), (hanging, "no_answer"), (redirecting, "error")],
)
async def test_no_answer_to_compare_is_counted_and_proves_nothing(behave: Handler, outcome: str) -> None:
    patience = 0.2 if behave is hanging else ANSWER_SECONDS
    async with candidate(behave) as other, mirroring(other.url, timeout_seconds=patience) as made:
        offer(made, 8)
        assert await made.settled(8) == {outcome: 8}
        (standing,) = made.mirror.book.standings()
    assert standing.result.verdict == "unknown"
    assert len(other.seen) == 8, "no redirect was followed and nothing was asked twice"


@pytest.mark.parametrize(
    ("url", "changes"),
    [
        ("http://127.0.0.1:1", {}),
        ("http://127.0.0.1:1", {"allow_http": False}),
        ("http://169.254.169.254", {}),
        ("http://user:word@127.0.0.1:1", {}),
        ("http://127.0.0.1:1", {"allowed_hosts": ("other",)}),
        ("http://127.0.0.1:1", {"authorization_file": "/nowhere"}),
    ],
)
async def test_where_nobody_may_or_can_be_asked(url: str, changes: dict[str, object]) -> None:
    async with mirroring(url, **changes) as made:
        offer(made, 3)
        assert await made.settled(3) == {"no_answer": 3}


async def test_offering_never_waits_and_what_waits_is_bounded() -> None:
    async with candidate(hanging) as other, mirroring(other.url, max_waiting_bytes=20_000, concurrency=2) as made:
        offer(made, 10_000)
        assert made.outcomes["dropped"] > 9_900, "two hanging requests hold nothing up"
        await made.mirror.drain()
    assert made.outcomes == {"dropped": 10_000}, "also what waited or was under way in the end"


async def test_a_stop_lets_what_waits_finish() -> None:
    async with candidate(honest) as other, mirroring(other.url) as made:
        offer(made, 50)
        await made.mirror.drain()
        assert made.outcomes == {"learning": 50}
        offer(made, 1)
        assert made.outcomes == {"learning": 50, "dropped": 1}


async def test_mirrored_requests_and_what_cannot_be_mirrored() -> None:
    async with candidate(honest) as other, mirroring(other.url) as made:
        made.mirror.offer(exchange(request=Message(JSON | {MARK: "1"}, b"{}")), "m", "1")
        assert made.told == [], "a loop through this sidecar ends here"
        events = Message({"content-type": "text/event-stream"}, b"data: {}")
        for changes in ({"protocol": "grpc"}, {"status": 500}, {"response": events}):
            offer(made, 1, **changes)
        assert made.outcomes == {"unsupported": 3}
        offer(made, 1, protocol="http/2", chunk_seconds=(0.1, 0.2))
        assert await made.settled(4) == {"unsupported": 3, "learning": 1}, "an answer in pieces is no stream"


async def test_what_is_not_mirrored_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    async with mirroring("") as made:
        offer(made, 3, protocol="grpc")
        offer(made, 3)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "not mirrored: gRPC, without capture.shadow.grpc_url; this is said once",
        "not mirrored: HTTP, without capture.shadow.url; this is said once",
    ]


async def test_an_idle_connection_that_was_closed_costs_no_answer() -> None:
    async def closing(request: web.Request) -> web.Response:
        response = await honest(request)
        assert request.transport is not None
        asyncio.get_running_loop().call_later(0.02, request.transport.close)  # without a word in the answer
        return response

    async with candidate(closing) as other, mirroring(other.url, concurrency=1) as made:
        for number in range(3):
            offer(made, 1)
            await made.settled(number + 1)
            await asyncio.sleep(0.05)  # the length of the idle time, not a wait for something
    assert made.outcomes == {"learning": 3}


def test_the_share_and_the_pace_are_kept() -> None:
    now = [0.0]
    pace = Pace(10, clock=lambda: now[0])
    assert sum(pace.take() for _ in range(100)) == 10
    now[0] += 0.5
    assert sum(pace.take() for _ in range(100)) == 5
    slow = Pace(0.1, clock=lambda: now[0])
    assert [slow.take(), slow.take()] == [True, False]
