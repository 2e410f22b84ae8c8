"""One request and its response, as seen on the wire and strictly parsed: what decoders read."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Message:
    """One side of an exchange: lower-case header names; body with transfer framing removed, content encoding kept."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    truncated: bool = False  # the body went on beyond max_body_bytes and must not be analysed


@dataclass(frozen=True, slots=True)
class Exchange:
    """A sampled exchange.

    protocol: "http/1.1", "http/2", "grpc" or "push"; `method` and `target` as on the request line (HTTP/2: :method and
    :path).
    status: HTTP status, 0 when no answer was seen; grpc_status: from the trailers, None for plain HTTP.
    started_at: wall clock, seconds since the epoch; durations in seconds, monotonic.
    chunk_seconds: arrival of each response chunk after `started_at`, for streams (SSE, gRPC streaming); else empty.
    chunk_bytes: bytes of the response's body that had come by then, where that is known.
    peer: address of who connected, "" where nobody knows; it tells clients apart in memory and goes nowhere.
    aborted: an event stream that was broken off, by the client or by the server; its body is what had come by then.
    """

    protocol: str
    method: str
    target: str
    status: int
    request: Message
    response: Message
    started_at: float
    duration_seconds: float
    first_byte_seconds: float
    grpc_status: int | None = None
    chunk_seconds: tuple[float, ...] = ()
    listener: int = 0
    chunk_bytes: tuple[int, ...] = ()
    aborted: bool = False
    peer: str = ""

    @property
    def path(self) -> str:
        return self.target.split("?", 1)[0]
