"""A relay worker: `python -m sentinel.relay.worker`, started by the supervisor with inherited sockets.

Accepts on the shared listening sockets, makes a pair of connections for each client, sends counts once a second, beats
its heart in the ledger, and drains on SIGTERM. Imports the standard library, uvloop and sentinel.traffic only.
"""

import asyncio
import gc
import itertools
import resource
import signal
import socket
import sys
import time
from typing import Any

import uvloop

from sentinel.relay import tls
from sentinel.relay.backlog import Backlog
from sentinel.relay.connection import Pair
from sentinel.relay.detection import FOLLOWED, Detection
from sentinel.relay.following import Follower, Opaque, Tracker
from sentinel.relay.options import BACKLOG, Listener, WorkerOptions
from sentinel.relay.sampler import Sampler
from sentinel.relay.sending import Sender
from sentinel.relay.tally import Tally
from sentinel.relay.unseen import Unseen
from sentinel.traffic import channel
from sentinel.traffic.ledger import (
    CONNECTIONS_OPEN,
    CONNECTIONS_REFUSED,
    CONNECTIONS_TOTAL,
    HEARTBEAT_NS,
    READY,
    UPSTREAM_FAILURES,
    Ledger,
)

HEARTBEAT_SECONDS = 0.25
REPORT_SECONDS = 1.0
QUIET_SECONDS = 0.5  # a whole answer that was quiet for so long is counted without waiting for the next request
DRAIN_ACCEPT_SECONDS = 0.1  # connections that wait in the listening sockets are still served
DRAIN_LOOK_SECONDS = 0.05
DRAIN_QUIET_SECONDS = 0.02
DRAIN_FRESH_SECONDS = 1.0  # a client that has just connected is about to ask something
ROUTES_PER_MESSAGE = 16  # some kB each; a message must fit the channel, and encoding must not hold up the bytes
LONGEST_WORD_BYTES = 64  # of the observer on the channel
HEAD_ROOM_BYTES = 64 << 10  # kept of a sampled message besides its body
_GC_THRESHOLD = 20_000  # connections free themselves (Pair.release); looking for other garbage often costs latency


