"""HTTP/2 and gRPC stacks other than grpcio through the relay: bytes are equal, and exchanges are what was asked."""

import asyncio
import hashlib
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from grpclib.client import Channel, StreamStreamMethod, UnaryUnaryMethod
from grpclib.const import Cardinality, Handler, Status
from grpclib.encoding.base import CodecBase
from grpclib.exceptions import GRPCError
from grpclib.server import Server

from tests.support import proxies
from tests.support.ports import free_port
from tests.support.relay_processes import Sidecar, sidecar, wait_for
from tests.support.served import served
from tests.support.tools import need

ALL = {"sample_ratio": 1.0, "max_samples_per_second": 1e6}
BODIES = (b"", b"x", bytes(range(256)) * 300, b"long" * 100_000)
CALLS = 1000
ANSWER_SECONDS = 20.0


async def echo(request: web.Request) -> web.Response:
    """What was sent, and the digest of it in a header."""
    body = await request.read()
    headers = {"x-sha256": hashlib.sha256(body).hexdigest()}
    return web.Response(body=body, status=int(request.headers.get("x-want", "200")), headers=headers)


@pytest.fixture
async def http2_server(tmp_path: Path) -> AsyncIterator[str]:
    """NGINX speaks HTTP/2 in clear text; what it answers is made behind it."""
    application = web.Application(client_max_size=1 << 26)
    application.router.add_route("*", "/{tail:.*}", echo)
    async with served(application) as origin:
        running = proxies.nginx_http2(tmp_path, origin)
        port = await asyncio.to_thread(running.__enter__)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


def seen(running: Sidecar, count: int) -> list[dict[str, Any]]:
    """The recorded exchanges, once there are so many."""
    wait_for(lambda: len(running.heard("exchange")) >= count, f"{count} exchanges")
    return running.heard("exchange")


async def heard(running: Sidecar, count: int) -> list[dict[str, Any]]:
    return await asyncio.to_thread(seen, running, count)


