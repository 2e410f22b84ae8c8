"""Exchanges as Envoy tells of them: a small gRPC server for its external-processing filter in observability mode.

Envoy sends and does not wait, so nothing that happens here can hold up a request. What is under way is bounded in
number and in bytes; a request beyond that is dropped, counted. Half a request, because Envoy or its client went away,
is undecodable, counted by reason.
"""

import asyncio
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sentinel.intake import ext_proc
from sentinel.intake.calls import Call, Connection
from sentinel.intake.ext_proc import BadMessage, Observed
from sentinel.intake.push import Pushed
from sentinel.traffic.exchange import Exchange

RATIO_HEADER = "x-sentinel-sample-ratio"
"""Share of its requests that Envoy tells of, as its configuration says it to us."""
LONGEST_MESSAGE_BYTES = 4 << 20  # gRPC's default; Envoy's pieces of bodies are no longer than its buffers, 1 MiB
NO_ROOM = "intake_full"
NEVER_TOLD = "no_request"  # Envoy opened a call and gave it up: we did not read in time
_PREFIX = struct.Struct(">?I")  # of a gRPC message: compressed or not, and its length


@dataclass(frozen=True, slots=True)
class Limits:
    """calls: requests under way. held_bytes: kept of them in all. body_bytes: of one body."""

    calls: int
    held_bytes: int
    body_bytes: int


class EnvoyIntake:
    """Opens calls within the limits, and tells what they gave."""

    def __init__(self, pushed: Pushed, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.clock = clock
        self.calls = 0
        self.held_bytes = 0
        self._pushed = pushed

    def open_call(self, headers: Mapping[str, str]) -> Call | None:
        """None where there are too many."""
        if RATIO_HEADER in headers:
            self._ratio(headers[RATIO_HEADER])
        if self.calls >= self.limits.calls:
            self._pushed.on_dropped(NO_ROOM)
            return None
        self.calls += 1
        return _Telling(self)

    def told(self, outcome: Exchange | str) -> None:
        """An exchange, or the word for why there is none."""
        self.calls -= 1
        if isinstance(outcome, Exchange):
            self._pushed.on_exchange(outcome)
        elif outcome in (NO_ROOM, NEVER_TOLD):
            self._pushed.on_dropped(NO_ROOM)
        else:
            self._pushed.on_undecodable(outcome)

    def _ratio(self, text: str) -> None:
        try:
            ratio = float(text)
        except ValueError:
            return
        if 0 < ratio <= 1:
            self._pushed.on_ratio(ratio)


class _Telling:
    """The call for one request."""

    def __init__(self, intake: EnvoyIntake) -> None:
        self._intake = intake
        self._buffer = bytearray()
        self._observed = Observed(intake.limits.body_bytes, time.time(), intake.clock())
        self._held = 0
        self._given_up = ""

    def feed(self, data: bytes) -> bool:
        self._buffer += data
        try:
            for message in _messages(self._buffer):
                self._observed.take(message, self._intake.clock())
        except BadMessage:
            self._given_up = "bad_message"
        self._hold(len(self._buffer) + self._observed.held)
        if self._intake.held_bytes > self._intake.limits.held_bytes:
            self._given_up = NO_ROOM
        return bool(self._given_up) or self._observed.complete

    def closed(self) -> None:
        self._hold(0)
        self._intake.told(self._given_up or self._observed.outcome())

    def _hold(self, held: int) -> None:
        self._intake.held_bytes += held - self._held
        self._held = held


def _messages(buffer: bytearray) -> Iterator[bytes]:
    """Take whole gRPC messages from the front of a buffer. Raises BadMessage."""
    while len(buffer) >= _PREFIX.size:
        compressed, length = _PREFIX.unpack_from(buffer)
        if compressed or length > LONGEST_MESSAGE_BYTES:
            raise BadMessage(f"a message of {length} bytes{', compressed' if compressed else ''}")
        end = _PREFIX.size + length
        if len(buffer) < end:
            return
        message = bytes(memoryview(buffer)[_PREFIX.size : end])
        del buffer[:end]
        yield message


async def open_server(intake: EnvoyIntake, host: str, port: int) -> Callable[[], None]:
    """Take calls until the function given back is called. Raises OSError for an address that cannot be had."""
    connections: set[Connection] = set()

    def connection() -> Connection:
        return Connection(ext_proc.METHOD_PATH, intake.open_call, intake.limits.calls, connections)

    ext_proc.load()
    server = await asyncio.get_running_loop().create_server(connection, host, port)

    def close() -> None:
        server.close()
        for one in tuple(connections):
            one.close()

    return close
