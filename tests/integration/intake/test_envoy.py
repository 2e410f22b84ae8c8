"""A real Envoy with the filter that `sentinel intake envoy` prints: it tells what passed, and it never waits."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx
import pytest
from aiohttp import web

from sentinel.intake import snippets
from sentinel.intake.envoy import EnvoyIntake, Limits, open_server
from sentinel.intake.push import Pushed
from sentinel.traffic import Exchange
from tests.support import proxies
from tests.support.intake_load import Load, analysed, observer_of
from tests.support.model_stub import model_stub
from tests.support.ports import free_port
from tests.support.processes import wait_until
from tests.support.sidecar_process import Sidecar, configuration, running

BIG, TOO_BIG = 900_000, 1_500_000
DEADLINE_SECONDS = 20.0


@dataclass
class Told:
    port: int
    exchanges: list[Exchange] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    def by_target(self) -> dict[str, Exchange]:
        return {one.target: one for one in self.exchanges}


@contextlib.asynccontextmanager
async def intake() -> AsyncIterator[Told]:
    """An intake that keeps what it is told."""
    told = Told(free_port())
    pushed = Pushed(told.exchanges.append, told.lost.append, told.lost.append, told.ratios.append)
    close = await open_server(EnvoyIntake(pushed, Limits(1024, 64 << 20, 1 << 20)), "127.0.0.1", told.port)
    try:
        yield told
    finally:
        close()


@contextlib.asynccontextmanager
async def before(folder: Path, upstream: str, told: Told, *, http2: bool = False) -> AsyncIterator[int]:
    """Envoy before an upstream, telling all; its port."""
    running = proxies.envoy(folder, upstream, snippets.envoy("127.0.0.1", told.port, 1.0, ""), http2=http2)
    port = await asyncio.to_thread(running.__enter__)
    try:
        yield port
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def until(condition: Callable[[], bool], what: str) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for comes from another process
            await asyncio.sleep(0.01)


async def answer(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    if request.path == "/events":
        stream = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await stream.prepare(request)
        for number in range(5):
            await stream.write(b"data: %d\n\n" % number)
            await asyncio.sleep(0.01)
        return stream
    return web.Response(body=body[::-1], status=int(request.query.get("status", "200")))


@pytest.fixture
async def model() -> AsyncIterator[str]:
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_exchanges_are_what_passed(tmp_path: Path, model: str) -> None:
    big = bytes(range(256)) * (BIG // 256)
    asked = {"/a?x=1": b"hello", "/empty": b"", "/big": big, "/too-big": bytes(TOO_BIG), "/bad?status=503": b"e"}
    async with intake() as told, before(tmp_path, model, told) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=DEADLINE_SECONDS) as client:
            for target, body in asked.items():
                assert (await client.post(target, content=body)).content == body[::-1]
            await client.head("/head")
            assert (await client.get("/events")).text.count("data:") == 5
        await until(lambda: len(told.exchanges) == len(asked) + 2, "all exchanges")
    found = told.by_target()
    assert (told.lost, set(told.ratios)) == ([], {1.0})
    for target in ("/a?x=1", "/empty", "/big"):
        exchange, body = found[target], asked[target]
        assert (exchange.status, exchange.request.body, exchange.response.body) == (200, body, body[::-1])
        assert 0 < exchange.first_byte_seconds <= exchange.duration_seconds
    assert found["/too-big"].request.truncated
    assert found["/too-big"].response.truncated
    assert found["/bad?status=503"].status == 503
    assert (found["/head"].method, found["/head"].response.body) == ("HEAD", b"")
    assert found["/events"].response.body.count(b"data:") == 5
    assert found["/events"].duration_seconds >= 0.04  # it slept that long


async def test_a_model_that_is_away_is_told_as_envoy_answers_it(tmp_path: Path) -> None:
    async with intake() as told, before(tmp_path, f"127.0.0.1:{free_port()}", told) as port:
        async with httpx.AsyncClient() as client:
            assert (await client.post(f"http://127.0.0.1:{port}/x", content=b"y")).status_code == 503
        await until(lambda: bool(told.exchanges), "the exchange")
    assert [(one.target, one.status) for one in told.exchanges] == [("/x", 503)]


class Echo(grpc.GenericRpcHandler):
    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        def serve(request: bytes, context: grpc.ServicerContext) -> bytes:
            if request == b"no":
                context.abort(grpc.StatusCode.NOT_FOUND, "no")
            return request

        return grpc.unary_unary_rpc_method_handler(serve, bytes, bytes)


@pytest.fixture
def grpc_model() -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((Echo(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


async def test_grpc_calls_with_their_status(tmp_path: Path, grpc_model: str) -> None:
    async with intake() as told, before(tmp_path, grpc_model, told, http2=True) as port:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            echo = channel.unary_unary("/a.B/Echo")
            assert await echo(b"yes", timeout=DEADLINE_SECONDS) == b"yes"
            with pytest.raises(grpc.RpcError):
                await echo(b"no", timeout=DEADLINE_SECONDS)
        await until(lambda: len(told.exchanges) == 2, "both calls")
    assert [(one.protocol, one.target, one.grpc_status) for one in told.exchanges] == [
        ("grpc", "/a.B/Echo", 0),
        ("grpc", "/a.B/Echo", 5),
    ]
    assert told.exchanges[0].request.body == told.exchanges[0].response.body == b"\0\0\0\0\x03yes"


def test_no_request_fails_whatever_becomes_of_the_sidecar(tmp_path: Path) -> None:
    port = free_port()
    with model_stub() as stub:
        document = configuration(tmp_path, stub.address, envoy={"listen": f"127.0.0.1:{port}"})
        with (
            proxies.envoy(tmp_path, stub.address, snippets.envoy("127.0.0.1", port, 1.0, "")) as front,
            Load(front, 2) as load,
        ):
            load.more(50)  # nobody listens yet
            with running(tmp_path, document) as sidecar:
                wait_until(lambda: analysed(sidecar) > 50, "exchanges of Envoy to be analysed")
                observer = observer_of(sidecar)
                os.kill(observer, signal.SIGSTOP)
                load.more(300)
                os.kill(observer, signal.SIGKILL)
                load.more(100)
                wait_until(lambda: observer_of(sidecar) != observer, "another observer")
                wait_until(lambda: analysed(sidecar) > 50, "exchanges to be analysed again")
                outcomes = sidecar.metrics("sentinel_exchanges_total", "outcome")
                assert sidecar.total("sentinel_sender_sample_ratio") == 1.0
            load.more(100)
    assert load.failed == []
    assert outcomes["undecodable"] == 0


def test_what_was_sampled_is_received_and_adds_up(tmp_path: Path) -> None:
    """Half of the requests, chosen by Envoy: within six standard deviations of it."""
    port, asked = free_port(), 400
    fewest, most = (asked / 2 + sign * 6 * (asked / 4) ** 0.5 for sign in (-1, 1))
    with model_stub() as stub:
        document = configuration(tmp_path, stub.address, envoy={"listen": f"127.0.0.1:{port}"})
        snippet = snippets.envoy("127.0.0.1", port, 0.5, "")
        with running(tmp_path, document) as sidecar:
            with proxies.envoy(tmp_path, stub.address, snippet) as front, Load(front, 1) as load:
                load.more(asked)
            wait_until(lambda: adds_up(sidecar, fewest), "the counts to add up")
            assert sidecar.total("sentinel_exchanges_received_total") < most + load.answered - asked
            assert sidecar.total("sentinel_sender_sample_ratio") == 0.5


def adds_up(sidecar: Sidecar, fewest: float) -> bool:
    outcomes = sidecar.metrics("sentinel_exchanges_total", "outcome")
    codes = sidecar.metrics("sentinel_requests_total", "code")
    timed = sidecar.total("sentinel_request_duration_seconds_count")
    received = sidecar.total("sentinel_exchanges_received_total")
    return received > fewest and outcomes["analysed"] == sum(outcomes.values()) == received == codes["2xx"] == timed
