"""How samples and counts of traffic are written into one message of the channel, and read back.

A message is one SOCK_SEQPACKET packet: a header, then frames. A sample's frame is a head, a table of chunk lengths and
arrival times, then the chunks themselves, which the relay passes as references (`sendmsg` gathers them). All integers
are little-endian. Both ends are the same release started by the same supervisor, so there is no version to negotiate;
a message that does not fit its own lengths raises ChannelError. Pure: no socket here.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from functools import lru_cache
from typing import Any

from sentinel.traffic.summary import Exemplar, Route, RouteTraffic

MESSAGE = struct.Struct("<IHH")  # mark, slot, frames
MARK = 0x534E5431
KIND_SAMPLE, KIND_ROUTE, KIND_STATUS, KIND_FILE = 1, 2, 3, 4
_FILE = struct.Struct("<BQQ")  # kind, bytes in the file that travels with the message, such bytes sent so far
_SHORT = struct.Struct("<BI")  # kind, bytes that follow
_SAMPLE = struct.Struct("<BBBBHQQdddIIB")
# kind, protocol, flags, listener, status, sequence, connection, started_at, duration, first_byte, request chunks,
# response chunks, bytes of the peer's address, which follows
LONGEST_PEER = 255
_DISAGREEMENT = struct.Struct("<IHBQ")  # mark, slot, reason, connection
DISAGREEMENTS = ("malformed_request", "malformed_response", "pairing")
"""Why the observer's strict reading says that a connection is not what the relay took it for."""

PROTOCOLS = ("http/1.1", "grpc", "http/2")
REQUEST_CUT, RESPONSE_CUT, CLOSED = 1, 2, 4  # flags: bytes were left out; the connection ended with the exchange

MOST_CHUNKS = 512  # chunks of one message side; the kernel gathers at most 1,024 pieces
LAST_CHUNKS = 16  # the last of a longer side, kept as they came: they tell when a stream ended
_MICROSECONDS = 1e6
_LATEST_SECONDS = 0xFFFFFFFF / _MICROSECONDS  # what fits the table: 71 minutes; later chunks count as this late

Buffer = bytes | memoryview


class ChannelError(ValueError):
    """A message that no relay of this release writes."""


@dataclass(slots=True)
class Side:
    """The bytes of one direction in the order of arrival, and when each chunk came (seconds after the first).

    room: bytes that may still be kept, known to the relay only; what came beyond it was left out, and `cut` says so.
    """

    chunks: list[bytes] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    cut: bool = False
    room: int = 0

    def keep(self, chunk: bytes, seconds: float) -> None:
        """Hold a reference to a chunk while there is room."""
        if self.cut:
            return
        self.room -= len(chunk)
        if self.room < 0:
            self.cut = True
            return
        self.chunks.append(chunk)
        self.seconds.append(seconds)


@dataclass(slots=True)
class Sample:
    """A sampled exchange as raw bytes; times as in `Exchange`. `closed`: the connection ended with the exchange.
    `connection`: number of the worker's connection. `peer`: address at its other end, "" where it has none; in memory
    only.
    """

    sequence: int
    protocol: str
    listener: int
    status: int
    started_at: float
    duration_seconds: float
    first_byte_seconds: float
    request: Side
    response: Side
    closed: bool = False
    connection: int = 0
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Said by the observer to a worker, on the same channel: one of DISAGREEMENTS was found in a sample of that
    connection.
    """

    slot: int
    connection: int
    reason: str

    def encode(self) -> bytes:
        return _DISAGREEMENT.pack(MARK, self.slot, DISAGREEMENTS.index(self.reason), self.connection)

    @classmethod
    def decode(cls, message: bytes) -> "Disagreement":
        """Raises ChannelError."""
        try:
            mark, slot, reason, connection = _DISAGREEMENT.unpack(message)
            if mark != MARK:
                raise ChannelError("the message does not start with the channel's mark")
            return cls(slot, connection, DISAGREEMENTS[reason])
        except (struct.error, IndexError) as error:
            raise ChannelError(f"the message is malformed: {error}") from error


@dataclass(frozen=True, slots=True)
class Status:
    """What a worker says of itself once a second: `boot` and connections that went opaque, by reason."""

    boot: int
    at: float
    opaque: dict[str, int]


@dataclass(frozen=True, slots=True)
class File:
    """The descriptor that came with this message holds one of `size` bytes; `sent_so_far`: as in `file_message`."""

    size: int
    sent_so_far: int


Frame = Sample | tuple[Route, RouteTraffic] | Status | File


def sample_buffers(sample: Sample) -> list[Buffer]:
    """The pieces of a sample's frame, chunks by reference; a side of too many is joined in the middle."""
    request, response = _gathered(sample.request), _gathered(sample.response)
    chunks = request.chunks + response.chunks
    peer = sample.peer.encode()[:LONGEST_PEER]
    flags = REQUEST_CUT * request.cut | RESPONSE_CUT * response.cut | CLOSED * sample.closed
    head = _SAMPLE.pack(
        KIND_SAMPLE,
        PROTOCOLS.index(sample.protocol),
        flags,
        sample.listener,
        sample.status,
        sample.sequence,
        sample.connection,
        sample.started_at,
        sample.duration_seconds,
        sample.first_byte_seconds,
        len(request.chunks),
        len(response.chunks),
        len(peer),
    )
    seconds = request.seconds + response.seconds
    if seconds and max(seconds) > _LATEST_SECONDS:
        seconds = [min(second, _LATEST_SECONDS) for second in seconds]
    offsets = [int(second * _MICROSECONDS) for second in seconds]
    return [head + peer + _table(len(chunks)).pack(*map(len, chunks), *offsets), *chunks]


