"""gRPC calls mirrored to real servers of grpcio that answer well, badly, late, or not at all."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import grpc
import pytest

from sentinel.rollback.egress import Call, Egress, EgressError
from sentinel.shadow.book import SCALE_ROWS
from sentinel.shadow.grpc import grpc_session, health
from sentinel.traffic import Exchange
from tests.support.decode_grpc import V2
from tests.support.decode_wire import framed
from tests.support.rollback_receiver import certificate
from tests.support.shadow_grpc import asked, grpc_server, infer, infer_stream, predict, said
from tests.support.shadow_mirroring import Mirroring, mirroring

CALL_HEADERS = {"content-type": "application/grpc", "te": "trailers"}


def offer(made: Mirroring, exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
        made.mirror.offer(exchange, "m", "1")


def failing(_value: float) -> float:
    raise ValueError("no answer to this")


@pytest.mark.parametrize(
    "called", [infer, predict, lambda value: infer_stream([value, value + 1])], ids=["infer", "predict", "stream"]
)
@pytest.mark.parametrize(("added", "verdict"), [(0.0, "equivalent"), (100.0, "different")])
async def test_a_second_model_is_compared(called: Callable[[float], Exchange], added: float, verdict: str) -> None:
    with grpc_server(lambda value: value + added) as (address, service):
        async with mirroring("", grpc_url=f"http://{address}") as made:
            exchanges = [called(float(number % 7)) for number in range(SCALE_ROWS + 300)]
            offer(made, exchanges)
            outcomes = await made.settled(len(exchanges))
            (standing,) = made.mirror.book.standings()
    assert set(outcomes) == {"learning", "compared"}
    assert standing.result.verdict == verdict
    assert service.mirrored == len(exchanges), "each was asked once, and says what it is"
    timed = bool(standing.result.account.latency["candidate"])
    assert timed == (called in (infer, predict)), "the pace of a stream is its client's"


async def test_a_call_that_fails_or_is_late_is_counted() -> None:
    released = Event()
    with grpc_server(lambda value: failing(value) if value else float(released.wait(10))) as (address, _):
        async with mirroring("", grpc_url=f"http://{address}", timeout_seconds=0.5) as made:
            offer(made, [infer(1.0), infer(0.0)])
            assert await made.settled(2) == {"error": 1, "no_answer": 1}
            released.set()
            offer(made, [infer(1.0)])
            assert await made.settled(3) == {"error": 2, "no_answer": 1}, "the next one has a connection of its own"


async def test_http_and_grpc_go_to_their_own_addresses() -> None:
    with grpc_server(lambda value: value) as (address, _):
        async with mirroring("", grpc_url=f"http://{address}") as made:
            offer(made, [infer(1.0), replace(infer(1.0), protocol="http/2")])
            assert await made.settled(2) == {"learning": 1, "unsupported": 1}


async def test_a_server_that_was_restarted_costs_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as kept:  # finds a port that both lives can have
        port = kept.getsockname()[1]
    async with mirroring("", grpc_url=f"http://127.0.0.1:{port}", concurrency=1) as made:
        for life in range(2):
            with grpc_server(lambda value: value, port=port):
                offer(made, [infer(1.0)])
                await made.settled(life + 1)
    assert made.outcomes == {"learning": 2}


@pytest.mark.parametrize("size", [60_000, 70_000, 3 << 20])
async def test_calls_larger_than_any_window(size: int) -> None:
    body = framed(asked(2.0, b"x" * size))
    with grpc_server(lambda value: value) as (address, _):
        session = await grpc_session(Egress(allow_http=True), f"http://{address}")
        for _ in range(8):  # what a call took of the connection's window comes back
            reply = await session.exchange(Call("POST", f"http://{address}{V2}", CALL_HEADERS, body))
            assert (reply.status, reply.headers["grpc-status"], reply.body) == (200, "0", framed(said(2.0)))
        await session.close()


async def test_of_a_long_answer_no_more_is_read_than_is_wanted() -> None:
    call = infer_stream([float(number) for number in range(4000)])
    with grpc_server(lambda value: value) as (address, _):
        session, url = await grpc_session(Egress(allow_http=True), f"http://{address}"), f"http://{address}"
        for most in (1000, 1000, 8 << 20):
            reply = await session.exchange(
                Call("POST", f"{url}{call.target}", CALL_HEADERS, call.request.body, most_answer_bytes=most)
            )
            assert len(reply.body) == min(most, len(call.response.body))
        await session.close()


async def test_over_tls(tmp_path: Path) -> None:
    certificate(tmp_path, "localhost")
    key, chain = (tmp_path / f"localhost.{kind}" for kind in ("key", "pem"))
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), chain.read_bytes())])
    with grpc_server(lambda value: value, credentials) as (address, _):
        url = f"https://localhost:{address.rpartition(':')[2]}"
        assert await health(Egress(allow_http=True, ca_file=str(chain)), url) == "12", "knows no health service"
        with pytest.raises(EgressError, match="CERTIFICATE_VERIFY_FAILED"):
            await health(Egress(allow_http=True), url)


@pytest.mark.parametrize("said_first", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\0" * 64])
async def test_a_server_that_speaks_something_else_is_no_answer(said_first: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said_first)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, mirroring("", grpc_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as made:
        offer(made, [infer(1.0), infer(1.0)])
        assert await made.settled(2) == {"no_answer": 2}
