"""Follows HTTP/2 and gRPC passively, from the first byte of a connection.

Both directions are walked frame by frame (`frames`): every header block is decoded, DATA is counted and kept for
sampled streams. An exchange is a stream. It begins with the client's HEADERS of a new stream and ends with the last
byte of the server's END_STREAM, a reset, or the connection.

* A new exchange is a stream id above the last one, not an unknown id: ids of ended streams still occur.
* GOAWAY refuses the streams above its last id; a refused exchange was never served and is no error of the server.
* A client's deadline shows as its RST_STREAM after `grpc-timeout`, or as status 4 from the server.

Pure: it sees bytes and times; it knows no socket and no clock.
"""

from typing import ClassVar

from sentinel.relay.following import Follower, Opaque
from sentinel.relay.frames import Frames
from sentinel.relay.heads import Head
from sentinel.relay.tally import RouteTally
from sentinel.relay.traces import trace_of
from sentinel.traffic.channel import Sample, Side
from sentinel.traffic.ledger import DROPPED_OPAQUE, RECEIVED, SAMPLED_OUT
from sentinel.traffic.summary import Code, Exemplar

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MOST_STREAMS = 10_000  # open at once on one connection; servers allow 100 to a few thousand
FULL_FRAME_BYTES = 16384  # largest frame unless a peer allows more: longer messages are cut into such frames
_REFUSED_STREAM = 7
_TIMEOUT_SLACK = 0.95  # a client's clock started before its request reached us


class Copy:
    """What is kept of a sampled exchange: its header blocks in order, and the bodies."""

    __slots__ = ("heads", "request", "response")

    def __init__(self, asked: Head, room_bytes: int) -> None:
        self.heads = [asked]
        self.request, self.response = Side([], [], False, room_bytes), Side([], [], False, room_bytes)


class Stream:
    """One exchange under way. first_at: when the answer began, 0 before; code: how it ended, as far as is known."""

    __slots__ = (
        "answered_bytes", "asked", "asked_bytes", "code", "copy", "first_at", "last_at", "last_frame", "started_at",
        "status", "tally", "timeout",
    )  # fmt: skip

    def __init__(self, asked: Head, tally: RouteTally, timeout: float, started_at: float) -> None:
        self.asked = asked
        self.tally = tally
        self.timeout = timeout
        self.started_at = started_at
        self.status = self.asked_bytes = self.answered_bytes = 0
        self.code = "disconnected"
        self.first_at = self.last_at = 0.0
        self.last_frame = FULL_FRAME_BYTES
        self.copy: Copy | None = None


class Http2:
    """The exchanges of one connection. Feed `client` and `server` with bytes after they were written on."""

    waits: ClassVar[int] = 512  # a call or two; larger chunks hold many, and take as long to look at as many chunks
    __slots__ = ("_asked", "_cells", "_connection", "_follower", "_listener", "_preface", "server", "streams")

    def __init__(self, follower: Follower, listener: int, connection: int = 0) -> None:
        self._follower = follower
        self._connection = connection
        self._cells = follower.cells
        self._listener = listener
        self._preface = PREFACE
        self.streams: dict[int, Stream] = {}
        self._asked = Frames(Asking(self, follower)).feed
        self.server = Frames(Answering(self)).feed  # bytes from the server at a time; raises Opaque, as `client`

    def client(self, data: bytes, now: float) -> None:
        """Bytes from the client at `now` (monotonic seconds). Raises Opaque when they cannot be followed."""
        if self._preface:
            length = min(len(data), len(self._preface))
            if data[:length] != self._preface[:length]:
                raise Opaque("http2_preface")
            self._preface, data = self._preface[length:], data[length:]
        self._asked(data, now)

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

    def finish(self, stream_id: int, now: float) -> None:
        """The last byte of the answer passed."""
        stream = self.streams.pop(stream_id, None)
        if stream is None:
            return
        started = stream.started_at
        duration, first = now - started, (stream.first_at or now) - started
        if stream.tally.answered(stream.code, duration, first, stream.asked_bytes, stream.answered_bytes):
            _note(stream, stream.code, duration)
        if stream.copy is None:
            self._cells[SAMPLED_OUT] += 1
        else:
            self._hand(stream, stream.copy, duration, first, closed=False)

    def cut(self, stream_id: int, code: str, now: float) -> None:
        """A stream ended before its answer did."""
        stream = self.streams.pop(stream_id)
        duration = first = now - stream.started_at
        if stream.first_at:
            first = stream.first_at - stream.started_at
            notable = stream.tally.answered(code, duration, first, stream.asked_bytes, stream.answered_bytes)
        else:
            notable = stream.tally.unanswered(code, stream.asked_bytes)
        if notable:
            _note(stream, code, duration)
        if stream.copy is None:
            self._cells[SAMPLED_OUT] += 1
        else:
            self._hand(stream, stream.copy, duration, first, closed=True)

    def _hand(self, stream: Stream, copy: Copy, duration: float, first_byte: float, *, closed: bool) -> None:
        request, response = copy.request, copy.response
        asked, *answered = copy.heads
        for side, heads in ((request, [asked]), (response, answered)):
            side.chunks.insert(0, b"[" + b",".join(filter(None, [head.items() for head in heads])) + b"]")
            side.seconds.insert(0, 0.0)
        protocol, started = stream.tally.route.protocol, self._follower.wall(stream.started_at)
        place, times = (0, protocol, self._listener, stream.status), (started, duration, first_byte)
        self._follower.hand(Sample(*place, *times, request, response, closed, self._connection))


