"""Follows HTTP/2 and gRPC passively, from the first byte of a connection.

Both directions are walked frame by frame (`frames`): every header block is decoded, DATA is counted and kept for
sampled streams. An exchange is a stream. It begins with the client's HEADERS of a new stream and ends with the last
byte of the server's END_STREAM, a reset, or the connection.

* A new exchange is a stream id above the last one, not an unknown id: ids of ended streams still occur.
* GOAWAY refuses the streams above its last id; a refused exchange was never served and is no error of the server.
* A client's deadline shows as its RST_STREAM after `grpc-timeout`, or as status 4 from the server.

Pure: it sees bytes and times; it knows no socket and no clock.
"""

import json

from sentinel.relay.following import Follower, Opaque
from sentinel.relay.frames import FULL_FRAME_BYTES, Frames
from sentinel.relay.hpack import Head
from sentinel.relay.tally import Headers, RouteTally
from sentinel.traffic.channel import Sample, Side
from sentinel.traffic.ledger import DROPPED_OPAQUE, RECEIVED, SAMPLED_OUT

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MOST_STREAMS = 10_000  # open at once on one connection; servers allow 100 to a few thousand
_REFUSED_STREAM = 7

# gRPC status to the classes that HTTP statuses have (google.rpc.Code and its HTTP mapping).
GRPC_CODES = {
    0: "2xx", 1: "canceled", 2: "5xx", 3: "4xx", 4: "timeout", 5: "4xx", 6: "4xx", 7: "4xx", 8: "4xx", 9: "4xx",
    10: "4xx", 11: "4xx", 12: "5xx", 13: "5xx", 14: "5xx", 15: "5xx", 16: "4xx",
}  # fmt: skip
_TIMEOUT_SLACK = 0.95  # a client's clock started before its request reached us


class Stream:
    """One exchange under way; its headers and bodies are kept when it is sampled."""

    __slots__ = (
        "answered_bytes", "asked_bytes", "first_at", "grpc_status", "heads", "last_at", "last_frame", "request",
        "response", "started_at", "status", "tally", "timeout",
    )  # fmt: skip

    def __init__(self, tally: RouteTally, started_at: float, timeout: float) -> None:
        self.tally = tally
        self.started_at = started_at
        self.timeout = timeout
        self.status = self.asked_bytes = self.answered_bytes = 0
        self.grpc_status: int | None = None
        self.first_at = self.last_at = 0.0
        self.last_frame = FULL_FRAME_BYTES
        self.request: Side | None = None
        self.response: Side | None = None

    def keep(self, head: Head, room_bytes: int) -> None:
        """This exchange is sampled."""
        self.request, self.response = Side(room=room_bytes), Side(room=room_bytes)
        self.heads: list[Headers] = [head.headers]


class Http2:
    """The exchanges of one connection. Feed `client` and `server` with bytes after they were written on."""

    __slots__ = ("_cells", "_client", "_follower", "_last", "_listener", "_preface", "_server", "streams")

    def __init__(self, follower: Follower, listener: int) -> None:
        self._follower = follower
        self._cells = follower.cells
        self._listener = listener
        self._preface = PREFACE
        self._client = Frames(Asking(self))
        self._server = Frames(Answering(self))
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
            self.cut(stream_id, "canceled" if by_client else "disconnected", now)

    def begin(self, stream_id: int, head: Head, now: float) -> None:
        """The client's HEADERS of a stream that is not open."""
        if stream_id <= self._last or not stream_id & 1:
            return
        self._last = stream_id
        if len(self.streams) >= MOST_STREAMS:
            raise Opaque("http2_streams")
        sampled = self._follower.sampler.take(now)
        if head.request is None:
            head.request = self._follower.tally.of_headers(head.headers)
        stream = Stream(head.request[0], now, head.request[1])
        if sampled:
            stream.keep(head, self._follower.room_bytes)
        self._cells[RECEIVED] += 1
        self.streams[stream_id] = stream

    def finish(self, stream_id: int, now: float) -> None:
        """The last byte of the answer passed."""
        stream = self.streams.pop(stream_id, None)
        if stream is None:
            return
        if stream.grpc_status is not None:
            code = GRPC_CODES.get(stream.grpc_status, "5xx")
        else:
            code = f"{stream.status // 100}xx" if 100 <= stream.status < 600 else "disconnected"
        duration, first = now - stream.started_at, stream.first_at - stream.started_at
        stream.tally.answered(code, duration, first, stream.asked_bytes, stream.answered_bytes)
        self._hand(stream, duration, first, closed=False)

    def cut(self, stream_id: int, code: str, now: float) -> None:
        """A stream ended before its answer did."""
        stream = self.streams.pop(stream_id)
        duration = now - stream.started_at
        if stream.first_at:
            first = stream.first_at - stream.started_at
            stream.tally.answered(code, duration, first, stream.asked_bytes, stream.answered_bytes)
        else:
            first = duration
            stream.tally.unanswered(code, stream.asked_bytes)
        self._hand(stream, duration, first, closed=True)

    def _hand(self, stream: Stream, duration: float, first_byte: float, *, closed: bool) -> None:
        request, response = stream.request, stream.response
        if request is None or response is None:
            self._cells[SAMPLED_OUT] += 1
            return
        asked, *answered = stream.heads
        for side, head in ((request, asked), (response, tuple(pair for block in answered for pair in block))):
            side.chunks.insert(0, _head_chunk(head))
            side.seconds.insert(0, 0.0)
        protocol, started = stream.tally.route.protocol, self._follower.wall(stream.started_at)
        times = (started, duration, first_byte)
        self._follower.hand(Sample(0, protocol, self._listener, stream.status, *times, request, response, closed))


