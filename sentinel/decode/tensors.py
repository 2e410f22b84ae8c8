"""Tensors as the Open Inference Protocol carries them: datatype, shape and either values or raw little-endian bytes.

A declared shape is compared with what arrived before anything is allocated for it.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from math import prod
from typing import Any

import numpy as np

from sentinel.decode import precision
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column
from sentinel.decode.values import MAX_RANK, Block, column

WIRE_TYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
_FLOATS = frozenset({"FP16", "FP32", "FP64", "BF16"})
_DATATYPES = frozenset(WIRE_TYPES) | {"BYTES", "BF16"}

FEW_VALUES = 512
"""JSON numbers that stay a list: slicing one is cheaper than making and slicing an array of this size."""

_PLAIN_NUMBERS = frozenset({float, int})

LENGTH_BYTES = 4
"""Each element of a raw BYTES tensor follows its length."""


def checked_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """The declared shape. Refused: bad_tensor (negative), too_deep."""
    if len(shape) > MAX_RANK:
        raise Refused(Reason.TOO_DEEP)
    if shape and min(shape) < 0:
        raise Refused(Reason.BAD_TENSOR)
    return tuple(shape)


def from_values(datatype: str, shape: Sequence[int], values: Any) -> Block:
    """A tensor from JSON values, flat or nested. Numbers keep the precision in which they were written."""
    if datatype not in _DATATYPES or not isinstance(values, list):
        raise Refused(Reason.BAD_TENSOR)
    flat = flattened(values)
    if datatype not in _FLOATS:
        return shaped(column(flat), shape)
    if len(flat) <= FEW_VALUES and not set(map(type, flat)) <= _PLAIN_NUMBERS:
        return shaped(_precise(datatype, flat), shape)
    return from_floats(datatype, shape, flat)


def from_floats(datatype: str, shape: Sequence[int], flat: list[float]) -> Block:
    """A tensor from the numbers of a flat JSON list."""
    if len(flat) > FEW_VALUES:
        return shaped(_precise(datatype, flat), shape)
    return shaped(precision.few_written_by_float32(flat) if datatype == "FP32" else flat, shape, few=True)


def _precise(datatype: str, flat: list[Any]) -> Column:
    try:
        values = np.array(flat, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise Refused(Reason.BAD_TENSOR) from None
    return precision.written_by_float32(values) if datatype == "FP32" else values


def flattened(values: list[Any]) -> list[Any]:
    """Row-major leaves of a nested list."""
    for _ in range(MAX_RANK):
        if not values or type(values[0]) is not list:
            return values
        try:
            values = list(chain.from_iterable(values))
        except TypeError:
            raise Refused(Reason.BAD_TENSOR) from None
    raise Refused(Reason.TOO_DEEP)


def shaped(flat: Column, shape: Sequence[int], *, few: bool = False) -> Block:
    """Values with their declared shape. Refused: bad_tensor when the numbers disagree."""
    sizes = checked_shape(shape)
    if prod(sizes) != len(flat):
        raise Refused(Reason.BAD_TENSOR)
    return Block(flat, sizes, few)


def from_raw(datatype: str, shape: Sequence[int], raw: bytes | memoryview) -> Block:
    """A tensor from its raw bytes, without copying numbers."""
    if datatype == "BYTES":
        return shaped(elements(raw), shape)
    if datatype == "BF16":
        return shaped(_bfloat16(raw), shape)
    dtype = WIRE_TYPES.get(datatype)
    if dtype is None or len(raw) % dtype.itemsize:
        raise Refused(Reason.BAD_TENSOR)
    values = np.frombuffer(raw, dtype=dtype)
    return shaped(precision.decimals(values) if dtype.kind == "f" else values, shape)


def _bfloat16(raw: bytes | memoryview) -> Column:
    """bfloat16 is the upper half of a float32."""
    if len(raw) % 2:
        raise Refused(Reason.BAD_TENSOR)
    return (np.frombuffer(raw, dtype="<u2").astype(np.uint32) << 16).view(np.float32)


def elements(raw: bytes | memoryview) -> list[str | bytes]:
    """Elements of a raw BYTES tensor: a 4-byte little-endian length before each."""
    found: list[str | bytes] = []
    at = 0
    while at < len(raw):
        begin = at + LENGTH_BYTES
        end = begin + int.from_bytes(raw[at:begin], "little")
        if end > len(raw) or begin > len(raw):
            raise Refused(Reason.BAD_TENSOR)
        found.append(text_or_bytes(bytes(raw[begin:end])))
        at = end
    return found


def text_or_bytes(value: bytes) -> str | bytes:
    """Text where it is UTF-8, else the bytes (an image, say)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value