def _note(stream: Stream, code: Code, duration: float) -> None:
    """Keep the stream as an exemplar."""
    trace = trace_of(dict(stream.asked.headers).get)
    stream.tally.note(Exemplar(code, duration, stream.asked_bytes, stream.answered_bytes, trace))


class Asking:
    """What the client's frames mean."""

    __slots__ = ("_cells", "_follower", "_last", "_owner", "_streams", "_take")

    def __init__(self, owner: Http2, follower: Follower) -> None:
        self._owner = owner
        self._streams = owner.streams
        self._follower = follower
        self._cells = follower.cells
        self._take = follower.sampler.take
        self._last = 0

    def head(self, stream_id: int, head: Head, ends: int, now: float) -> None:
        """HEADERS: a new exchange, unless they are trailers."""
        if stream_id <= self._last or not stream_id & 1:
            return
        self._last = stream_id
        if len(self._streams) >= MOST_STREAMS:
            raise Opaque("http2_streams")
        if head.request is None:
            head.request = self._follower.tally.of_headers(head.headers)
        tally, timeout = head.request
        self._streams[stream_id] = stream = Stream(head, tally, timeout, now)
        if self._take(now):
            stream.copy = Copy(head, self._follower.room_bytes)
        self._cells[RECEIVED] += 1

    def data(self, stream_id: int, data: bytes, start: int, end: int, ends: int, now: float) -> None:
        stream = self._streams.get(stream_id)
        if stream is not None:
            stream.asked_bytes += end - start
            if stream.copy is not None and end > start:
                stream.copy.request.keep(data[start:end], now - stream.started_at)

    def begin(self, stream_id: int, length: int, now: float) -> None:
        """Gaps are of answers."""

    def piece(self, stream_id: int, data: bytes, now: float) -> None:
        self.data(stream_id, data, 0, len(data), 0, now)

    def end(self, stream_id: int, now: float) -> None:
        """An exchange ends with its answer."""

    def reset(self, stream_id: int, code: int, now: float) -> None:
        stream = self._streams.get(stream_id)
        if stream is not None:
            timed_out = stream.timeout and now - stream.started_at >= stream.timeout * _TIMEOUT_SLACK
            self._owner.cut(stream_id, "timeout" if timed_out else "canceled", now)

    def goaway(self, last_id: int, now: float) -> None:
        """Speaks of streams that the server would open."""


class Answering:
    """What the server's frames mean."""

    __slots__ = ("_owner", "_streams", "end")

    def __init__(self, owner: Http2) -> None:
        self._owner = owner
        self._streams = owner.streams
        self.end = owner.finish

    def head(self, stream_id: int, head: Head, ends: int, now: float) -> None:
        stream = self._streams.get(stream_id)
        if stream is None:
            return
        stream.first_at = stream.first_at or now
        if head.code:
            stream.code = head.code
            stream.status = head.status or stream.status
        if stream.copy is not None:
            stream.copy.heads.append(head)
        if ends:
            self.end(stream_id, now)

    def data(self, stream_id: int, data: bytes, start: int, end: int, ends: int, now: float) -> None:
        stream = self._streams.get(stream_id)
        if stream is None:
            return
        if stream.last_frame < FULL_FRAME_BYTES:
            stream.tally.gap(now - stream.last_at)
        stream.last_at = now
        stream.last_frame = end - start
        stream.answered_bytes += end - start
        if stream.copy is not None and end > start:
            stream.copy.response.keep(data[start:end], now - stream.started_at)
        if ends:
            self.end(stream_id, now)

    def begin(self, stream_id: int, length: int, now: float) -> None:
        """A DATA frame begins. After a full one it is a further piece of a message, not a message of a stream."""
        stream = self._streams.get(stream_id)
        if stream is not None:
            if stream.last_frame < FULL_FRAME_BYTES:
                stream.tally.gap(now - stream.last_at)
            stream.last_at = now
            stream.last_frame = length

    def piece(self, stream_id: int, data: bytes, now: float) -> None:
        stream = self._streams.get(stream_id)
        if stream is not None:
            stream.answered_bytes += len(data)
            if stream.copy is not None:
                stream.copy.response.keep(data, now - stream.started_at)

    def reset(self, stream_id: int, code: int, now: float) -> None:
        if stream_id in self._streams:
            self._owner.cut(stream_id, "refused" if code == _REFUSED_STREAM else "disconnected", now)

    def goaway(self, last_id: int, now: float) -> None:
        for stream_id in [one for one in self._streams if one > last_id]:
            self._owner.cut(stream_id, "refused", now)
