"""Follows HTTP/2 and gRPC passively, from the first byte of a connection.

Both directions are walked frame by frame: header blocks are decoded (all of them, or the table is lost), DATA is
counted and kept for sampled streams, everything else is stepped over. An exchange is a stream. It begins with the
client's HEADERS of a new stream and ends with the last byte of the server's END_STREAM, a reset, or the connection.

* A new exchange is a stream id above the last one, not an unknown id: ids of ended streams still occur.
* GOAWAY refuses the streams above its last id; a refused exchange was never served and is no error of the server.
* A client's deadline shows as its RST_STREAM after `grpc-timeout`, or as status 4 from the server.

Pure: it sees bytes and times; it knows no socket and no clock.
"""

import json
from dataclasses import dataclass, field
from struct import Struct

from sentinel.relay.following import Follower, Opaque
from sentinel.relay.hpack import BadBlock, Blocks
from sentinel.relay.tally import Headers, RouteTally
from sentinel.traffic.channel import Sample, Side
from sentinel.traffic.ledger import DROPPED_OPAQUE, RECEIVED, SAMPLED_OUT

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST_BLOCK_BYTES = 256 << 10  # of HEADERS and its CONTINUATIONs together
MOST_FRAGMENTS = 64  # CONTINUATIONs of one block; empty ones would otherwise be endless
LARGEST_KEPT_FRAME_BYTES = 1 << 20  # of a frame that must be whole to be read; DATA is not held
MOST_STREAMS = 10_000  # open at once on one connection; servers allow 100 to a few thousand
FULL_FRAME_BYTES = 16384  # a DATA frame of this size is a fragment of a larger message, not a message of a stream

_HEAD = Struct(">HBBBI")  # length (16 + 8 bits), type, flags, stream
_HEAD_BYTES = 9
_DATA, _HEADERS, _RST_STREAM, _PUSH_PROMISE, _GOAWAY, _CONTINUATION = 0, 1, 3, 5, 7, 9
_READ_WHOLE = frozenset((_HEADERS, _RST_STREAM, _PUSH_PROMISE, _GOAWAY, _CONTINUATION))
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20
_STREAM_BITS = 0x7FFFFFFF
_REFUSED_STREAM = 7
_FRAGMENT_START = {_HEADERS: 0, _PUSH_PROMISE: 4}

# gRPC status to the classes that HTTP statuses have (google.rpc.Code and its HTTP mapping).
GRPC_CODES = {
    0: "2xx", 1: "canceled", 2: "5xx", 3: "4xx", 4: "timeout", 5: "4xx", 6: "4xx", 7: "4xx", 8: "4xx", 9: "4xx",
    10: "4xx", 11: "4xx", 12: "5xx", 13: "5xx", 14: "5xx", 15: "5xx", 16: "4xx",
}  # fmt: skip
_TIMEOUT_SLACK = 0.95  # a client's clock started before its request reached us


@dataclass(slots=True)
class Stream:
    """One exchange under way. Headers are kept of sampled ones only."""

    tally: RouteTally
    started_at: float
    timeout: float = 0.0
    status: int = 0
    grpc_status: int | None = None
    first_at: float = 0.0
    last_at: float = 0.0
    asked_bytes: int = 0
    answered_bytes: int = 0
    last_frame: int = FULL_FRAME_BYTES
    request: Side | None = None
    response: Side | None = None
    heads: list[Headers] = field(default_factory=list)


