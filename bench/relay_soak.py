"""Minutes of mixed traffic and faults through one sidecar: `python -m bench.relay_soak [--minutes 3]`.

Keep-alive requests of 1 KB, bodies of 1 MB, streams of random bytes whose echo must be the same, connections opened and
dropped; every 20 s the observer or one of two workers is killed. Ends with 1 when a byte differs, an
exchange is not accounted for, a request fails at another time than a worker's death, or the memory of a worker grows.
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from tests.support.relay_processes import Sidecar, sidecar

FAULT_SECONDS = 20.0
GROWTH = 1.05  # last third of the readings over the second third
SMALL, LARGE = b"x" * 1024, b"y" * (1 << 20)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers `POST` with a short answer, sends anything else back as it came."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while first := await reader.read(65536):
            if not first.startswith(b"POST"):
                writer.write(first)
                await writer.drain()
                continue
            while b"\r\n\r\n" not in first:
                first += await reader.read(65536)
            head, _, body = first.partition(b"\r\n\r\n")
            await reader.readexactly(int(head.rpartition(b": ")[2]) - len(body))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    writer.close()


class Soak:
    """The clients and what they saw."""

    def __init__(self, running: Sidecar, random_: random.Random) -> None:
        self.running = running
        self.random = random_
        self.done: Counter[str] = Counter()
        self.failed: list[float] = []
        self.wrong = 0

    async def keep(self, client: Callable[[], Awaitable[None]], until: float) -> None:
        """Run a client again and again; a broken connection is noted with its time."""
        while time.monotonic() < until:
            try:
                await client()
            except (ConnectionError, asyncio.IncompleteReadError):
                self.failed.append(time.monotonic())

    async def requests(self, body: bytes, count: int, pause: float) -> None:
        reader, writer = await asyncio.open_connection(*self.running.address)
        for _ in range(count):
            head = b"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body)
            writer.write(head + body)
            await reader.readexactly(len(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
            self.done["requests"] += 1
            await asyncio.sleep(pause)
        writer.close()

    async def randomness(self) -> None:
        reader, writer = await asyncio.open_connection(*self.running.address)
        sent = b"\0" + self.random.randbytes(self.random.randrange(1, 20_000))
        writer.write(sent)
        self.wrong += await reader.readexactly(len(sent)) != sent
        self.done["random streams"] += 1
        writer.close()

    async def churn(self) -> None:
        _, writer = await asyncio.open_connection(*self.running.address)
        writer.close()
        self.done["connections dropped"] += 1
        await asyncio.sleep(0.005)


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def soak(running: Sidecar, seconds: float) -> tuple[Soak, list[float], list[float]]:
    """The clients' notes, memory readings of relay-1 (never killed), and when something was killed."""
    until = time.monotonic() + seconds
    work = Soak(running, random.Random(1))
    clients: list[Callable[[], Awaitable[None]]] = [
        *[lambda: work.requests(SMALL, 200, 0.005)] * 8,
        lambda: work.requests(LARGE, 20, 0.1),
        *[work.randomness] * 4,
        work.churn,
    ]
    tasks = [asyncio.create_task(work.keep(client, until)) for client in clients]
    readings, kills = [], []
    next_fault, steady = time.monotonic() + FAULT_SECONDS, running.pid("relay-1")
    while time.monotonic() < until:
        await asyncio.sleep(1)
        readings.append(resident_mb(steady))
        if time.monotonic() > next_fault:
            os.kill(running.pid(("observer", "relay-0")[len(kills) % 2]), signal.SIGKILL)
            kills.append(time.monotonic())
            next_fault += FAULT_SECONDS
        if len(readings) % 10 == 0:
            shown = f"{len(readings):4d} s  {readings[-1]:.1f} MB  {dict(work.done)}  broken {len(work.failed)}"
            print(shown, flush=True)
    await asyncio.gather(*tasks)
    return work, readings, kills


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    options = parser.parse_args()
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024, limit=1 << 22)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        with sidecar(Path(folder), address, process={"workers": 2}) as running:
            work, readings, kills = await soak(running, 60 * options.minutes)
        account = running.account
    third = len(readings) // 3
    middle, last = statistics.median(readings[third : 2 * third]), statistics.median(readings[2 * third :])
    print(f"memory of the worker that lived: {middle:.1f} MB in the second third, {last:.1f} MB in the last")
    print(f"{dict(work.done)}, {len(work.failed)} broken connections, {len(kills)} kills; account: {account}")
    if last > GROWTH * middle:
        problems.append("memory grew")
    if work.wrong:
        problems.append(f"{work.wrong} streams came back altered")
    if account["received"] != sum(account[key] for key in ("sampled_out", "dropped", "analysed", "undecodable")):
        problems.append("the account does not balance")
    if any(all(not 0 <= at - kill < 1 for kill in kills) for at in work.failed):
        problems.append("connections broke while nothing was killed")
    print("; ".join(problems) or "all well")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
