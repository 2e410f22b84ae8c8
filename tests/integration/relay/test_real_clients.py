"""Real clients and servers through the relay: grpcio, a WebSocket library, httpx, curl, server-sent events."""

import asyncio
import gzip
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import websockets
from aiohttp import web

from tests.support.relay_processes import Sidecar, sidecar, wait_for

ALL = {"sample_ratio": 1.0, "max_samples_per_second": 1e6}
RAW = {"request_deserializer": bytes, "response_serializer": bytes}


class Service(grpc.GenericRpcHandler):
    """Methods named by what they do with the bytes they get."""

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        handlers = {
            "/t.T/Echo": grpc.unary_unary_rpc_method_handler(lambda request, _: request, **RAW),
            "/t.T/Fail": grpc.unary_unary_rpc_method_handler(self.fail, **RAW),
            "/t.T/Sleep": grpc.unary_unary_rpc_method_handler(self.sleep, **RAW),
            "/t.T/Count": grpc.unary_stream_rpc_method_handler(self.count, **RAW),
            "/t.T/Join": grpc.stream_unary_rpc_method_handler(lambda requests, _: b"".join(requests), **RAW),
            "/t.T/Talk": grpc.stream_stream_rpc_method_handler(lambda requests, _: (r for r in requests), **RAW),
        }
        return handlers.get(call.method)

    @staticmethod
    def fail(request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode(next(c.value for c in grpc.StatusCode if c.value[0] == int(request))), "no")
        return b""

    @staticmethod
    def sleep(request: bytes, context: grpc.ServicerContext) -> bytes:
        while context.is_active():
            context.add_callback(lambda: None)
            if not context.is_active():
                break
            wait_for(lambda: not context.is_active(), "the client's deadline")
        return request

    @staticmethod
    def count(request: bytes, _: grpc.ServicerContext) -> Iterator[bytes]:
        return (b"%d" % number for number in range(int(request)))


