"""gRPC's length-prefixed messages inside a body, decompressed and bounded."""

from collections.abc import Mapping

from sentinel.decode import bodies
from sentinel.decode.reasons import Reason, Refused

PREFIX_BYTES = 5
"""One byte of flags (1: compressed) and four of length, big-endian."""

MAX_MESSAGES = 10_000
"""Messages of one stream that are read."""


def only_message(headers: Mapping[str, str], body: bytes, limit: int) -> bytes:
    """The message of a unary call. Refused: bad_frame (none, several, a lying length), expands_too_far …"""
    found = messages(headers, body, limit)
    if len(found) != 1:
        raise Refused(Reason.BAD_FRAME)
    return found[0]


def messages(headers: Mapping[str, str], body: bytes, limit: int) -> list[bytes]:
    """The messages of a call, in order; `limit` (bytes) holds for all of them together.

    Refused: bad_frame (a lying length), too_many_values, expands_too_far …
    """
    encoding = headers.get("grpc-encoding", "").strip().lower()
    found: list[bytes] = []
    at = 0
    while at < len(body):
        begin = at + PREFIX_BYTES
        end = begin + int.from_bytes(body[at + 1 : begin], "big")
        if body[at] > 1 or begin > len(body) or end > len(body):
            raise Refused(Reason.BAD_FRAME)
        if len(found) == MAX_MESSAGES:
            raise Refused(Reason.TOO_MANY_VALUES)
        message = body[begin:end]
        found.append(bodies.expand(encoding, message, limit) if body[at] and message else message)
        limit -= len(found[-1])
        at = end
    return found