class Asking:
    """What the client's frames mean."""

    __slots__ = ("_owner",)

    def __init__(self, owner: Http2) -> None:
        self._owner = owner

    def headers(self, stream_id: int, head: Head, now: float) -> None:
        if stream_id not in self._owner.streams:
            self._owner.begin(stream_id, head, now)

    def data(self, stream_id: int, data: bytes, start: int, end: int, now: float) -> None:
        stream = self._owner.streams.get(stream_id)
        if stream is not None:
            stream.asked_bytes += end - start
            if stream.request is not None:
                stream.request.keep(data[start:end], now - stream.started_at)

    def frame(self, stream_id: int, length: int, now: float) -> None:
        """Gaps are of answers."""

    def end(self, stream_id: int, now: float) -> None:
        """An exchange ends with its answer."""

    def reset(self, stream_id: int, code: int, now: float) -> None:
        stream = self._owner.streams.get(stream_id)
        if stream is not None:
            timed_out = stream.timeout and now - stream.started_at >= stream.timeout * _TIMEOUT_SLACK
            self._owner.cut(stream_id, "timeout" if timed_out else "canceled", now)

    def goaway(self, last_id: int, now: float) -> None:
        """Speaks of streams that the server would open."""


class Answering:
    """What the server's frames mean."""

    __slots__ = ("_owner",)

    def __init__(self, owner: Http2) -> None:
        self._owner = owner

    def headers(self, stream_id: int, head: Head, now: float) -> None:
        stream = self._owner.streams.get(stream_id)
        if stream is None:
            return
        stream.first_at = stream.first_at or now
        stream.last_at = now
        stream.status = head.status or stream.status
        if head.grpc_status is not None:
            stream.grpc_status = head.grpc_status
        if stream.request is not None:
            stream.heads.append(head.headers)

    def data(self, stream_id: int, data: bytes, start: int, end: int, now: float) -> None:
        stream = self._owner.streams.get(stream_id)
        if stream is not None:
            stream.answered_bytes += end - start
            if stream.response is not None:
                stream.response.keep(data[start:end], now - stream.started_at)

    def frame(self, stream_id: int, length: int, now: float) -> None:
        """A DATA frame begins. After a full one it is a further piece of a message, not a message of a stream."""
        stream = self._owner.streams.get(stream_id)
        if stream is not None:
            if stream.last_frame < FULL_FRAME_BYTES:
                stream.tally.gap(now - stream.last_at)
            stream.last_frame = length
            stream.last_at = now

    def end(self, stream_id: int, now: float) -> None:
        self._owner.finish(stream_id, now)

    def reset(self, stream_id: int, code: int, now: float) -> None:
        if stream_id in self._owner.streams:
            self._owner.cut(stream_id, "refused" if code == _REFUSED_STREAM else "disconnected", now)

    def goaway(self, last_id: int, now: float) -> None:
        for stream_id in [one for one in self._owner.streams if one > last_id]:
            self._owner.cut(stream_id, "refused", now)


def _head_chunk(headers: Headers) -> bytes:
    """Headers as the first chunk of a sampled side."""
    return json.dumps([[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]).encode()
