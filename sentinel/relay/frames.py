"""Walks the frames of one direction of an HTTP/2 connection (RFC 9113, 4 and 6) and tells what they say.

Usual frames (DATA, whole HEADERS) are read in place; the rest of DATA that has not come yet passes piece by piece and
is never held. Frames that must be whole wait in `_rest` until they are. Knows nothing of exchanges. Pure.
"""

from struct import Struct
from typing import Protocol

from sentinel.relay.following import Opaque
from sentinel.relay.heads import Head
from sentinel.relay.hpack import BadBlock, Blocks

LARGEST_BLOCK_BYTES = 256 << 10  # of HEADERS and its CONTINUATIONs together
MOST_FRAGMENTS = 64  # CONTINUATIONs of one block; empty ones would otherwise be endless
LARGEST_KEPT_FRAME_BYTES = 1 << 20  # of a frame that must be whole to be read; DATA is not held

_HEAD = Struct(">IBI")  # length (24 bits) and type, flags, stream
_HEAD_BYTES = 9
_DATA, _HEADERS, _RST_STREAM, _PUSH_PROMISE, _GOAWAY, _CONTINUATION = 0, 1, 3, 5, 7, 9
_READ_WHOLE = frozenset((_HEADERS, _RST_STREAM, _PUSH_PROMISE, _GOAWAY, _CONTINUATION))
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x4, 0x8, 0x20
_PLAIN = _END_HEADERS | _PADDED | _PRIORITY  # HEADERS with only the first of these are one bare block
_PRIORITY_BYTES, _PROMISED_BYTES = 5, 4
_STREAM_BITS = 0x7FFFFFFF


class Listener(Protocol):
    """Who is told what the frames of a direction say; `now` is when their last byte came.

    data: a whole frame of DATA lies in `data[start:end]`. One that comes in pieces is told by `begin` (its length),
    `piece` and, if it was the last of its stream, `end`.
    """

    def head(self, stream_id: int, head: Head, ends: int, now: float) -> None: ...
    def data(self, stream_id: int, data: bytes, start: int, end: int, ends: int, now: float) -> None: ...
    def begin(self, stream_id: int, length: int, now: float) -> None: ...
    def piece(self, stream_id: int, data: bytes, now: float) -> None: ...
    def end(self, stream_id: int, now: float) -> None: ...
    def reset(self, stream_id: int, code: int, now: float) -> None: ...
    def goaway(self, last_id: int, now: float) -> None: ...


