"""What Envoy's external-processing filter tells of a request in observability mode, put together to an exchange.

The filter (`envoy.service.ext_proc.v3.ExternalProcessor`) opens a call for each request and sends headers, pieces of
bodies and trailers as they pass, without waiting for an answer. Times are those of the messages' arrival. Pure: no
socket and no clock here.
"""

from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from sentinel.decode.descriptors import classes_of
from sentinel.intake.http1 import EVENT_STREAM
from sentinel.traffic.exchange import Exchange, Message

if TYPE_CHECKING:
    from google.protobuf.message import Message as WireMessage

METHOD_PATH = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"

# of envoy/service/ext_proc/v3/external_processor.proto and envoy/config/core/v3/base.proto
_MESSAGES = {
    "HeaderValue": "key=1:bytes value=2:bytes raw_value=3:bytes",
    "HeaderMap": "headers=1:*HeaderValue",
    "HttpHeaders": "headers=1:HeaderMap end_of_stream=3:bool",
    "HttpBody": "body=1:bytes end_of_stream=2:bool",
    "HttpTrailers": "trailers=1:HeaderMap",
    "ProcessingRequest": "request_headers=2:HttpHeaders response_headers=3:HttpHeaders request_body=4:HttpBody"
    " response_body=5:HttpBody request_trailers=6:HttpTrailers response_trailers=7:HttpTrailers",
}


class BadMessage(ValueError):
    """Bytes that are no message of the filter."""


class _Side:
    """One direction. seconds: arrival of each piece of the body after the request's begin. held: bytes kept of it."""

    __slots__ = ("chunks", "ended", "headers", "held", "room", "seconds")

    def __init__(self, room: int) -> None:
        self.headers: dict[str, str] = {}
        self.chunks: list[bytes] = []
        self.seconds: list[float] = []
        self.held = 0
        self.room = room
        self.ended = False

    def take(self, part: Any, seconds: float) -> None:
        """HttpHeaders, once, then any number of HttpBody, then HttpTrailers. Raises BadMessage for more than that."""
        kind = part.DESCRIPTOR.name
        if self.ended or (kind == "HttpHeaders" and self.headers):
            raise BadMessage(f"{kind} after the end, or twice")
        if kind == "HttpBody":
            self._keep(part.body, seconds)
        else:
            _add_headers(self.headers, part.headers if kind == "HttpHeaders" else part.trailers)
        self.ended = kind == "HttpTrailers" or part.end_of_stream

    def _keep(self, piece: bytes, seconds: float) -> None:
        """While the whole fits; a body that does not is given up."""
        if not piece or self.room < 0:
            return
        self.room -= len(piece)
        if self.room < 0:
            self.chunks, self.seconds, self.held = [], [], 0
            return
        self.chunks.append(piece)
        self.seconds.append(seconds)
        self.held += len(piece)

    def message(self, *, truncated: bool) -> Message:
        plain = {name: value for name, value in self.headers.items() if not name.startswith(":")}
        return Message(plain, b"".join(self.chunks), truncated)


class Observed:
    """One request as it is told: `take` every message, then ask for the `outcome`."""

    __slots__ = ("_begun", "_first_byte", "_last", "_request", "_response", "_started_at")

    def __init__(self, max_body_bytes: int, started_at: float, now: float) -> None:
        """started_at: wall clock of the first message; now: monotonic, as in `take`."""
        self._started_at = started_at
        self._begun = now
        self._first_byte = self._last = 0.0
        self._request, self._response = _Side(max_body_bytes), _Side(max_body_bytes)

    @property
    def complete(self) -> bool:
        """Whether both sides have ended."""
        return self._request.ended and self._response.ended

    @property
    def held(self) -> int:
        """Bytes of bodies that are kept."""
        return self._request.held + self._response.held

    def take(self, data: bytes, now: float) -> None:
        """One ProcessingRequest. Raises BadMessage."""
        self._last = now - self._begun
        for field, part in _read(data).ListFields():
            answered = field.name.startswith("response_")
            if answered and not self._first_byte:
                self._first_byte = self._last
            (self._response if answered else self._request).take(part, self._last)

    def outcome(self) -> Exchange | str:
        """The exchange, or why there is none: no_request, no_response, or incomplete when the answer did not end."""
        asked, answered = self._request, self._response
        if ":path" not in asked.headers:
            return "no_request"
        status = answered.headers.get(":status", "")
        if not status.isdigit():
            return "no_response"
        if not answered.ended and EVENT_STREAM not in answered.headers.get("content-type", ""):
            return "incomplete"
        return self._exchange(int(status))

    def _exchange(self, status: int) -> Exchange:
        asked, answered = self._request, self._response
        is_grpc = asked.headers.get("content-type", "").startswith("application/grpc")
        grpc_status = answered.headers.get("grpc-status", "")
        return Exchange(
            protocol="grpc" if is_grpc else "push",
            method=asked.headers.get(":method", ""),
            target=asked.headers[":path"],
            status=status,
            request=asked.message(truncated=asked.room < 0 or not asked.ended),
            response=answered.message(truncated=answered.room < 0),
            started_at=self._started_at,
            duration_seconds=self._last,
            first_byte_seconds=self._first_byte,
            grpc_status=int(grpc_status) if is_grpc and grpc_status.isdigit() else None,
            chunk_seconds=tuple(answered.seconds),
            chunk_bytes=tuple(accumulate(map(len, answered.chunks))),
            aborted=not answered.ended,
        )


def load() -> None:
    """Import protobuf now, which takes a tenth of a second, and not with the first message."""
    _request_class()


def _add_headers(headers: dict[str, str], told: Any) -> None:
    for one in told.headers:
        name, value = one.key.decode("latin-1"), (one.raw_value or one.value).decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value


def _read(data: bytes) -> Any:
    from google.protobuf.message import DecodeError

    message = _request_class()()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise BadMessage(f"{len(data)} bytes are no ProcessingRequest") from error
    return message


@cache
def _request_class() -> "type[WireMessage]":
    return classes_of("sentinel_ext_proc", _MESSAGES)["ProcessingRequest"]
