"""The trace id that a request carries, read from its head when the exchange is worth a look. Pure."""

from collections.abc import Callable

LONGEST_TRACE = 64  # characters; a W3C trace id has 32
_W3C_PARTS = 4

Header = Callable[[bytes], bytes | None]


def header_in(head: bytes) -> Header:
    """The headers of an HTTP/1 request by lower-case name, from its first bytes."""
    head = head.partition(b"\r\n\r\n")[0]
    lower = head.lower()

    def value(name: bytes) -> bytes | None:
        start = lower.find(b"\r\n" + name + b":")
        if start < 0:
            return None
        start += len(name) + 3
        end = lower.find(b"\r\n", start)
        return head[start : end if end >= 0 else None].strip()

    return value


def trace_of(header: Header) -> str:
    """The trace id (W3C traceparent), else the request id, else ""."""
    parts = (header(b"traceparent") or b"").split(b"-")
    found = parts[1] if len(parts) == _W3C_PARTS else header(b"x-request-id") or b""
    return found[:LONGEST_TRACE].decode("ascii", "replace")
