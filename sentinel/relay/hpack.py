"""Header blocks of HTTP/2 (RFC 7541) in one direction of one connection.

Every block must pass through `Blocks.decode`, in order: one missed block ruins the rest of a connection. The decoder is
the Rust one inside `jh2`, 1 to 3 µs a block; it is a private module of that package, so it is tried on known bytes when
this module is loaded, and the pure-Python `hpack` (ten times slower, same answers) takes its place if it is wrong or
gone.
"""

from collections.abc import Callable
from typing import Protocol

from sentinel.relay.tally import Headers, RouteTally

LARGEST_TABLE_BYTES = 1 << 20  # the dynamic table grows as the sender says in band, up to this
LARGEST_LIST_BYTES = 256 << 10  # of decoded headers; servers refuse at 8 to 64 KB
MOST_REMEMBERED = 64  # blocks of one direction whose headers are remembered

_LONGEST_INTEGER = 5  # bytes after the prefix: 35 bits
_INCREMENTAL_BITS, _RESIZE_BITS, _LITERAL_BITS = 6, 5, 4
_PREFIXES = ((0x80, 7), (0x40, _INCREMENTAL_BITS), (0x20, _RESIZE_BITS), (0x00, _LITERAL_BITS))
# first byte at least this: prefix bits of the index that follows (RFC 7541, 6)


class BadBlock(Exception):
    """A header block that cannot be decoded; nothing after it on the connection can be either."""


class Decoder(Protocol):
    """Bytes of a block to its headers; raises any exception when it cannot."""

    def __call__(self, block: bytes) -> Headers: ...


def _pure() -> Decoder:
    import hpack

    decoder = hpack.Decoder(max_header_list_size=LARGEST_LIST_BYTES)
    decoder.max_allowed_table_size = LARGEST_TABLE_BYTES
    return lambda block: tuple((bytes(name), bytes(value)) for name, value in decoder.decode(block, raw=True))


def _fast() -> Decoder:
    from jh2 import _hazmat  # type: ignore[import-untyped]

    decoder = _hazmat.Decoder(LARGEST_LIST_BYTES)
    decoder.max_allowed_table_size = LARGEST_TABLE_BYTES
    return lambda block: tuple((bytes(name), bytes(value)) for name, value, _ in decoder.decode(block, True))


# RFC 7541 C.4: three requests with Huffman coding, on one connection, and the third's last header.
_KNOWN = tuple(
    bytes.fromhex(block)
    for block in (
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    )
)
_KNOWN_LAST = (b"custom-key", b"custom-value")


def works(make: Callable[[], Decoder]) -> bool:
    """Whether a decoder gives the answers of the RFC's examples and refuses a broken block."""
    try:
        decode = make()
        right = [decode(block)[-1] for block in _KNOWN][-1] == _KNOWN_LAST
    except Exception:  # noqa: BLE001 - a private module may have changed in any way
        return False
    try:
        decode(b"\xff\xff\xff\xff\x0f")
    except Exception:  # noqa: BLE001 - as it should
        return right
    return False


new_decoder = _fast if works(_fast) else _pure


class Head:
    """A decoded block. status, grpc_status: 0 and None where it has none.

    request: the route and timeout it asks for; the tracker fills it in, once for each block that is remembered.
    """

    __slots__ = ("grpc_status", "headers", "request", "status")

    def __init__(self, headers: Headers) -> None:
        self.headers = headers
        self.request: tuple[RouteTally, float] | None = None
        self.status = 0
        self.grpc_status: int | None = None
        for name, value in headers:
            if name == b":status" and value.isdigit():
                self.status = int(value)
            elif name == b"grpc-status" and value.isdigit():
                self.grpc_status = int(value)


class Blocks:
    """Decodes the blocks of one direction.

    The same bytes over an unchanged dynamic table are the same headers, so blocks that leave the table as it is are
    remembered until one changes it: usual gRPC traffic repeats a few blocks for ever.
    """

    __slots__ = ("_decode", "_known", "known")

    def __init__(self) -> None:
        self._decode = new_decoder()
        self._known: dict[bytes, Head] = {}
        self.known = self._known.get  # as decode, for remembered blocks

    def decode(self, block: bytes) -> Head:
        """The next block; raises BadBlock."""
        known = self._known.get(block)
        if known is not None:
            return known
        changes = changes_table(block)
        try:
            head = Head(self._decode(block))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the Rust decoder is no Exception
            raise BadBlock(str(error)) from error
        if changes:
            self._known.clear()
        elif len(self._known) < MOST_REMEMBERED:
            self._known[block] = head
        return head


def changes_table(block: bytes) -> bool:
    """Whether a block adds to the dynamic table or resizes it; raises BadBlock when it ends inside a field."""
    at, changes = 0, False
    while at < len(block):
        first = block[at]
        prefix = next(bits for mark, bits in _PREFIXES if first >= mark)
        changes |= prefix in (_INCREMENTAL_BITS, _RESIZE_BITS)
        index, at = _integer(block, at, prefix)
        if prefix in (_INCREMENTAL_BITS, _LITERAL_BITS):
            for _ in range(1 if index else 2):
                length, at = _integer(block, at, 7)
                at += length
    if at > len(block):
        raise BadBlock("a field goes on beyond its block")
    return changes


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """An integer with a prefix of `bits` bits, and where it ends (RFC 7541, 5.1)."""
    largest = (1 << bits) - 1
    try:
        value = block[at] & largest
        at += 1
        if value < largest:
            return value, at
        for shift in range(0, 7 * _LONGEST_INTEGER, 7):
            byte = block[at]
            at += 1
            value += (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
    except IndexError:
        raise BadBlock("an integer goes on beyond its block") from None
    raise BadBlock("an integer is too long")
