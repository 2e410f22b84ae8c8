"""Strict HTTP/1.1 reading of a sample's raw bytes: one or more exchanges, or the reason why not.

The relay decided by turnaround where the exchange began and ended; here every framing rule is checked (h11), so a wrong
boundary, a smuggled request or a cut body is found and counted, never analysed. Pure: a sample in, exchanges out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import h11

from sentinel.traffic.channel import Sample, Side
from sentinel.traffic.exchange import Exchange, Message

LARGEST_HEAD_BYTES = 64 << 10  # of a request line and headers together; h11 refuses longer ones
_SWITCHING = 101


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a sample gave no exchange: a short fixed word."""

    reason: str


@dataclass(slots=True)
class _Part:
    """A message as it is read: its first event, its body so far, and whether its end was seen."""

    event: h11.Request | h11.Response | h11.InformationalResponse
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False

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
    if not answers[-1].complete and not sample.response.cut:
        return Unreadable("incomplete")
    pairs = zip(asked, answers, strict=True)
    return [_exchange(sample, request, answer, max_body_bytes) for request, answer in pairs]


def _requests(side: Side) -> Iterator[_Part]:
    """The requests in the client's bytes; the last may be incomplete."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD_BYTES)
    for chunk in side.chunks:
        connection.receive_data(chunk)
    while True:
        part = _next(connection)
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
    rest = b"".join(side.chunks)
    for number, request in enumerate(asked):
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD_BYTES)
        _ask(connection, request.event)
        connection.receive_data(rest)
        if closed and not side.cut:
            connection.receive_data(b"")
        part = _next(connection)
        if part is None:
            return
        yield part
        rest = connection.trailing_data[0]
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


def _next(connection: h11.Connection) -> _Part | None:
    """Read events up to the end of one message; None when not even its head is there."""
    part: _Part | None = None
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request | h11.Response):
            part = _Part(event)
        elif isinstance(event, h11.Data) and part is not None:
            part.body += event.data
        elif isinstance(event, h11.EndOfMessage) and part is not None:
            part.complete = True
            return part
        elif isinstance(event, h11.InformationalResponse) and event.status_code == _SWITCHING:
            return _Part(event, complete=True)
        elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
            return part


def _exchange(sample: Sample, request: _Part, answer: _Part, max_body_bytes: int) -> Exchange:
    assert isinstance(request.event, h11.Request)
    return Exchange(
        protocol=sample.protocol,
        method=request.event.method.decode("ascii"),
        target=request.event.target.decode("latin-1"),
        status=answer.status,
        request=_message(request, max_body_bytes),
        response=_message(answer, max_body_bytes),
        started_at=sample.started_at,
        duration_seconds=sample.duration_seconds,
        first_byte_seconds=sample.first_byte_seconds,
        chunk_seconds=_stream_times(sample, answer),
        listener=sample.listener,
    )


def _message(part: _Part, max_body_bytes: int) -> Message:
    headers: dict[str, str] = {}
    for name, value in part.event.headers:
        key, text = name.decode("ascii"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    truncated = not part.complete or len(part.body) > max_body_bytes
    return Message(headers, b"" if truncated else bytes(part.body), truncated)


def _stream_times(sample: Sample, answer: _Part) -> tuple[float, ...]:
    """Arrivals of the chunks that carry the body of an answer without a length given in advance.

    Servers send the head of a stream before its first event is ready: a chunk of head alone is no part of the answer.
    """
    chunks = sample.response.chunks
    if len(chunks) < 2 or any(name == b"content-length" for name, _ in answer.event.headers):
        return ()
    head = b""
    for at, chunk in enumerate(chunks):
        head += chunk
        if head.partition(b"\r\n\r\n")[2]:
            return tuple(sample.response.seconds[at:])
    return ()
