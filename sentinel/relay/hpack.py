"""Header blocks of HTTP/2 (RFC 7541) in one direction of one connection.

Every block must pass through `Blocks.decode`, in order: one missed block ruins the rest of a connection. The decoder is
the Rust one inside `jh2`, 1 to 3 µs a block; it is a private module of that package, so it is tried on known bytes when
this module is loaded, and the pure-Python `hpack` (ten times slower, same answers) takes its place if it is wrong or
gone.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from sentinel.relay.heads import Head
from sentinel.relay.tally import Headers

LARGEST_TABLE_BYTES = 1 << 20  # the dynamic table grows as the sender says in band, up to this
LARGEST_LIST_BYTES = 256 << 10  # of decoded headers; servers refuse at 8 to 64 KB
MOST_REMEMBERED = 32  # blocks of one direction whose headers are remembered
FIRST_TABLE_BYTES = 4096  # of the dynamic table until its size is set (RFC 9113, 6.5.2)
SMALLEST_ENTRY_BYTES = 32  # what an entry of the table counts besides its name and value (RFC 7541, 4.1)
STATIC_ENTRIES = 61  # higher indices name the dynamic table (RFC 7541, 2.3.3)

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
    from jh2 import _hazmat

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


class Blocks:
    """Decodes the blocks of one direction, and remembers them: usual traffic repeats a few blocks for ever.

    A block that names no entry of the dynamic table means the same whenever it comes; one that does, until the table
    changes. What a remembered block adds to the table is owed to the decoder until it is asked for a block that is not
    remembered. Every addition takes SMALLEST_ENTRY_BYTES at least, so that only the newest of them can still be in the
    table, and no more than these are owed.
    """

    __slots__ = ("_decode", "_known", "_owed", "_until_change")

    def __init__(self) -> None:
        self._decode = new_decoder()
        self._known: dict[bytes, Head] = {}
        self._until_change: list[bytes] = []  # remembered blocks that name entries of the table
        self._owed = _room_for(FIRST_TABLE_BYTES)

    def decode(self, block: bytes) -> Head:
        """The next block; raises BadBlock."""
        head = self._known.get(block)
        if head is None:
            return self._new(block)
        if head.adds:
            self._owed.append(head.adds)
            if self._until_change:
                self._changed()
        return head

    def _new(self, block: bytes) -> Head:
        use = use_of_table(block)
        changes = use.adds or use.resized_to is not None
        try:
            while self._owed:
                self._decode(self._owed.popleft())
            head = Head(self._decode(block), block if use.adds else b"")
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the Rust decoder is no Exception
            raise BadBlock(str(error)) from error
        if changes:
            self._changed()
        if use.resized_to is not None:
            self._owed = _room_for(use.resized_to)
        elif not (use.adds and use.names):
            self._remember(block, head, until_change=use.names)
        return head

    def _remember(self, block: bytes, head: Head, *, until_change: bool) -> None:
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
            self._until_change.clear()
        self._known[block] = head
        if until_change:
            self._until_change.append(block)

    def _changed(self) -> None:
        """The table changed: forget what depended on it."""
        for block in self._until_change:
            del self._known[block]
        self._until_change.clear()


def _room_for(table_bytes: int) -> deque[bytes]:
    """As many blocks that add something as outlast whatever a table of this size held before them."""
    return deque(maxlen=table_bytes // SMALLEST_ENTRY_BYTES + 1)


class Use(NamedTuple):
    """What a block does with the dynamic table: names entries of it, adds some, sets its size in bytes."""

    names: bool
    adds: bool
    resized_to: int | None


def use_of_table(block: bytes) -> Use:
    """Read without decoding; raises BadBlock when the block ends inside a field."""
    at, names, adds, resized_to = 0, False, False, None
    while at < len(block):
        first = block[at]
        prefix = next(bits for mark, bits in _PREFIXES if first >= mark)
        index, at = _integer(block, at, prefix)
        if prefix == _RESIZE_BITS:
            resized_to = index
            continue
        names |= index > STATIC_ENTRIES
        adds |= prefix == _INCREMENTAL_BITS
        if prefix in (_INCREMENTAL_BITS, _LITERAL_BITS):
            for _ in range(1 if index else 2):
                length, at = _integer(block, at, 7)
                at += length
    if at > len(block):
        raise BadBlock("a field goes on beyond its block")
    return Use(names, adds, resized_to)


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