class Frames:
    """One direction. `_left` bytes of the current payload are still to come, of stream `_stream` (0: nobody's)."""

    __slots__ = (
        "_block", "_block_ends", "_block_stream", "_decode", "_ends", "_left", "_listener", "_on_data", "_on_head",
        "_promised", "_rest", "_stream",
    )  # fmt: skip

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._on_data, self._on_head = listener.data, listener.head
        self._decode = Blocks().decode
        self._rest = b""
        self._left = 0
        self._stream = 0
        self._ends = False
        self._block: list[bytes] = []
        self._block_stream = 0
        self._block_ends = 0
        self._promised = False

    def feed(self, data: bytes, now: float) -> None:
        """The next bytes of this direction. Raises Opaque when they are not HTTP/2 frames."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, size = 0, len(data)
        if self._left:
            at = self._passing(data, now)
        on_data = self._on_data
        while size - at >= _HEAD_BYTES:
            word, flags, stream_id = _HEAD.unpack_from(data, at)
            start = at + _HEAD_BYTES
            at = start + (word >> 8)
            kind = word & 0xFF
            stream_id &= _STREAM_BITS
            if at > size or self._block:
                at = self._unusual(kind, flags, stream_id, data, start, at, now)
                if at < start:
                    break
            elif kind == _DATA and not flags & _PADDED:
                on_data(stream_id, data, start, at, flags & _END_STREAM, now)
            elif kind == _HEADERS and flags & _PLAIN == _END_HEADERS:
                self._decoded(data[start:at], stream_id, flags & _END_STREAM, now)
            elif kind in _READ_WHOLE or kind == _DATA:
                self._whole(kind, flags, stream_id, data[start:at], now)
        if at < size:
            self._rest = data[at:]

    def _unusual(self, kind: int, flags: int, stream_id: int, data: bytes, start: int, end: int, now: float) -> int:
        """A frame that is not all there, or one inside a header block. Where to go on; before `start`: wait for it."""
        if self._block and kind != _CONTINUATION:
            raise Opaque("http2_frames")
        if kind not in _READ_WHOLE and not (kind == _DATA and flags & _PADDED):
            self._begin(kind, flags, stream_id, data[start:], end - start, now)
            return len(data)
        if end <= len(data):
            self._whole(kind, flags, stream_id, data[start:end], now)
            return end
        if end - start > LARGEST_KEPT_FRAME_BYTES:
            raise Opaque("http2_frame_size")
        return start - _HEAD_BYTES

    def _begin(self, kind: int, flags: int, stream_id: int, here: bytes, length: int, now: float) -> None:
        """A frame whose payload may pass in pieces: DATA is told, the rest stepped over."""
        self._left = length - len(here)
        self._stream = stream_id if kind == _DATA else 0
        self._ends = bool(flags & _END_STREAM)
        if self._stream:
            self._listener.begin(stream_id, length, now)
            if here:
                self._listener.piece(stream_id, here, now)

    def _passing(self, data: bytes, now: float) -> int:
        """More of the current payload; where it ends in `data`."""
        here = min(self._left, len(data))
        self._left -= here
        if self._stream:
            self._listener.piece(self._stream, data[:here], now)
            if self._ends and not self._left:
                self._listener.end(self._stream, now)
        return here

    def _whole(self, kind: int, flags: int, stream_id: int, payload: bytes, now: float) -> None:
        if kind == _DATA:
            self._listener.begin(stream_id, len(payload), now)
            self._listener.piece(stream_id, _unpadded(payload), now)
            if flags & _END_STREAM:
                self._listener.end(stream_id, now)
        elif kind == _RST_STREAM:
            self._listener.reset(stream_id, int.from_bytes(payload[:4]), now)
        elif kind == _GOAWAY:
            self._listener.goaway(int.from_bytes(payload[:4]) & _STREAM_BITS, now)
        else:
            self._fragment(kind, flags, stream_id, payload, now)

    def _fragment(self, kind: int, flags: int, stream_id: int, payload: bytes, now: float) -> None:
        """HEADERS, PUSH_PROMISE or CONTINUATION: a header block, or a part of one."""
        if kind == _CONTINUATION:
            if not self._block or stream_id != self._block_stream:
                raise Opaque("http2_frames")
        else:
            payload = _bare(kind, flags, payload)
            self._block_stream = stream_id
            self._promised = kind == _PUSH_PROMISE
            self._block_ends = flags & _END_STREAM
        self._block.append(payload)
        if len(self._block) > MOST_FRAGMENTS or sum(map(len, self._block)) > LARGEST_BLOCK_BYTES:
            raise Opaque("http2_headers")
        if flags & _END_HEADERS:
            block, self._block = b"".join(self._block), []
            self._decoded(block, 0 if self._promised else stream_id, self._block_ends, now)

    def _decoded(self, block: bytes, stream_id: int, ends: int, now: float) -> None:
        """A whole block of a stream; 0: of a promise, which is decoded for the table's sake only."""
        try:
            head = self._decode(block)
        except BadBlock as error:
            raise Opaque("http2_headers") from error
        if stream_id:
            self._on_head(stream_id, head, ends, now)


def _bare(kind: int, flags: int, payload: bytes) -> bytes:
    """The part of a header block in HEADERS or PUSH_PROMISE."""
    if flags & _PADDED:
        payload = _unpadded(payload)
    if kind == _PUSH_PROMISE:
        return payload[_PROMISED_BYTES:]
    return payload[_PRIORITY_BYTES:] if flags & _PRIORITY else payload


def _unpadded(payload: bytes) -> bytes:
    """A padded frame's payload without its padding; raises Opaque when the padding is longer than the frame."""
    if not payload or payload[0] >= len(payload):
        raise Opaque("http2_frames")
    return payload[1 : len(payload) - payload[0]]
