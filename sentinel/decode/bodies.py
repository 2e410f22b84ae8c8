"""Content encodings undone, bounded: a bomb costs at most `limit` bytes of memory and the time to make them.

Knows nothing of what the bytes mean.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import brotli
import zstandard

from sentinel.decode.reasons import Reason, Refused

MAX_ENCODINGS = 3
"""Encodings stacked on one body; real traffic has one."""

ZSTD_WINDOW_BYTES = 8 << 20
"""Memory a zstd frame may claim; RFC 8878 asks decoders to support 8 MB."""

ZSTD_STEP_BYTES = 128
"""A 4-byte run-length block expands to 128 KB, so a step makes at most 4 MB before it is counted."""

BROTLI_STEP_BYTES = 64 << 10


def undo(headers: Mapping[str, str], body: bytes, limit: int) -> bytes:
    """The body without its content encodings. Refused: unknown_encoding, bad_encoding, expands_too_far."""
    named = headers.get("content-encoding")
    if not named or not body:
        return body
    encodings = [name.strip().lower() for name in named.split(",", MAX_ENCODINGS)]
    if len(encodings) > MAX_ENCODINGS:
        raise Refused(Reason.UNKNOWN_ENCODING)
    for name in reversed(encodings):
        body = expand(name, body, limit)
    return body


def expand(encoding: str, body: bytes, limit: int) -> bytes:
    """One content encoding undone."""
    if encoding in ("identity", ""):
        return body
    undoing = _UNDOING.get(encoding)
    if undoing is None:
        raise Refused(Reason.UNKNOWN_ENCODING)
    try:
        return undoing(body, limit)
    except (zlib.error, zstandard.ZstdError, brotli.error, EOFError) as error:
        raise Refused(Reason.BAD_ENCODING) from error


def _gzip(body: bytes, limit: int) -> bytes:
    """RFC 1952: members may follow one another."""
    parts: list[bytes] = []
    left = limit
    while body:
        member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        part = _inflated(member, body, left)
        parts.append(part)
        left -= len(part)
        body = member.unused_data
    return b"".join(parts)


def _deflate(body: bytes, limit: int) -> bytes:
    """RFC 9110: zlib format; some senders leave its header out."""
    zlib_header = body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflated(zlib.decompressobj(zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS), body, limit)


def _inflated(stream: Any, body: bytes, limit: int) -> bytes:
    output: bytes = stream.decompress(body, limit + 1)
    if len(output) > limit:
        raise Refused(Reason.EXPANDS_TOO_FAR)
    if not stream.eof:
        raise EOFError("the stream ends early")
    return output


def _zstd(body: bytes, limit: int) -> bytes:
    """RFC 8878. Fed in small steps, because this stream has no output limit of its own."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
    parts: list[bytes] = []
    size = 0
    stream = decompressor.decompressobj()
    for start in range(0, len(body), ZSTD_STEP_BYTES):
        step = body[start : start + ZSTD_STEP_BYTES]
        while step:
            if stream.eof:
                stream = decompressor.decompressobj()
            part = stream.decompress(step)
            parts.append(part)
            size += len(part)
            if size > limit:
                raise Refused(Reason.EXPANDS_TOO_FAR)
            step = stream.unused_data if stream.eof else b""
    if not stream.eof:
        raise EOFError("the stream ends early")
    return b"".join(parts)


def _brotli(body: bytes, limit: int) -> bytes:
    stream = brotli.Decompressor()
    parts = [stream.process(body, output_buffer_limit=BROTLI_STEP_BYTES)]
    size = len(parts[0])
    while not stream.is_finished():
        part = stream.process(b"", output_buffer_limit=BROTLI_STEP_BYTES)
        if not part and stream.can_accept_more_data():
            raise EOFError("the stream ends early")
        parts.append(part)
        size += len(part)
        if size > limit:
            raise Refused(Reason.EXPANDS_TOO_FAR)
    return b"".join(parts)


_UNDOING: Mapping[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstd,
    "br": _brotli,
}