async def output_of(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0, output
    return output.decode("latin-1")


async def test_httpx_with_prior_knowledge(tmp_path: Path, http2_server: str) -> None:
    with sidecar(tmp_path, http2_server, capture=ALL) as running:
        host, port = running.address
        at = f"http://{host}:{port}"
        async with httpx.AsyncClient(http1=False, http2=True, timeout=ANSWER_SECONDS) as client:
            for number, body in enumerate(BODIES):
                answer = await client.post(f"{at}/one/{number}?q=1", content=body)
                assert (answer.http_version, answer.content) == ("HTTP/2", body)
            many = await asyncio.gather(*(client.post(f"{at}/many", content=b"%d" % n) for n in range(100)))
            assert [one.content for one in many] == [b"%d" % n for n in range(100)]
            assert (await client.get(f"{at}/teapot", headers={"x-want": "418"})).status_code == 418
        exchanges = await heard(running, len(BODIES) + 101)
    ones = {one["target"]: one for one in exchanges}
    for number, body in enumerate(BODIES):
        one = ones[f"/one/{number}?q=1"]
        assert (one["protocol"], one["method"], one["status"]) == ("http/2", "POST", 200)
        assert one["request"]["body"] == one["response"]["body"] == body.decode("latin-1")
        assert one["response"]["headers"]["x-sha256"] == hashlib.sha256(body).hexdigest()
    assert ones["/teapot"]["status"] == 418
    many_bodies = sorted(one["request"]["body"] for one in exchanges if one["target"] == "/many")
    assert many_bodies == sorted(str(n) for n in range(100))
    assert running.account["received"] == running.account["analysed"] == len(BODIES) + 101


async def test_curl_with_prior_knowledge(tmp_path: Path, http2_server: str) -> None:
    body = tmp_path / "body"
    body.write_bytes(BODIES[3])
    with sidecar(tmp_path, http2_server, capture=ALL) as running:
        host, port = running.address
        asked = ("--http2-prior-knowledge", "-sS", "--fail", "--data-binary", f"@{body}")
        answer = await output_of(need("curl"), *asked, f"http://{host}:{port}/up")
        head = await output_of(need("curl"), "--http2-prior-knowledge", "-sS", "--head", f"http://{host}:{port}/head")
        exchanges = await heard(running, 2)
    assert answer.encode("latin-1") == BODIES[3]
    assert head.startswith("HTTP/2 200")
    told = [(one["protocol"], one["method"], one["target"], len(one["response"]["body"])) for one in exchanges]
    assert told == [("http/2", "POST", "/up", len(BODIES[3])), ("http/2", "HEAD", "/head", 0)]


async def test_h2load_counts(tmp_path: Path, http2_server: str) -> None:
    """Every request of many streams on several connections is counted, with its body's bytes."""
    body = tmp_path / "body"
    body.write_bytes(bytes(100))
    with sidecar(tmp_path, http2_server, capture=ALL | {"sample_ratio": 0.1}) as running:
        host, port = running.address
        asked = ("-n", str(CALLS), "-c", "3", "-m", "10", "-d", str(body))
        told = await output_of(need("h2load"), *asked, f"http://{host}:{port}/load")
        await asyncio.to_thread(wait_for, lambda: counted(running, "/load") == {"2xx": CALLS}, "all counts")
        exchanges = running.heard("exchange")
    assert re.search(rf"{CALLS} succeeded, 0 failed, 0 errored", told)
    assert {(one["request"]["body"], one["response"]["body"]) for one in exchanges} == {("\0" * 100, "\0" * 100)}
    account = running.account
    assert account["received"] == CALLS == account["sampled_out"] + account["analysed"] + account["dropped"]


def counted(running: Sidecar, path: str) -> dict[str, int]:
    summaries = running.heard("summary")
    routes = [traffic for route, traffic in summaries[-1]["routes"] if route["path"] == path] if summaries else []
    return routes[0]["codes"] if routes else {}


class Raw(CodecBase):
    """Messages of grpclib as the bytes that they are."""

    __content_subtype__ = "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:
        return bytes(message)

    def decode(self, data: bytes, message_type: Any) -> bytes:
        return data


class Service:
    """Methods of grpclib's server."""

    async def echo(self, stream: Any) -> None:
        message = await stream.recv_message()
        if message == b"no":
            raise GRPCError(Status.NOT_FOUND, "no")
        await stream.send_message(message)

    async def talk(self, stream: Any) -> None:
        async for message in stream:
            await stream.send_message(message[::-1])

    def __mapping__(self) -> dict[str, Handler]:
        return {
            "/l.L/Echo": Handler(self.echo, Cardinality.UNARY_UNARY, bytes, bytes),
            "/l.L/Talk": Handler(self.talk, Cardinality.STREAM_STREAM, bytes, bytes),
        }


@pytest.fixture
async def grpclib_server() -> AsyncIterator[str]:
    server, port = Server([Service()], codec=Raw()), free_port()
    await server.start("127.0.0.1", port)
    yield f"127.0.0.1:{port}"
    server.close()
    await server.wait_closed()


async def test_grpclib_unary_streams_and_errors(tmp_path: Path, grpclib_server: str) -> None:
    with sidecar(tmp_path, grpclib_server, capture=ALL) as running:
        host, port = running.address
        async with Channel(host, port, codec=Raw()) as channel:
            ask = UnaryUnaryMethod(channel, "/l.L/Echo", bytes, bytes)
            for body in BODIES:
                assert await ask(body, timeout=ANSWER_SECONDS) == body
            with pytest.raises(GRPCError, match="NOT_FOUND"):
                await ask(b"no", timeout=ANSWER_SECONDS)
            many = await asyncio.gather(*(ask(b"%d" % n, timeout=ANSWER_SECONDS) for n in range(100)))
            assert many == [b"%d" % n for n in range(100)]
            talk = StreamStreamMethod(channel, "/l.L/Talk", bytes, bytes)
            assert await talk([b"ab", b"cd"], timeout=ANSWER_SECONDS) == [b"ba", b"dc"]
        exchanges = await heard(running, len(BODIES) + 102)
    calls = [one for one in exchanges if one["target"] == "/l.L/Echo"]
    assert {one["protocol"] for one in exchanges} == {"grpc"}
    assert sorted(one["grpc_status"] for one in calls) == [0] * (len(BODIES) + 100) + [Status.NOT_FOUND.value]
    assert {one["request"]["body"] for one in calls} >= {framed(body) for body in BODIES}
    assert all(one["request"]["body"] == one["response"]["body"] for one in calls if one["grpc_status"] == 0)
    (talked,) = (one for one in exchanges if one["target"] == "/l.L/Talk")
    assert (talked["request"]["body"], talked["response"]["body"]) == (framed(b"ab", b"cd"), framed(b"ba", b"dc"))
    assert running.account["received"] == running.account["analysed"] == len(BODIES) + 102


def framed(*messages: bytes) -> str:
    return b"".join(b"\0" + len(one).to_bytes(4, "big") + one for one in messages).decode("latin-1")