class Worker:
    """One life of one worker. `run` returns when drained."""

    def __init__(self, options: WorkerOptions, loop: asyncio.AbstractEventLoop) -> None:
        self._options = options
        self._loop = loop
        self._cells = Ledger(options.ledger).cells(options.slot)
        self._channel = socket.socket(fileno=options.channel)
        self._channel.setblocking(False)
        self._sender = Sender(self._channel, self._cells, options.slot)
        self._tally = Tally()
        self._opaque_changed = True
        self._pairs: dict[int, Pair] = {}  # open connections by number
        self._numbers = itertools.count()
        self.backlog = Backlog(options.max_buffered_bytes, self._cells)
        self.unseen = Unseen(self._cells)
        self._places = [_place(listener) for listener in options.listeners]
        self._servers: list[asyncio.Server] = []
        self._stopping = asyncio.Event()
        self._unsent: list[bytes] = []
        wall = time.time() - time.monotonic()
        self._follower = Follower(
            cells=self._cells,
            tally=self._tally,
            sampler=Sampler(options.sample_ratio, options.max_samples_per_second, options.seed),
            room_bytes=options.max_body_bytes + HEAD_ROOM_BYTES,
            hand=self._hand,
            wall=lambda monotonic: wall + monotonic,
        )

    async def run(self) -> None:
        """Serve until told to stop, then drain."""
        for number, listener in enumerate(self._options.listeners):
            server = await self._loop.create_server(
                lambda number=number: self._pair(number).client,
                sock=socket.socket(fileno=listener.socket),
                backlog=BACKLOG,
                ssl=tls.server_context(listener),
            )
            self._servers.append(server)
        self._loop.add_reader(self._options.lifeline, self._stopping.set)
        self._loop.add_reader(self._channel.fileno(), self._told)
        self._loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        beat = asyncio.create_task(self._beat(), name="heartbeat")
        report = asyncio.create_task(self._report(), name="report")
        self._cells[READY] = 1
        await self._stopping.wait()
        await self._drain()
        report.cancel()
        beat.cancel()
        self._send_counts()

    # -- what connections call

    def opened(self, pair: Pair) -> None:
        self._cells[CONNECTIONS_TOTAL] += 1
        if len(self._pairs) >= self._options.max_connections:
            self._cells[CONNECTIONS_REFUSED] += 1
            pair.tracker = None
            pair.client.reset()
            return
        self._pairs[pair.number] = pair
        self._cells[CONNECTIONS_OPEN] = len(self._pairs)
        pair.task = self._loop.create_task(self.connect(pair))

    def ended(self, pair: Pair) -> None:
        self._pairs.pop(pair.number, None)
        self._cells[CONNECTIONS_OPEN] = len(self._pairs)

    def went_opaque(self, reason: str) -> None:
        self._tally.went_opaque(reason)

    async def connect(self, pair: Pair) -> None:
        """Connect to the pair's server; a refusal reaches the client as a reset."""
        place, options = self._places[pair.listener]
        try:
            if isinstance(place, str):
                await self._loop.create_unix_connection(lambda: pair.upstream, place, **options)
            else:
                await self._loop.create_connection(lambda: pair.upstream, *place, **options)
        except OSError:
            self._cells[UPSTREAM_FAILURES] += 1
            pair.refused()

    def _pair(self, number: int) -> Pair:
        pair = Pair(self, number, next(self._numbers))
        pair.tracker = self._tracker(number, pair)
        return pair

    def _tracker(self, number: int, pair: Pair) -> Tracker | None:
        make = FOLLOWED.get(self._options.listeners[number].protocol)
        if make is not None:
            return make(self._follower, number, pair.number)
        if self._options.listeners[number].protocol == "opaque":
            return None
        return Detection(self._follower, number, pair.follow, pair.number)

    def _told(self) -> None:
        """The observer read a sample otherwise than it was followed: that connection goes opaque, if it is still open.

        At a reload the old worker may take what the new one should hear; a connection that stays wrong is told of
        again.
        """
        try:
            said = channel.Disagreement.decode(self._channel.recv(LONGEST_WORD_BYTES))
        except (BlockingIOError, channel.ChannelError):
            return
        self.unseen.look()
        pair = self._pairs.get(said.connection)
        if pair is not None and said.slot == self._options.slot:
            pair.opaque(Opaque(said.reason))

    def _hand(self, sample: channel.Sample) -> None:
        """Say of a finished sample who asked."""
        pair = self._pairs.get(sample.connection)
        if pair is not None:
            sample.peer = pair.client.host
        self._sender.hand(sample)

    # -- what happens by the clock

    async def _beat(self) -> None:
        """Whatever waits goes with the heartbeat: a wake-up of its own would cost as much as relaying a request."""
        while True:
            self._cells[HEARTBEAT_NS] = time.monotonic_ns()
            self.unseen.look()
            self._sender.flush()
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            self.unseen.look()
            now = time.monotonic()
            for pair in list(self._pairs.values()):
                pair.resting(now, QUIET_SECONDS)
            self._send_counts()

    def _send_counts(self) -> None:
        """Routes that changed, in messages of bounded size; what found no room stays changed and goes next time.

        The samples among what is counted go first: they tell whose the counts are.
        """
        self._sender.flush()
        changed = [tally for tally in self._tally.all() if tally.changed]
        for start in range(0, len(changed), ROUTES_PER_MESSAGE):
            some = changed[start : start + ROUTES_PER_MESSAGE]
            if not self._sender.counts([channel.route_buffer(tally.route, tally.traffic()) for tally in some]):
                return
            for tally in some:
                tally.told()
        status = channel.Status(self._options.boot, time.time(), self._tally.opaque)
        self._sender.counts([channel.status_buffer(status)])

    async def _drain(self) -> None:
        """Accept no more; close each connection when its exchange is over, and all after the grace period."""
        await asyncio.sleep(DRAIN_ACCEPT_SECONDS)
        for server in self._servers:
            server.close()
        deadline = time.monotonic() + self._options.drain_seconds
        while self._pairs and time.monotonic() < deadline:
            self.unseen.look()
            now = time.monotonic()
            old = [pair for pair in self._pairs.values() if now - pair.born >= DRAIN_FRESH_SECONDS]
            for pair in [pair for pair in old if pair.resting(now, DRAIN_QUIET_SECONDS)]:
                pair.close()
            await asyncio.sleep(DRAIN_LOOK_SECONDS)
        for pair in list(self._pairs.values()):
            pair.end(by_client=False)
            pair.close()


def _place(listener: Listener) -> tuple[str | tuple[str, int], dict[str, Any]]:
    """Path, or host and port, of the model server; and what connecting to it needs besides."""
    upstream, context = listener.upstream, tls.client_context(listener)
    if upstream.startswith("unix:"):
        name = listener.upstream_name or "localhost"
        return upstream.removeprefix("unix:"), {"ssl": context, "server_hostname": name} if context else {}
    host, _, port = upstream.rpartition(":")
    host = host.strip("[]")
    return (host, int(port)), {"ssl": context, "server_hostname": listener.upstream_name or host} if context else {}


def main() -> int:
    options = WorkerOptions.inherited()
    if options is None:
        return 0
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to handle
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(options))
    return 0


async def _serve(options: WorkerOptions) -> None:
    await Worker(options, asyncio.get_running_loop()).run()


if __name__ == "__main__":
    sys.exit(main())
