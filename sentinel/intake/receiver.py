"""The observer's end of the channels: messages in, exchanges and summaries out, and the account kept in the ledger.

Each sample is read strictly and given to the callbacks; what became of it is written into the ledger after the callback
returned, so that an observer that dies in between leaves a gap, which the next one counts as lost. Messages are taken
in small bites, so that the event loop serves its other tasks while much is waiting.
"""

import asyncio
import contextlib
import mmap
import os
import select
import socket
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sentinel.intake import http1, http2
from sentinel.intake.http1 import Unreadable
from sentinel.traffic import channel, ledger
from sentinel.traffic.exchange import Exchange
from sentinel.traffic.handover import Handover
from sentinel.traffic.ledger import Ledger
from sentinel.traffic.summary import TrafficSummary

READERS = {"http/1.1": http1.read, "http/2": http2.read, "grpc": http2.read}
MESSAGES_PER_TURN = 4  # of one channel before other tasks of the loop run
HEARTBEAT_SECONDS = 1.0
ANCILLARY_BYTES = 256  # room for the descriptors that come with a message; one is sent
LARGEST_MESSAGE_BYTES = 8 << 20  # more than any socket buffer the supervisor asks for


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Who is told what. `on_exchange` returns None when the exchange was analysed, else the word why it was not; that
    is counted in the ledger. `on_undecodable` hears of samples that gave no exchange. `on_lost`: samples that an
    earlier observer took into its death; a summary's `dropped` has them too. `on_extra`: exchanges found beyond those
    the relay counted, because a client pipelined.
    """

    on_exchange: Callable[[Exchange], str | None]
    on_summary: Callable[[TrafficSummary], None]
    on_undecodable: Callable[[str], None]
    on_lost: Callable[[int], None]
    on_extra: Callable[[int], None] = lambda count: None


class Receiver:
    """Receives while `start()`ed. Beats the observer's heart, so a supervisor can tell a busy observer from a hung
    one.
    """

    def __init__(self, handover: Handover, callbacks: Callbacks, max_body_bytes: int) -> None:
        self.ledger = Ledger(handover.ledger)
        self._callbacks = callbacks
        self._max_body_bytes = max_body_bytes
        self._generation = handover.generation
        self._channels = [_open(fd) for fd in handover.channels]
        self._buffer = mmap.mmap(-1, LARGEST_MESSAGE_BYTES)  # resident only as far as messages have filled it
        self._summaries: dict[int, TrafficSummary] = {}
        self._heart: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Receive from now on; needs a running event loop."""
        loop = asyncio.get_running_loop()
        for end in self._channels:
            loop.add_reader(end.fileno(), self._receive, end)
        self._heart = loop.create_task(self._beat(), name="observer heartbeat")
        self.ledger.observer[ledger.OBSERVER_HEARTBEAT_NS] = time.monotonic_ns()
        self.ledger.observer[ledger.OBSERVER_READY] = self._generation

    async def stop(self) -> None:
        """Take what still waits in the channels, settle the account, and stop."""
        loop = asyncio.get_running_loop()
        for end in self._channels:
            loop.remove_reader(end.fileno())
            while self._take(end):  # noqa: ASYNC110 - other tasks may run between two messages
                await asyncio.sleep(0)
        self._settle()
        if self._heart is not None:
            self._heart.cancel()
            await asyncio.gather(self._heart, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            self.ledger.observer[ledger.OBSERVER_HEARTBEAT_NS] = time.monotonic_ns()
            self._settle()
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _receive(self, end: socket.socket) -> None:
        for _ in range(MESSAGES_PER_TURN):
            if not self._take(end):
                return

    def _take(self, end: socket.socket) -> bool:
        """Handle one message; False when none waits."""
        try:
            size, ancillary, _, _ = end.recvmsg_into([self._buffer], ANCILLARY_BYTES)
        except BlockingIOError:
            return False
        if size:
            files = [fd for _, kind, data in ancillary if kind == socket.SCM_RIGHTS for fd in array("i", data)]
            self._message(end, self._buffer[:size], files)
        return bool(size)

    def _message(self, end: socket.socket, message: bytes, files: Sequence[int] = ()) -> None:
        try:
            slot, frames = channel.decode(message)
            for frame in frames:
                self._frame(end, slot, frame, files)
        except channel.ChannelError:
            return  # its samples show as a gap in the sequence
        finally:
            for fd in files:
                os.close(fd)

    def _frame(self, end: socket.socket, slot: int, frame: channel.Frame, files: Sequence[int]) -> None:
        if isinstance(frame, channel.Sample):
            self._sample(end, slot, frame)
        elif isinstance(frame, channel.File):
            self.ledger.cells(slot)[ledger.FILE_BYTES_TAKEN] = frame.sent_so_far
            self._message(end, os.pread(files[0], frame.size, 0))
        elif isinstance(frame, channel.Status):
            self._status(slot, frame)
        else:
            route, traffic = frame
            self._summary(slot).routes[route] = traffic

    def _sample(self, end: socket.socket, slot: int, sample: channel.Sample) -> None:
        cells = self.ledger.cells(slot)
        self._lose(cells, sample.sequence - 1)
        exchanges = READERS[sample.protocol](sample, self._max_body_bytes)
        if isinstance(exchanges, Unreadable):
            self._callbacks.on_undecodable(exchanges.reason)
            if exchanges.reason in channel.DISAGREEMENTS:
                _disagree(end, channel.Disagreement(slot, sample.connection, exchanges.reason))
            cell = ledger.UNDECODABLE
        else:
            outcomes = [self._callbacks.on_exchange(exchange) for exchange in exchanges]
            cell = ledger.ANALYSED if outcomes[0] is None else ledger.UNDECODABLE
            if len(outcomes) > 1:
                self._callbacks.on_extra(len(outcomes) - 1)
        cells[cell] += 1

    def _lose(self, cells: "memoryview[int]", until: int) -> None:
        """Count samples up to the sequence number `until` that nobody will ever see."""
        missing = until - cells[ledger.ANALYSED] - cells[ledger.UNDECODABLE] - cells[ledger.LOST]
        if missing > 0:
            cells[ledger.LOST] += missing
            self._callbacks.on_lost(missing)

    def _settle(self) -> None:
        """When nothing waits in the channels, what was handed before that look and did not arrive is lost.

        A reload may add workers before this observer ends: what waits in their channels is the next one's.
        """
        lives = [self.ledger.cells(slot) for slot in self.ledger.worker_slots()]
        lives = [cells for cells in lives if cells[ledger.WORKER] < len(self._channels)]
        handed = [(cells, cells[ledger.HANDED], cells[ledger.FILE_BYTES_HANDED]) for cells in lives]
        waiting, _, _ = select.select(self._channels, [], [], 0)
        if not waiting:
            for cells, until, file_bytes in handed:
                self._lose(cells, until)
                cells[ledger.FILE_BYTES_TAKEN] = max(file_bytes, cells[ledger.FILE_BYTES_TAKEN])

    def _summary(self, slot: int) -> TrafficSummary:
        cells = self.ledger.cells(slot)
        summary = self._summaries.get(slot)
        if summary is None or summary.boot != cells[ledger.BOOT]:
            summary = TrafficSummary(worker=cells[ledger.WORKER], boot=cells[ledger.BOOT], at=0.0)
            self._summaries[slot] = summary
        return summary

    def _status(self, slot: int, status: channel.Status) -> None:
        summary = self._summary(slot)
        summary.at = status.at
        summary.opaque = status.opaque
        self._from_ledger(slot, summary)
        self._callbacks.on_summary(replace(summary, routes=dict(summary.routes)))

    def _from_ledger(self, slot: int, summary: TrafficSummary) -> None:
        cells = self.ledger.cells(slot)
        summary.received = cells[ledger.RECEIVED]
        summary.sampled_out = cells[ledger.SAMPLED_OUT]
        summary.handed = cells[ledger.HANDED]
        summary.dropped = {reason: cells[cell] for reason, cell in ledger.DROPPED.items()}
        summary.analysed = cells[ledger.ANALYSED]
        summary.undecodable = cells[ledger.UNDECODABLE]
        summary.connections_open = cells[ledger.CONNECTIONS_OPEN]
        summary.connections_total = cells[ledger.CONNECTIONS_TOTAL]
        summary.buffered_bytes = cells[ledger.BUFFERED_BYTES]
        summary.slow_readers_reset = cells[ledger.SLOW_READERS_RESET]


def _disagree(end: socket.socket, said: channel.Disagreement) -> None:
    """Tell the worker; when it does not listen, the next sample of that connection is another occasion."""
    with contextlib.suppress(OSError):
        end.send(said.encode())


def _open(fd: int) -> socket.socket:
    end = socket.socket(fileno=fd)
    end.setblocking(False)
    return end
