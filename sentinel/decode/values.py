"""JSON lists become flat values with a shape, and flat values become columns of one type. Knows no protocol."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column

MAX_RANK = 8
"""Dimensions of a tensor; images have four, video five."""

_NUMBERS = frozenset({int, float, bool, type(None)})
_CELLS = _NUMBERS | {str, bytes}


class Block(msgspec.Struct, frozen=True, gc=False):
    """Values in row-major order and the shape they fill; `flat` is an array, or a list if not all are numbers.

    few: a short list of numbers all the same, which costs less as it is than as an array.
    """

    flat: Column
    shape: tuple[int, ...]
    few: bool = False

    @property
    def rows(self) -> int:
        return self.shape[0] if self.shape else 1

    def array(self) -> np.ndarray[Any, Any] | None:
        """The values in their shape if they are numbers."""
        if isinstance(self.flat, np.ndarray):
            return self.flat.reshape(self.shape)
        return np.array(self.flat, dtype=np.float64).reshape(self.shape) if self.few else None


def block(values: Sequence[Any]) -> Block:
    """A nested list, rectangular to its leaves. Refused: bad_tensor (ragged), too_deep, bad_value."""
    shape = [len(values)]
    flat: Sequence[Any] = values
    while flat and isinstance(flat[0], list):
        if len(shape) == MAX_RANK:
            raise Refused(Reason.TOO_DEEP)
        flat = _flattened(flat, shape)
    return Block(column(flat), tuple(shape))


def _flattened(nested: Sequence[Any], shape: list[int]) -> Sequence[Any]:
    if set(map(type, nested)) != {list} or len(lengths := set(map(len, nested))) != 1:
        raise Refused(Reason.BAD_TENSOR)
    shape.append(lengths.pop())
    return nested[0] if len(nested) == 1 else list(chain.from_iterable(nested))


def stacked(blocks: Sequence[Block]) -> Block:
    """Blocks one after the other along their first axis. Refused: bad_tensor when their other axes differ."""
    first = blocks[0]
    if len(blocks) == 1:
        return first
    if not first.shape or any(block.shape[1:] != first.shape[1:] for block in blocks):
        raise Refused(Reason.BAD_TENSOR)
    flats = [block.flat for block in blocks]
    arrays = all(isinstance(flat, np.ndarray) for flat in flats)
    joined: Column = np.concatenate(flats) if arrays else list(chain.from_iterable(flats))
    return Block(joined, (sum(block.rows for block in blocks), *first.shape[1:]))


def column(values: Sequence[Any]) -> Column:
    """Values as an array if all are numbers or truth values, else as they are. None among numbers becomes NaN.

    Refused: bad_value (an object or a list where a value should be, a number beyond 64-bit floats).
    """
    types = set(map(type, values))
    if not types <= _NUMBERS or types == {type(None)}:
        if not types <= _CELLS:
            raise Refused(Reason.BAD_VALUE)
        return list(values)
    try:
        if types == {bool}:
            return np.array(values, dtype=np.bool_)
        if types == {int}:
            return _integers(values)
        return np.array(values, dtype=np.float64)
    except OverflowError:
        raise Refused(Reason.BAD_VALUE) from None


def _integers(values: Sequence[int]) -> Column:
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return np.array(values, dtype=np.float64)


def split(name: str, values: Block, names: Sequence[str], max_columns: int) -> dict[str, Column]:
    """One column per position of the second axis; `names` are used if there are as many, else name_0, name_1 …

    A single column keeps the block's name. Wider than `max_columns`, or of more than two axes (images), an array
    stays whole as one column of vectors or tensors; a wide list is refused: too_many_columns.
    """
    shape, flat = values.shape, values.flat
    if len(shape) <= 1:
        return {name: flat}
    width = shape[1]
    if len(shape) == 2 and width <= max_columns:
        titles = column_names(name, width, names)
        if isinstance(flat, np.ndarray):
            return dict(zip(titles, flat.reshape(shape).T, strict=True))
        if values.few and shape[0] == 1:
            return {title: [value] for title, value in zip(titles, flat, strict=True)}
        if values.few:
            return {title: flat[at::width] for at, title in enumerate(titles)}
        return {title: column(flat[at::width]) for at, title in enumerate(titles)}
    if (whole := values.array()) is None:
        raise Refused(Reason.TOO_MANY_COLUMNS if len(shape) == 2 else Reason.BAD_TENSOR)
    return {name: whole}


def column_names(name: str, width: int, names: Sequence[str]) -> Sequence[str]:
    """Configured names where their number fits, the block's own for one column, else numbered ones."""
    if len(names) == width:
        return names
    return (name,) if width == 1 else [f"{name}_{at}" for at in range(width)]


def flat_record(record: Mapping[str, Any], max_columns: int) -> dict[str, Any]:
    """Nested objects as dotted names; `{"b64": …}` (TensorFlow Serving's binary value) stays one value."""
    if len(record) > max_columns:
        raise Refused(Reason.TOO_MANY_COLUMNS)
    if not any(type(value) is dict for value in record.values()):
        return dict(record)
    flat: dict[str, Any] = {}
    pending: list[tuple[str, Any, int]] = [("", record, 0)]
    while pending:
        prefix, value, depth = pending.pop()
        if type(value) is not dict or value.keys() == {"b64"}:
            flat[prefix] = value
        elif depth == MAX_RANK:
            raise Refused(Reason.TOO_DEEP)
        else:
            pending += [(f"{prefix}.{key}" if depth else key, item, depth + 1) for key, item in reversed(value.items())]
        if len(flat) + len(pending) > max_columns:
            raise Refused(Reason.TOO_MANY_COLUMNS)
    return flat