class Http2:
    """The exchanges of one connection. Feed `client` and `server` with bytes after they were written on."""

    __slots__ = ("_cells", "_client", "_follower", "_last", "_listener", "_preface", "_server", "streams")

    def __init__(self, follower: Follower, listener: int) -> None:
        self._follower = follower
        self._cells = follower.cells
        self._listener = listener
        self._preface = PREFACE
        self._client = Frames(self, from_client=True)
        self._server = Frames(self, from_client=False)
        self._last = 0
        self.streams: dict[int, Stream] = {}

    def client(self, data: bytes, now: float) -> None:
        """Bytes from the client at `now` (monotonic seconds). Raises Opaque when they cannot be followed."""
        if self._preface:
            length = min(len(data), len(self._preface))
            if data[:length] != self._preface[:length]:
                raise Opaque("http2_preface")
            self._preface, data = self._preface[length:], data[length:]
        self._client.feed(data, now)

    def server(self, data: bytes, now: float) -> None:
        """Bytes from the server at `now`. Raises Opaque when they cannot be followed."""
        self._server.feed(data, now)

    def resting(self, now: float, quiet_seconds: float) -> bool:
        """Whether no stream is open."""
        return not self.streams

    def abandoned(self) -> None:
        """The connection goes opaque: the exchanges under way are counted as dropped."""
        self._cells[DROPPED_OPAQUE] += len(self.streams)
        self.streams.clear()

    def closed(self, *, by_client: bool, now: float) -> None:
        """The connection ended with all its streams."""
        for stream_id in list(self.streams):
            self._cut(stream_id, "canceled" if by_client else "disconnected", now)

    # -- what frames say

    def headers(self, stream_id: int, headers: Headers, *, from_client: bool, now: float) -> None:
        stream = self.streams.get(stream_id)
        if from_client:
            if stream is None and stream_id > self._last and stream_id & 1:
                self._begin(stream_id, headers, now)
        elif stream is not None:
            self._answer(stream, headers, now)

    def _begin(self, stream_id: int, headers: Headers, now: float) -> None:
        self._last = stream_id
        if len(self.streams) >= MOST_STREAMS:
            raise Opaque("http2_streams")
        sampled = self._follower.sampler.take(now)
        tally, timeout = self._follower.tally.of_headers(headers)
        stream = Stream(tally, now, timeout)
        if sampled:
            room = self._follower.room_bytes
            stream.request, stream.response = Side(room=room), Side(room=room)
            stream.heads.append(headers)
        self._cells[RECEIVED] += 1
        self.streams[stream_id] = stream

    def _answer(self, stream: Stream, headers: Headers, now: float) -> None:
        if not stream.first_at:
            stream.first_at = now
        stream.last_at = now
        if stream.request is not None:
            stream.heads.append(headers)
        for name, value in headers:
            if name == b":status" and value.isdigit():
                stream.status = int(value)
            elif name == b"grpc-status" and value.isdigit():
                stream.grpc_status = int(value)

    def data(self, stream_id: int, payload: bytes, *, from_client: bool, now: float) -> None:
        """A piece of a DATA frame's payload, padding removed."""
        stream = self.streams.get(stream_id)
        if stream is None:
            return
        if from_client:
            stream.asked_bytes += len(payload)
            side = stream.request
        else:
            stream.answered_bytes += len(payload)
            side = stream.response
        if side is not None:
            side.keep(payload, now - stream.started_at)

    def frame(self, stream_id: int, length: int, *, from_client: bool, now: float) -> None:
        """A DATA frame begins."""
        stream = self.streams.get(stream_id)
        if stream is None or from_client:
            return
        if stream.last_frame < FULL_FRAME_BYTES:
            stream.tally.gap(now - stream.last_at)
        stream.last_frame = length
        stream.last_at = now

    def end(self, stream_id: int, *, from_client: bool, now: float) -> None:
        """The last byte of one direction of a stream passed."""
        if not from_client and stream_id in self.streams:
            self._finish(stream_id, now)

    def reset(self, stream_id: int, code: int, *, from_client: bool, now: float) -> None:
        stream = self.streams.get(stream_id)
        if stream is None:
            return
        if from_client:
            timed_out = stream.timeout and now - stream.started_at >= stream.timeout * _TIMEOUT_SLACK
            self._cut(stream_id, "timeout" if timed_out else "canceled", now)
        else:
            self._cut(stream_id, "refused" if code == _REFUSED_STREAM else "disconnected", now)

    def goaway(self, last_id: int, *, from_client: bool, now: float) -> None:
        if not from_client:
            for stream_id in [one for one in self.streams if one > last_id]:
                self._cut(stream_id, "refused", now)

    # -- ends

    def _finish(self, stream_id: int, now: float) -> None:
        stream = self.streams.pop(stream_id)
        stream.last_at = now
        grpc = stream.grpc_status
        if grpc is not None:
            code = GRPC_CODES.get(grpc, "5xx")
        else:
            code = f"{stream.status // 100}xx" if 100 <= stream.status < 600 else "disconnected"
        duration, first = now - stream.started_at, stream.first_at - stream.started_at
        stream.tally.answered(code, duration, first, stream.asked_bytes, stream.answered_bytes)
        self._hand(stream, duration, first)

    def _cut(self, stream_id: int, code: str, now: float) -> None:
        stream = self.streams.pop(stream_id)
        duration = now - stream.started_at
        if stream.first_at:
            first = stream.first_at - stream.started_at
            stream.tally.answered(code, duration, first, stream.asked_bytes, stream.answered_bytes)
        else:
            first = duration
            stream.tally.unanswered(code, stream.asked_bytes)
        self._hand(stream, duration, first, closed=True)

    def _hand(self, stream: Stream, duration: float, first_byte: float, *, closed: bool = False) -> None:
        request, response = stream.request, stream.response
        if request is None or response is None:
            self._cells[SAMPLED_OUT] += 1
            return
        asked, *answered = stream.heads
        for side, head in ((request, asked), (response, tuple(pair for block in answered for pair in block))):
            side.chunks.insert(0, _head_chunk(head))
            side.seconds.insert(0, 0.0)
        protocol, started = stream.tally.route.protocol, self._follower.wall(stream.started_at)
        sample = Sample(0, protocol, self._listener, stream.status, started, duration, first_byte, request, response)
        sample.closed = closed
        self._follower.hand(sample)


