"""Streams of server-sent events: `relay_sse.py serve PORT` sends, `relay_sse.py hear PORT SECONDS` measures the delay.

Every event carries the time at which it was sent, so its delay is known to the microsecond; both ends are on one
machine.
"""

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

STREAMS = 250
EVENTS_PER_SECOND = 100  # of each stream: 25,000 chunks a second in all
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        while True:
            event = b"data: %d\n\n" % time.monotonic_ns()
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await asyncio.sleep(1 / EVENTS_PER_SECOND)
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.close()


async def serve(port: int) -> None:
    server = await asyncio.start_server(stream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


class Hearing(asyncio.Protocol):
    """Notes the delay of each event."""

    def __init__(self, delays: list[int]) -> None:
        self._delays = delays

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(b"GET /events HTTP/1.1\r\nHost: h\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        for part in data.split(b"data: ")[1:]:
            self._delays.append(now - int(part[: part.index(b"\n")]))


async def hear(port: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    delays: list[int] = []
    streams = [await loop.create_connection(lambda: Hearing(delays), "127.0.0.1", port) for _ in range(STREAMS)]
    await asyncio.sleep(0.3)
    delays.clear()
    await asyncio.sleep(seconds)
    for transport, _ in streams:
        transport.abort()
    delays.sort()
    print(json.dumps({"events": len(delays), "p50_us": delays[len(delays) // 2] / 1000}))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        uvloop.run(serve(int(sys.argv[2])))
    else:
        uvloop.run(hear(int(sys.argv[2]), float(sys.argv[3])))
