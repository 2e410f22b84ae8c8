"""Strict HTTP/1.1 reading of a sample's raw bytes: one or more exchanges, or the reason why not.

The relay decided by turnaround where the exchange began and ended; here every framing rule is checked (h11), so a wrong
boundary, a smuggled request or a cut body is found and counted, never analysed. Pure: a sample in, exchanges out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import h11

from sentinel.traffic.channel import Sample, Side
from sentinel.traffic.exchange import Exchange, Message

LARGEST_HEAD_BYTES = 64 << 10  # of a request line and headers together; h11 refuses longer ones
_SWITCHING = 101
EVENT_STREAM = "text/event-stream"  # what is told by an answer that was broken off is worth reading


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a sample gave no exchange: a short fixed word."""

    reason: str


@dataclass(slots=True)
class _Part:
    """A message as it is read: its first event, its body so far, and whether its end was seen.

    arrived: bytes of the body that had come with each of the chunks it was read from.
    """

    event: h11.Request | h11.Response | h11.InformationalResponse
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False
    arrived: list[int] = field(default_factory=list)

    @property
    def status(self) -> int:
        return 0 if isinstance(self.event, h11.Request) else self.event.status_code


def read(sample: Sample, max_body_bytes: int) -> list[Exchange] | Unreadable:
    """The exchanges in a sample: one, or several when the client pipelined.

    A body beyond `max_body_bytes`, or left out by the relay, comes back as a truncated message. Reasons:
    malformed_request, malformed_response, no_response (the answer never began), incomplete (a message ends before its
    framing says so), and pairing (answers and requests do not match: the relay and this reader disagree on a
    boundary).
    """
    try:
        asked = list(_requests(sample.request))
    except h11.RemoteProtocolError:
        return Unreadable("malformed_request")
    if not asked or (not asked[-1].complete and not sample.request.cut and not sample.response.chunks):
        return Unreadable("incomplete")
    if not sample.response.chunks:
        return Unreadable("no_response")
    try:
        answers = list(_responses(sample.response, asked, sample.closed))
    except h11.RemoteProtocolError:
        return Unreadable("malformed_response")
    if len(answers) != len(asked):
        return Unreadable("pairing" if not sample.closed else "incomplete")
    aborted = not answers[-1].complete and not sample.response.cut
    if aborted and not _is_event_stream(answers[-1]):
        return Unreadable("incomplete")
    pairs = zip(asked, answers, strict=True)
    return [_exchange(sample, request, answer, max_body_bytes) for request, answer in pairs]


def _requests(side: Side) -> Iterator[_Part]:
    """The requests in the client's bytes; the last may be incomplete."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD_BYTES)
    for chunk in side.chunks:
        connection.receive_data(chunk)
    while True:
        part = _next(connection, iter(()))
        if part is None:
            return
        yield part
        if not part.complete or not _another(connection):
            return


def _another(connection: h11.Connection) -> bool:
    """Make ready for a further request when the client sent more bytes."""
    if not connection.trailing_data[0] or connection.their_state is not h11.DONE:
        return False
    connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    connection.start_next_cycle()
    return True


def _responses(side: Side, asked: list[_Part], closed: bool) -> Iterator[_Part]:
    """The final answers in the server's bytes, each read as the answer to its request."""
    waiting, end = iter(side.chunks), [b""] if closed and not side.cut else []
    for number, request in enumerate(asked):
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD_BYTES)
        _ask(connection, request.event)
        part = _next(connection, chain(waiting, end))
        if part is None:
            return
        yield part
        rest = b"".join([connection.trailing_data[0], *waiting])
        waiting = iter([rest])
        if not rest or not part.complete:
            return
        if number == len(asked) - 1 and part.status != _SWITCHING:
            raise h11.RemoteProtocolError("bytes after the last answer")


def _ask(connection: h11.Connection, request: object) -> None:
    """Tell the reader of answers what was asked: HEAD, CONNECT and upgrades change how an answer ends."""
    assert isinstance(request, h11.Request)
    kept = [(name, value) for name, value in request.headers if name in (b"host", b"connection", b"upgrade")]
    if not any(name == b"host" for name, _ in kept):
        kept.append((b"host", b""))
    connection.send(h11.Request(method=request.method, target=request.target, headers=kept))
    connection.send(h11.EndOfMessage())


def _next(connection: h11.Connection, waiting: Iterator[bytes]) -> _Part | None:
    """Read events up to the end of one message, from chunks that wait; None when not even its head is there."""
    part: _Part | None = None
    headless = 0
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request | h11.Response):
            part = _Part(event, arrived=[0] * (headless - 1))
        elif isinstance(event, h11.Data) and part is not None:
            part.body += event.data
        elif isinstance(event, h11.EndOfMessage) and part is not None:
            part.complete = True
            part.arrived.append(len(part.body))
            return part
        elif isinstance(event, h11.InformationalResponse) and event.status_code == _SWITCHING:
            return _Part(event, complete=True)
        elif event is h11.NEED_DATA and (chunk := next(waiting, None)) is not None:
            if part is not None:
                part.arrived.append(len(part.body))
                if not chunk and _is_event_stream(part) and not _until_close(part):
                    return part  # broken off
            headless += part is None
            connection.receive_data(chunk)
        elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
            return part


def _exchange(sample: Sample, request: _Part, answer: _Part, max_body_bytes: int) -> Exchange:
    assert isinstance(request.event, h11.Request)
    aborted = not answer.complete and not sample.response.cut
    seconds, arrived = _stream_times(sample, answer)
    return Exchange(
        protocol=sample.protocol,
        method=request.event.method.decode("ascii"),
        target=request.event.target.decode("latin-1"),
        status=answer.status,
        request=_message(request, request.complete, max_body_bytes),
        response=_message(answer, answer.complete or aborted, max_body_bytes),
        started_at=sample.started_at,
        duration_seconds=sample.duration_seconds,
        first_byte_seconds=sample.first_byte_seconds,
        chunk_seconds=seconds,
        listener=sample.listener,
        chunk_bytes=arrived,
        aborted=aborted,
        peer=sample.peer,
    )


def _is_event_stream(part: _Part) -> bool:
    return any(
        name == b"content-type" and EVENT_STREAM in value.decode("latin-1") for name, value in part.event.headers
    )


def _until_close(part: _Part) -> bool:
    """Whether the end of the connection is the end of the message."""
    return not any(name in (b"content-length", b"transfer-encoding") for name, _ in part.event.headers)


def _message(part: _Part, whole: bool, max_body_bytes: int) -> Message:
    headers: dict[str, str] = {}
    for name, value in part.event.headers:
        key, text = name.decode("ascii"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    truncated = not whole or len(part.body) > max_body_bytes
    return Message(headers, b"" if truncated else bytes(part.body), truncated)


def _stream_times(sample: Sample, answer: _Part) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Arrivals of the chunks that carry the body of an answer without a length given in advance, and its bytes so far.

    Servers send the head of a stream before its first event is ready: a chunk of head alone is no part of the answer.
    """
    if len(sample.response.chunks) < 2 or any(name == b"content-length" for name, _ in answer.event.headers):
        return (), ()
    arrived = answer.arrived or [len(answer.body)]
    arrived += arrived[-1:] * (len(sample.response.seconds) - len(arrived))
    first = next((at for at, size in enumerate(arrived) if size), len(arrived))
    return tuple(sample.response.seconds[first:]), tuple(arrived[first:])