@lru_cache(maxsize=2 * MOST_CHUNKS)
def _table(chunks: int) -> struct.Struct:
    """Lengths of so many chunks, then when each came, in µs after the exchange began."""
    return struct.Struct(f"<{2 * chunks}I")


def _gathered(side: Side) -> Side:
    if len(side.chunks) <= MOST_CHUNKS:
        return side
    first = MOST_CHUNKS - LAST_CHUNKS - 1
    chunks, seconds = side.chunks, side.seconds
    middle = b"".join(chunks[first:-LAST_CHUNKS])
    return Side(
        [*chunks[:first], middle, *chunks[-LAST_CHUNKS:]],
        [*seconds[:first], seconds[-LAST_CHUNKS - 1], *seconds[-LAST_CHUNKS:]],
        side.cut,
    )


def route_buffer(route: Route, traffic: RouteTraffic) -> bytes:
    """The frame of one route's cumulative counts."""
    document = {
        "route": [route.method, route.path, route.protocol],
        "codes": traffic.codes,
        "latency": traffic.latency,
        "first_byte": traffic.first_byte,
        "gaps": traffic.gaps,
        "latency_sum_seconds": traffic.latency_sum_seconds,
        "request_bytes": traffic.request_bytes,
        "response_bytes": traffic.response_bytes,
        "exemplars": [astuple(exemplar) for exemplar in traffic.exemplars],
    }
    return _json_frame(KIND_ROUTE, document)


def status_buffer(status: Status) -> bytes:
    """The frame that ends a second's counts."""
    return _json_frame(KIND_STATUS, {"boot": status.boot, "at": status.at, "opaque": status.opaque})


def file_message(slot: int, size: int, sent_so_far: int) -> bytes:
    """The message that accompanies the descriptor of a memory file, which holds a whole message of `size` bytes.

    So travel samples larger than a socket's buffer (208 KB unless the machine was tuned).
    """
    return message_head(slot, 1) + _FILE.pack(KIND_FILE, size, sent_so_far)


def message_head(slot: int, frames: int) -> bytes:
    return MESSAGE.pack(MARK, slot, frames)


def decode(message: bytes) -> tuple[int, list[Frame]]:
    """Slot of the sender and the frames of a message; raises ChannelError."""
    try:
        mark, slot, count = MESSAGE.unpack_from(message)
        if mark != MARK:
            raise ChannelError("the message does not start with the channel's mark")
        frames, at = [], MESSAGE.size
        for _ in range(count):
            frame, at = _frame(message, at)
            frames.append(frame)
    except ChannelError:
        raise
    except (struct.error, LookupError, TypeError, AttributeError, ValueError) as error:
        raise ChannelError(f"the message is malformed: {error}") from error
    if at != len(message):
        raise ChannelError("the message is longer than its frames")
    return slot, frames


def _frame(message: bytes, at: int) -> tuple[Frame, int]:
    kind = message[at]
    if kind == KIND_SAMPLE:
        return _sample(message, at)
    if kind == KIND_FILE:
        _, size, sent_so_far = _FILE.unpack_from(message, at)
        return File(size, sent_so_far), at + _FILE.size
    _, length = _SHORT.unpack_from(message, at)
    start = at + _SHORT.size
    if start + length > len(message):
        raise ChannelError("a frame is longer than its message")
    document = json.loads(message[start : start + length])
    if kind == KIND_ROUTE:
        return _route(document), start + length
    if kind == KIND_STATUS:
        return Status(**document), start + length
    raise ChannelError(f"no frame has kind {kind}")


def _sample(message: bytes, at: int) -> tuple[Sample, int]:
    head = _SAMPLE.unpack_from(message, at)
    _, protocol, flags, listener, status, sequence, connection = head[:7]
    started, duration, first, asked, answered, address = head[7:]
    at += _SAMPLE.size + address
    peer = message[at - address : at].decode()
    count = asked + answered
    if count * 8 > len(message):
        raise ChannelError("a sample has more chunks than its message has room for")
    table = _table(count).unpack_from(message, at)
    at += 8 * count
    chunks = []
    for length in table[:count]:
        chunks.append(message[at : at + length])
        at += length
    if at > len(message):
        raise ChannelError("a sample is longer than its message")
    seconds = [offset / _MICROSECONDS for offset in table[count:]]
    request = Side(chunks[:asked], seconds[:asked], bool(flags & REQUEST_CUT))
    response = Side(chunks[asked:], seconds[asked:], bool(flags & RESPONSE_CUT))
    closed = bool(flags & CLOSED)
    name, times = PROTOCOLS[protocol], (started, duration, first)
    return Sample(sequence, name, listener, status, *times, request, response, closed, connection, peer), at


def _route(document: dict[str, Any]) -> tuple[Route, RouteTraffic]:
    for name in ("latency", "first_byte", "gaps"):
        document[name] = {int(bucket): count for bucket, count in document[name].items()}
    document["exemplars"] = tuple(Exemplar(*fields) for fields in document["exemplars"])
    return Route(*document.pop("route")), RouteTraffic(**document)


def _json_frame(kind: int, document: dict[str, Any]) -> bytes:
    body = json.dumps(document, separators=(",", ":")).encode()
    return _SHORT.pack(kind, len(body)) + body


def size_of(buffers: Sequence[Buffer]) -> int:
    return sum(map(len, buffers))