@pytest.fixture
def grpc_server() -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers((Service(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def grpc_exchanges(running: Sidecar) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for seen in running.heard("exchange"):
        found.setdefault(seen["target"].removeprefix("/t.T/"), []).append(seen)
    return found


def test_grpcio_unary_streams_compression_errors_and_deadlines(tmp_path: Path, grpc_server: str) -> None:
    big = bytes(range(256)) * 4000
    with sidecar(tmp_path, grpc_server, capture=ALL) as running:
        host, port = running.address
        options = [("grpc.max_receive_message_length", -1)]
        with grpc.insecure_channel(f"{host}:{port}", options=options) as channel:
            echo = channel.unary_unary("/t.T/Echo")
            for size in (0, 1, 1000, 100_000):
                assert echo(big[:size], timeout=120) == big[:size]
            assert echo(b"z" * 10_000, compression=grpc.Compression.Gzip, timeout=120) == b"z" * 10_000
            assert [*channel.unary_stream("/t.T/Count")(b"50", timeout=120)] == [b"%d" % n for n in range(50)]
            assert channel.stream_unary("/t.T/Join")(iter([b"a", b"b", b"c"]), timeout=120) == b"abc"
            assert [*channel.stream_stream("/t.T/Talk")(iter([b"x", b"y"]), timeout=120)] == [b"x", b"y"]
            for status in (3, 5, 13, 14):
                with pytest.raises(grpc.RpcError) as failed:
                    channel.unary_unary("/t.T/Fail")(b"%d" % status, timeout=120)
                assert failed.value.code().value[0] == status
            with pytest.raises(grpc.RpcError) as late:
                channel.unary_unary("/t.T/Sleep")(b"", timeout=0.2)
            assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            concurrent = [echo.future(b"%d" % n, timeout=120) for n in range(200)]
            assert [call.result() for call in concurrent] == [b"%d" % n for n in range(200)]
        codes = {
            (route["path"], code): count
            for route, traffic in wait_for(
                lambda: (
                    running.heard("summary")
                    and running.heard("summary")[-1]["received"] == 213
                    and running.heard("summary")[-1]["routes"]
                ),
                "all counts",
            )
            for code, count in traffic["codes"].items()
        }
    assert codes == {
        ("/t.T/Echo", "2xx"): 205, ("/t.T/Count", "2xx"): 1, ("/t.T/Join", "2xx"): 1, ("/t.T/Talk", "2xx"): 1,
        ("/t.T/Fail", "4xx"): 2, ("/t.T/Fail", "5xx"): 2, ("/t.T/Sleep", "timeout"): 1,
    }  # fmt: skip
    seen = grpc_exchanges(running)
    assert {len(one["request"]["body"]) for one in seen["Echo"]} >= {5, 6, 1005, 100_005}
    packed = next(one for one in seen["Echo"] if one["request"]["headers"].get("grpc-encoding") == "gzip")
    assert gzip.decompress(packed["request"]["body"].encode("latin-1")[5:]) == b"z" * 10_000
    assert sorted(one["grpc_status"] for one in seen["Fail"]) == [3, 5, 13, 14]
    assert seen["Join"][0]["request"]["body"] == "".join(f"\0\0\0\0\x01{letter}" for letter in "abc")
    assert running.account["received"] == 213
    assert running.account["analysed"] + running.account["undecodable"] == 213


async def serve_web(handler: Any, path: str = "/{tail:.*}") -> tuple[web.AppRunner, str]:
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", path, handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"127.0.0.1:{runner.addresses[0][1]}"


async def test_a_websocket_talks_through(tmp_path: Path) -> None:
    async def echo(connection: websockets.ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with sidecar(tmp_path, address, capture=ALL) as running:
            host, port = running.address
            async with websockets.connect(f"ws://{host}:{port}/talk") as client:
                for message in ("hello", "x" * 200_000, b"\x00\xff" * 1000):
                    await client.send(message)
                    assert await client.recv() == message
    assert [seen["status"] for seen in running.heard("exchange")] == [101]
    assert running.heard("summary")[-1]["opaque"] == {"upgrade": 1}


async def test_httpx_keeps_alive_posts_and_streams(tmp_path: Path) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path != "/events":
            return web.json_response({"got": len(await request.read()), "method": request.method})
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        for number in range(5):
            await answer.write(b"data: %d\n\n" % number)
            await asyncio.sleep(0.01)
        return answer

    runner, address = await serve_web(handle)
    with sidecar(tmp_path, address, capture=ALL) as running:
        host, port = running.address
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=120) as client:
            for size in (0, 10, 300_000):
                assert (await client.post("/v2/models/m/infer", content=b"x" * size)).json()["got"] == size
            assert (await client.head("/v2/health/ready")).status_code == 200
            parts = (bytes([n]) * 1000 for n in range(5))

            async def chunks() -> Any:
                for part in parts:
                    yield part

            assert (await client.post("/chunked", content=chunks())).json()["got"] == 5000
            async with client.stream("GET", "/events") as stream:
                assert [line async for line in stream.aiter_lines() if line] == [f"data: {n}" for n in range(5)]
    await runner.cleanup()
    seen = {one["target"]: one for one in running.heard("exchange")}
    assert len(running.heard("exchange")) == 6
    assert len(seen["/events"]["chunk_seconds"]) >= 5
    assert seen["/chunked"]["request"]["body"] == b"".join(bytes([n]) * 1000 for n in range(5)).decode("latin-1")
    assert sum(running.heard("summary")[-1]["routes"][-1][1]["gaps"].values()) >= 4


async def test_curl_expects_and_uploads(tmp_path: Path) -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.Response(body=(await request.read())[::-1])

    runner, address = await serve_web(handle)
    body = tmp_path / "body"
    body.write_bytes(bytes(range(256)) * 5000)
    with sidecar(tmp_path, address, capture=ALL) as running:
        host, port = running.address
        command = ["curl", "-sS", "--fail", "-H", "Expect: 100-continue", "--data-binary", f"@{body}"]
        curl = await asyncio.create_subprocess_exec(*command, f"http://{host}:{port}/up", stdout=subprocess.PIPE)
        output, _ = await curl.communicate()
    await runner.cleanup()
    assert output == body.read_bytes()[::-1]
    assert running.account["received"] == 1
