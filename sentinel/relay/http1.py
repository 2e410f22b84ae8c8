"""Follows HTTP/1 on one connection by turnaround, without parsing what it need not.

A request begins with the first client bytes after response bytes; its route is its first line, its status the first
bytes of the answer, its times the arrivals of chunks. Framing is not read: whether an answer was whole is looked at
only when a connection rests or ends, and the observer parses sampled exchanges strictly. Four things must be told
apart on the way:

* an interim answer (1xx) is no answer: client bytes after `100 Continue` belong to the same request;
* client bytes after an early answer (a 413 before the body was sent) are the old request's unless they start a request
  line;
* `101` and a successful CONNECT end HTTP on the connection;
* bytes that are neither request line nor status line end the following: the connection goes opaque, with a reason.

Pure: it sees bytes and times; it knows no socket and no clock.
"""

from typing import ClassVar

from sentinel.relay.following import Follower, Opaque
from sentinel.relay.tally import RouteTally
from sentinel.relay.traces import header_in, trace_of
from sentinel.traffic.channel import Sample, Side
from sentinel.traffic.ledger import DROPPED_OPAQUE, RECEIVED, SAMPLED_OUT
from sentinel.traffic.summary import Code, Exemplar

LONGEST_LINE = 16 << 10  # bytes of a request line; servers refuse at 8 to 16 KB
LONGEST_HEAD = 64 << 10  # bytes of an interim answer that are waited for, and of a head that completeness is read from

PROTOCOL = "http/1.1"
IDLE, ASKING, ANSWERING = range(3)

STATUSES = {f"HTTP/{version} {status}".encode(): status for version in ("1.1", "1.0") for status in range(100, 600)}
FINAL = {line: status for line, status in STATUSES.items() if status >= 200}
CODES = ("", "1xx", "2xx", "3xx", "4xx", "5xx")  # by the first digit of a status
_STATUS_LENGTH = len(b"HTTP/1.1 200")
_SWITCHING = 101
_NO_LINE = b"\r\n"  # no request begins so
_WAITING = -1  # as status: interim bytes came, the final answer has not begun
_BODILESS = (204, 304)
_PREFACE_LINE = b"PRI * HTTP/2.0"


