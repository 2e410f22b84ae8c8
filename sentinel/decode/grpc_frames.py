"""gRPC's length-prefixed messages inside a body, decompressed and bounded."""

from sentinel.decode import bodies
from sentinel.decode.reasons import Reason, Refused

PREFIX_BYTES = 5
"""One byte of flags (1: compressed) and four of length, big-endian."""


def only_message(body: bytes, encoding: str, limit: int) -> bytes:
    """The message of a unary call. Refused: bad_frame (none, several, a lying length), expands_too_far …"""
    if len(body) < PREFIX_BYTES or body[0] > 1:
        raise Refused(Reason.BAD_FRAME)
    if int.from_bytes(body[1:PREFIX_BYTES], "big") != len(body) - PREFIX_BYTES:
        raise Refused(Reason.BAD_FRAME)
    message = body[PREFIX_BYTES:]
    return bodies.expand(encoding.strip().lower(), message, limit) if body[0] and message else message
