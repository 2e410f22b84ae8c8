"""How arrays become bytes: little-endian, integers in the narrowest type that holds them, planes of bytes together.

The byte planes (all low bytes, then all second bytes …) let zlib see that high bytes are mostly zero. Every frame
opens with a magic word, a format version and the length and checksum of what follows, so that each way in which a
file can be wrong has its own sentence.
"""

import struct
import zlib
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<8sHIII")  # magic, format version, packed length, unpacked length, crc32 of the packed bytes
MAX_UNPACKED_BYTES = 1 << 30
"""Largest content a frame may claim: a hostile length must not exhaust memory."""

_INTEGERS = ("<u1", "<u2", "<u4", "<i8")
_DTYPES = frozenset(("<u1", "<u2", "<u4", "<i8", "<f8"))


class FormatError(ValueError):
    """The bytes are not what they should be; the message says what is wrong and what to do."""


def pack_array(array: NDArray[Any]) -> list[Any]:
    """Type, shape and bytes of an array of integers or floats."""
    kind = "<f8" if array.dtype.kind == "f" else _narrowest(array)
    flat = np.ascontiguousarray(array, dtype=kind).reshape(-1)
    planes = np.ascontiguousarray(flat.view(np.uint8).reshape(len(flat), -1).T) if flat.size else flat
    return [kind, list(array.shape), planes.tobytes()]


def unpack_array(packed: list[Any], dtype: type[np.generic]) -> NDArray[Any]:
    """The array that `pack_array` packed, as `dtype`."""
    kind, shape, data = packed
    if kind not in _DTYPES:
        raise FormatError(f"an array of unknown type {kind!r}")
    planes = np.frombuffer(data, dtype=np.uint8).reshape(np.dtype(kind).itemsize, -1)
    array: NDArray[Any] = np.ascontiguousarray(planes.T).view(kind).reshape(shape).astype(dtype)
    return array


def _narrowest(array: NDArray[Any]) -> str:
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    return next(kind for kind in _INTEGERS if low >= np.iinfo(kind).min and high <= np.iinfo(kind).max)


def frame(magic: bytes, version: int, content: Any, level: int = 9) -> bytes:
    """Content (plain values and bytes) as one checked frame, compressed at zlib's `level`."""
    plain = msgspec.msgpack.encode(content)
    packed = zlib.compress(plain, level)
    return _HEADER.pack(magic, version, len(packed), len(plain), zlib.crc32(packed)) + packed


def unframe(magic: bytes, version: int, data: bytes, what: str) -> Any:
    """Content of a frame. `what` names it in the FormatError of a foreign, newer, truncated or damaged one."""
    if len(data) < _HEADER.size or not data.startswith(magic):
        raise FormatError(f"it is not {what}; build one with sentinel")
    _, written, length, unpacked, checksum = _HEADER.unpack_from(data)
    if written > version:
        raise FormatError(f"it is {what} in format {written}, newer than {version}, which this sentinel reads; upgrade")
    packed = data[_HEADER.size :]
    if len(packed) < length:
        raise FormatError(f"it is {what} cut short ({len(packed)} of {length} bytes); copy it again")
    if len(packed) != length or zlib.crc32(packed) != checksum or unpacked > MAX_UNPACKED_BYTES:
        raise FormatError(f"it is {what} that was damaged (its checksum does not fit); copy it again")
    try:
        return msgspec.msgpack.decode(zlib.decompressobj().decompress(packed, max(1, unpacked)))
    except (zlib.error, msgspec.DecodeError) as error:
        raise FormatError(f"it is {what} that cannot be read ({error}); build it again") from error