class Http1:
    """The exchanges of one connection. Feed `client` and `server` with bytes after they were written on."""

    waits: ClassVar[int] = 4096  # larger chunks give their memory back at once, for the next to use
    __slots__ = (
        "_answered_bytes", "_asked", "_asked_bytes", "_cells", "_connection", "_first_at", "_follower", "_head",
        "_known", "_last_at", "_line", "_listener", "_partial", "_request", "_response", "_route", "_sampler",
        "_started_at", "_status", "_streams", "_tail", "_tally", "state",
    )  # fmt: skip

    def __init__(self, follower: Follower, listener: int, connection: int = 0) -> None:
        self._follower = follower
        self._cells = follower.cells
        self._connection = connection
        self._known = follower.tally.known_line
        self._sampler = follower.sampler
        self._listener = listener
        self._partial = self._head = self._tail = self._asked = b""
        self._streams: bool | None = None
        self._started_at = self._first_at = self._last_at = 0.0
        self._asked_bytes = self._answered_bytes = self._status = 0
        self.state = IDLE
        self._line = _NO_LINE  # request line of the last known exchange, usually that of the next one
        self._route: RouteTally | None = None  # and its counts
        self._tally: RouteTally | None = None
        self._request: Side | None = None
        self._response: Side | None = None

    # -- client bytes

    def client(self, data: bytes, now: float) -> None:
        """Bytes from the client at `now` (monotonic seconds). Raises Opaque when they cannot be followed."""
        if self.state == ASKING:
            self._asks_on(data, now)
            return
        tally = self._route if data.startswith(self._line) else self._find(data)
        if self.state == ANSWERING:
            if tally is None and not _may_start_request(data):
                self._asks_on(data, now)  # the rest of a request that was answered early
                return
            self._end(CODES[self._status // 100], False)
        self.state = ASKING
        self._started_at = now
        self._asked_bytes = size = len(data)
        self._asked = data if size <= LONGEST_LINE else data[:LONGEST_LINE]
        self._status = 0
        sampler = self._sampler
        if sampler.skips:
            sampler.skips -= 1
        elif sampler.take(now):
            room = self._follower.room_bytes
            self._request, self._response = Side([], [], False, room), Side([], [], False, room)
        if tally is None:
            self._begin(data)
            return
        self._tally = tally
        self._cells[RECEIVED] += 1
        if self._request is not None:
            self._request.keep(data, 0.0)

    def _find(self, data: bytes) -> RouteTally | None:
        """The counts of the request that `data` begins with, when its line was seen before."""
        end = data.find(b"\r\n", 0, LONGEST_LINE)
        tally = self._known(data[:end]) if end > 0 else None
        if tally is not None:
            self._line, self._route = data[: end + 2], tally
        return tally

    def _asks_on(self, data: bytes, now: float) -> None:
        self._asked_bytes += len(data)
        if self._tally is None:
            self._begin(self._partial + data)
        elif self._request is not None:
            self._request.keep(data, now - self._started_at)

    def _begin(self, data: bytes) -> None:
        """Find the request line, or wait for the rest of it."""
        end = data.find(b"\r\n", 0, LONGEST_LINE)
        if end < 0:
            if len(data) >= LONGEST_LINE or not _may_start_request(data):
                raise Opaque("request_line")
            self._partial = data
            return
        self._partial = b""
        tally = self._follower.tally.of_line(data[:end])
        if tally is None:
            raise Opaque("http2" if data[:end] == _PREFACE_LINE else "request_line")
        self._begun(tally, data)

    def _begun(self, tally: RouteTally, data: bytes) -> None:
        self._tally = tally
        self._cells[RECEIVED] += 1
        if self._request is not None:
            self._request.keep(data, 0.0)

    # -- server bytes

    def server(self, data: bytes, now: float) -> None:
        """Bytes from the server at `now`. Raises Opaque when they cannot be followed."""
        if self.state == ANSWERING:
            self._goes_on(data, now)
            return
        tally = self._tally
        if self.state == IDLE or tally is None:
            raise Opaque("unasked_answer" if self.state == IDLE else "request_line")
        if self._response is not None:
            self._response.keep(data, now - self._started_at)
        status = FINAL.get(data[:_STATUS_LENGTH]) if self._status == 0 else None
        if status is None:
            rest = self._after_interim(data)
            if rest is None:
                return
            status, data = STATUSES[rest[:_STATUS_LENGTH]], rest
        self._status = status
        self._answered_bytes = size = len(data)
        self._head, self._tail = data, b""
        if size > LONGEST_HEAD:
            self._head, self._tail = data[:LONGEST_HEAD], data[-5:]
        self._streams = None
        self._first_at = self._last_at = now
        self.state = ANSWERING
        if status == _SWITCHING or (tally.tunnels and status < 300):
            self._end(CODES[self._status // 100], False)
            raise Opaque("upgrade")  # what follows is no longer HTTP

    def _goes_on(self, data: bytes, now: float) -> None:
        if self._streams is None:
            self._read_head(data)
        if self._streams and self._tally is not None:
            self._tally.gap(now - self._last_at)
        self._tail = data[-5:] if len(data) >= 5 else ((self._tail or self._head) + data)[-5:]
        self._last_at = now
        self._answered_bytes += len(data)
        if self._response is not None:
            self._response.keep(data, now - self._started_at)

    def _read_head(self, data: bytes) -> None:
        """Complete the head of the answer from its further bytes, and see whether it is a stream."""
        if b"\r\n\r\n" not in self._head and len(self._head) < LONGEST_HEAD:
            self._head += data[:LONGEST_HEAD]
        if b"\r\n\r\n" in self._head:
            self._streams = _is_stream(self._head)

    def _after_interim(self, data: bytes) -> bytes | None:
        """Step over interim answers. What follows them, from its status line on; None while it has not begun."""
        head = self._head + data if self._status == _WAITING else data
        self._status, self._head = _WAITING, b""
        while head:
            status = STATUSES.get(head[:_STATUS_LENGTH])
            if status is not None and (status >= 200 or status == _SWITCHING):
                return head
            if status is None and (len(head) >= _STATUS_LENGTH or not _may_be_status(head)):
                raise Opaque("status_line")
            end = head.find(b"\r\n\r\n") if status is not None else -1
            if end < 0:
                if len(head) > LONGEST_HEAD:
                    raise Opaque("interim_head")
                self._head = head
                return None
            head = head[end + 4 :]
        return None

    # -- ends

    def resting(self, now: float, quiet_seconds: float) -> bool:
        """Whether nothing is under way: no request, or an answer that is whole and quiet; finishes the latter."""
        if self.state == IDLE:
            return True
        if self.state == ASKING or now - self._last_at < quiet_seconds or not self.whole():
            return False
        self._end(CODES[self._status // 100], False)
        return True

    def whole(self) -> bool:
        """Whether the answer seen so far is complete by its own framing."""
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return False
        if self._status in _BODILESS or (self._tally is not None and self._tally.bodiless):
            return True
        head = self._head[: end + 2].lower()
        if b"\r\ntransfer-encoding:" in head:
            return (self._tail or self._head[-5:]) == b"0\r\n\r\n"
        length = _content_length(head)
        return length is not None and end + 4 + length <= self._answered_bytes

    def abandoned(self) -> None:
        """The connection goes opaque: the exchange under way is counted as dropped."""
        if self.state != IDLE and self._tally is not None:
            self._cells[DROPPED_OPAQUE] += 1

    def closed(self, *, by_client: bool, now: float) -> None:
        """The connection ended. Counts what was under way: cut by the client (canceled) or by the server."""
        if self.state == IDLE or self._tally is None:
            return
        if self.state == ANSWERING and (self.whole() or (not by_client and self._until_close())):
            self._end(CODES[self._status // 100], True)
        else:
            self._last_at = now
            self._end("canceled" if by_client else "disconnected", True)

    def _until_close(self) -> bool:
        head, found, _ = self._head.partition(b"\r\n\r\n")
        lower = head.lower()
        return bool(found) and b"\r\ntransfer-encoding:" not in lower and _content_length(lower + b"\r\n") is None

    def _end(self, code: Code, closed: bool) -> None:
        """Count the exchange under way. closed: the connection ended with it."""
        tally, started = self._tally, self._started_at
        if tally is None:
            return
        duration = first_byte = self._last_at - started
        if self.state == ANSWERING:
            first_byte = self._first_at - started
            notable = tally.answered(code, duration, first_byte, self._asked_bytes, self._answered_bytes)
        else:
            self._status = self._answered_bytes = 0
            notable = tally.unanswered(code, self._asked_bytes)
        self._tally = None
        self.state = IDLE
        self._head = b""
        if notable:
            trace = trace_of(header_in(self._asked))
            tally.note(Exemplar(code, duration, self._asked_bytes, self._answered_bytes, trace))
        self._asked = b""
        if self._request is None or self._response is None:
            self._cells[SAMPLED_OUT] += 1
            return
        request, response, self._request, self._response = self._request, self._response, None, None
        times = (self._follower.wall(self._started_at), duration, first_byte)
        place, end = (0, PROTOCOL, self._listener, self._status), (closed, self._connection)
        self._follower.hand(Sample(*place, *times, request, response, *end))


def _may_start_request(data: bytes) -> bool:
    """Whether the bytes begin like a request line: an upper-case method, then a space, as far as they go."""
    word = data[:24].split(b" ", 1)[0]
    return len(word) < 24 and word.isalpha() and word.isupper()


def _may_be_status(head: bytes) -> bool:
    return b"HTTP/1.1 ".startswith(head[:9]) or b"HTTP/1.0 ".startswith(head[:9]) or head[:5] == b"HTTP/"


def _is_stream(head: bytes) -> bool:
    """Whether an answer comes in chunks that mean something: no length is given in advance."""
    return _content_length(head.partition(b"\r\n\r\n")[0].lower() + b"\r\n") is None


def _content_length(head: bytes) -> int | None:
    start = head.find(b"\r\ncontent-length:")
    if start < 0:
        return None
    value = head[start + 17 : head.find(b"\r\n", start + 2)].strip()
    return int(value) if value.isdigit() else None