class Frames:
    """Walks the frames of one direction. `_left` bytes of the current payload are still to come; those of a frame that
    is read whole wait in `_rest` with its head.
    """

    __slots__ = ("_block", "_block_end", "_block_stream", "_blocks", "_ends", "_from_client", "_left", "_owner",
    "_rest", "_stream")  # fmt: skip

    def __init__(self, owner: Http2, *, from_client: bool) -> None:
        self._owner = owner
        self._from_client = from_client
        self._blocks = Blocks()
        self._rest = b""
        self._left = 0
        self._stream = 0
        self._ends = False
        self._block: list[bytes] = []
        self._block_stream = 0
        self._block_end = False

    def feed(self, data: bytes, now: float) -> None:
        """The next bytes of this direction. Raises Opaque when they are not HTTP/2 frames."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, size = 0, len(data)
        while at < size or (self._left == 0 and self._ends):
            if self._left or self._ends:
                at = self._payload(data, at, now)
                continue
            if size - at < _HEAD_BYTES:
                break
            high, low, kind, flags, stream_id = _HEAD.unpack_from(data, at)
            length, stream_id = high << 8 | low, stream_id & _STREAM_BITS
            if self._block and kind != _CONTINUATION:
                raise Opaque("http2_frames")
            whole = kind in _READ_WHOLE or (kind == _DATA and flags & _PADDED)
            if not whole:
                at += _HEAD_BYTES
                self._begin_payload(kind, flags, stream_id, length, now)
            elif size - at - _HEAD_BYTES < length:
                if length > LARGEST_KEPT_FRAME_BYTES:
                    raise Opaque("http2_frame_size")
                break
            else:
                start = at + _HEAD_BYTES
                at = start + length
                self._whole(kind, flags, stream_id, data[start:at], now)
        self._rest = data[at:] if at < size else b""

    def _begin_payload(self, kind: int, flags: int, stream_id: int, length: int, now: float) -> None:
        """A frame whose payload passes piece by piece: DATA is kept, the rest stepped over."""
        self._left = length
        if kind != _DATA:
            self._stream, self._ends = 0, False
            return
        self._stream, self._ends = stream_id, bool(flags & _END_STREAM)
        self._owner.frame(stream_id, length, from_client=self._from_client, now=now)

    def _payload(self, data: bytes, at: int, now: float) -> int:
        """Take what is here of the current payload; where it ends in `data`."""
        end = min(len(data), at + self._left)
        if self._stream and end > at:
            self._owner.data(self._stream, data[at:end], from_client=self._from_client, now=now)
        self._left -= end - at
        if self._left == 0 and self._ends:
            self._ends = False
            self._owner.end(self._stream, from_client=self._from_client, now=now)
        return end

    def _whole(self, kind: int, flags: int, stream_id: int, payload: bytes, now: float) -> None:
        owner, from_client = self._owner, self._from_client
        if kind == _DATA:
            owner.frame(stream_id, len(payload), from_client=from_client, now=now)
            owner.data(stream_id, _unpadded(payload), from_client=from_client, now=now)
            if flags & _END_STREAM:
                owner.end(stream_id, from_client=from_client, now=now)
        elif kind == _RST_STREAM:
            owner.reset(stream_id, int.from_bytes(payload[:4]), from_client=from_client, now=now)
        elif kind == _GOAWAY:
            owner.goaway(int.from_bytes(payload[:4]) & _STREAM_BITS, from_client=from_client, now=now)
        else:
            self._fragment(kind, flags, stream_id, payload, now)

    def _fragment(self, kind: int, flags: int, stream_id: int, payload: bytes, now: float) -> None:
        """HEADERS, PUSH_PROMISE or CONTINUATION: a header block, or a part of one."""
        if kind == _CONTINUATION:
            if not self._block or stream_id != self._block_stream:
                raise Opaque("http2_frames")
        else:
            if flags & _PADDED:
                payload = _unpadded(payload)
            if kind == _HEADERS and flags & _PRIORITY:
                payload = payload[5:]
            payload = payload[_FRAGMENT_START[kind] :]
            self._block_stream = stream_id if kind == _HEADERS else 0
            self._block_end = kind == _HEADERS and bool(flags & _END_STREAM)
        if not flags & _END_HEADERS or self._block:
            self._block.append(payload)
            if len(self._block) > MOST_FRAGMENTS or sum(map(len, self._block)) > LARGEST_BLOCK_BYTES:
                raise Opaque("http2_headers")
            if not flags & _END_HEADERS:
                return
            payload, self._block = b"".join(self._block), []
        self._headers(payload, now)

    def _headers(self, block: bytes, now: float) -> None:
        try:
            headers = self._blocks.decode(block)
        except BadBlock as error:
            raise Opaque("http2_headers") from error
        if self._block_stream:
            self._owner.headers(self._block_stream, headers, from_client=self._from_client, now=now)
            if self._block_end:
                self._owner.end(self._block_stream, from_client=self._from_client, now=now)


def _unpadded(payload: bytes) -> bytes:
    """A padded frame's payload without its padding; raises Opaque when the padding is longer than the frame."""
    if not payload or payload[0] >= len(payload):
        raise Opaque("http2_frames")
    return payload[1 : len(payload) - payload[0]]


def _head_chunk(headers: Headers) -> bytes:
    """Headers as the first chunk of a sampled side."""
    return json.dumps([[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]).encode()
