"""Random and damaged streams through the real relay, bytes compared at both ends: `make relay-streams`.

A stream is random bytes, or recorded traffic of real servers cut, mutated, repeated or begun midway; it is written in
pieces at random places, and so is the answer. The server answers with its own stream and the SHA-256 of what it got;
the client compares that with what it sent, and what it got with the SHA-256 of what was answered. Ends with 1 when a
byte differs, a stream is cut, or an exchange is not accounted for.
"""

import argparse
import asyncio
import contextlib
import hashlib
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import uvloop

from tests.support.relay_processes import Sidecar, sidecar

RECORDED = Path(__file__).parents[1] / "tests/data/wire"
CLIENTS = 64
MOST_BYTES = 20_000
PIECES = 6
ANSWER_SECONDS = 20.0
DIGEST_BYTES = hashlib.sha256().digest_size
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Streams:
    """Draws streams; seeded, so that a run can be repeated."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        files = sorted(path for path in RECORDED.rglob("*") if path.suffix in (".req", ".resp", ".h2"))
        self.recorded = [path.read_bytes()[:MOST_BYTES] for path in files]

    def draw(self) -> tuple[str, bytes]:
        """A stream of at least one byte, and what kind of stream it is."""
        kind = self.random.choice(("noise", "recorded", "mutated", "midway", "repeated", "http/2 and noise"))
        whole = self.random.choice(self.recorded)
        at = self.random.randrange(len(whole))
        if kind == "noise":
            return kind, self._noise()
        if kind == "mutated":
            return kind, whole[:at] + self._noise()[:8] + whole[at + 1 :]
        if kind == "midway":
            return kind, whole[at:]
        if kind == "repeated":
            return kind, whole * 2 + whole[: at + 1]
        return kind, PREFACE + self._noise() if kind == "http/2 and noise" else whole

    def pieces(self, stream: bytes) -> list[bytes]:
        cuts = sorted(self.random.randrange(len(stream) + 1) for _ in range(self.random.randrange(PIECES)))
        return [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    def _noise(self) -> bytes:
        return self.random.randbytes(self.random.randrange(1, MOST_BYTES))


class Trial:
    """Both ends of the streams and what came of them."""

    def __init__(self, seed: int) -> None:
        self.streams = Streams(seed)
        self.kinds: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.begun = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Once the client has sent all it wants: a stream, the SHA-256 of it, and the SHA-256 of what came."""
        with contextlib.suppress(ConnectionError):
            came = await reader.read(-1)
            _, stream = self.streams.draw()
            await self._write(writer, stream)
            writer.write(hashlib.sha256(stream).digest() + hashlib.sha256(came).digest())
            await writer.drain()
        writer.close()

    async def client(self, running: Sidecar, count: int) -> None:
        while self.begun < count:
            self.begun += 1
            kind, stream = self.streams.draw()
            self.kinds[kind] += 1
            try:
                problem = await asyncio.wait_for(self._one(running, stream), ANSWER_SECONDS)
            except (ConnectionError, TimeoutError) as error:
                problem = type(error).__name__
            if problem:
                self.wrong[f"{kind}: {problem}"] += 1

    async def _one(self, running: Sidecar, stream: bytes) -> str:
        reader, writer = await asyncio.open_connection(*running.address)
        await self._write(writer, stream)
        writer.write_eof()
        heard = await reader.read(-1)
        writer.close()
        answered, told = heard[: -2 * DIGEST_BYTES], heard[-2 * DIGEST_BYTES :]
        if told[DIGEST_BYTES:] != hashlib.sha256(stream).digest():
            return "the request came altered or cut"
        return "" if told[:DIGEST_BYTES] == hashlib.sha256(answered).digest() else "the answer came altered or cut"

    async def _write(self, writer: asyncio.StreamWriter, stream: bytes) -> None:
        for piece in self.streams.pieces(stream):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)


async def tried(folder: Path, count: int, seed: int) -> tuple[Trial, dict[str, int]]:
    """Run `count` streams; the trial and the sidecar's account."""
    trial = Trial(seed)
    server = await asyncio.start_server(trial.answer, "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    with sidecar(folder, f"127.0.0.1:{port}", capture={"sample_ratio": 0.1}) as running:
        clients = [asyncio.create_task(trial.client(running, count)) for _ in range(CLIENTS)]
        while not all(client.done() for client in clients):
            await asyncio.wait(clients, timeout=5)
            print(f"{trial.begun:,} streams, {sum(trial.wrong.values())} wrong", file=sys.stderr)
    server.close()
    return trial, running.account


async def main() -> int:
    parser = argparse.ArgumentParser(description="Random and damaged streams through the relay.")
    parser.add_argument("--streams", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        trial, account = await tried(Path(folder), options.streams, options.seed)
    accounted = sum(account[key] for key in ("sampled_out", "dropped", "analysed", "undecodable"))
    print(f"{sum(trial.kinds.values()):,} streams in {time.monotonic() - begun:.0f} s: {dict(trial.kinds)}")
    print(f"altered, cut or refused: {dict(trial.wrong) or 'none'}")
    print(f"exchanges received {account['received']:,}, accounted for {accounted:,}")
    return int(bool(trial.wrong) or account["received"] != accounted)


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
