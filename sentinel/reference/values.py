"""What one value means in a column: a number, a category, missing, or of the wrong type. Pure; never raises.

Numbers: bool, int, float and whatever Python converts by itself (Decimal, numpy scalars); an integer too large for a
float is infinite. Text is no number, also when it looks like one. Categories: the text of a scalar, so that 1, 1.0 and
"1" are one category, whichever way JSON or a data frame wrote it; true and false are categories of their own.
"""

import datetime
import math
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LONGEST_CATEGORY = 200
"""Characters kept of a category: references and windows stay small whatever the text."""
_WHOLE = 1e15
"""Below this a whole float is written as an integer; beyond it floats are no longer exact."""
_MISSING_TYPES = frozenset(("NAType", "NaTType", "MaskedConstant"))  # pandas.NA, pandas.NaT, numpy.ma.masked


@dataclass(frozen=True, slots=True)
class Coded:
    """A column whose values are listed once: codes [rows] are places in `names`, negative where missing."""

    codes: NDArray[np.integer[Any]]
    names: Sequence[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: slice) -> "Coded":
        return Coded(self.codes[rows], self.names)

    def tolist(self) -> list[Any]:
        return [self.names[code] if code >= 0 else None for code in self.codes.tolist()]

    def tally(self) -> list[tuple[Any, int]]:
        """(value, rows) of the values that occur; a value may occur twice."""
        counts = np.bincount(np.maximum(self.codes, -1) + 1, minlength=1).tolist()
        return [(value, rows) for value, rows in zip((None, *self.names), counts, strict=False) if rows]


class WrongType:
    """The mark of a value that cannot be what its column holds."""


WRONG = WrongType()


def number(value: Any) -> float | WrongType:
    """The value as a float; NaN when missing."""
    if value is None or type(value).__name__ in _MISSING_TYPES:
        return math.nan
    if isinstance(value, str | bytes | bytearray | datetime.date | datetime.time | datetime.timedelta):
        return WRONG
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except (TypeError, ValueError):
        return WRONG


def category(value: Any) -> str | WrongType | None:
    """The value as the text of a category; None when missing."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_CATEGORY else value[:LONGEST_CATEGORY]
    if isinstance(value, list | dict | tuple | set | np.ndarray):
        return WRONG
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value).__name__ in _MISSING_TYPES or value != value:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < _WHOLE else hex(value)[:LONGEST_CATEGORY]
    if isinstance(value, float):
        return str(int(value)) if abs(value) < _WHOLE and value.is_integer() else repr(value)
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value[:LONGEST_CATEGORY].decode("utf-8", "replace")
    text = value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
    return text[:LONGEST_CATEGORY]


def numbers(column: Any) -> tuple[Floats, int]:
    """A column as floats, NaN where missing or wrong, and how many were of the wrong type."""
    try:
        return plain_numbers(column), 0
    except (TypeError, struct.error, OverflowError):
        pass
    values = listed(column)
    if set(map(type, values)) == {str}:
        return np.full(len(values), np.nan), len(values)
    try:
        return _packed([math.nan if value is None else value for value in values]), 0
    except (struct.error, OverflowError):
        pass
    found = [number(value) for value in values]
    clean = [math.nan if value is WRONG else value for value in found]
    return np.array(clean, dtype=np.float64), sum(value is WRONG for value in found)


def plain_numbers(column: Any) -> Floats:
    """A column of numbers only; TypeError where another check of each value is needed."""
    if isinstance(column, list):
        return _packed(column)
    if (
        isinstance(column, np.ndarray)
        and column.dtype.kind in "fiub"
        and type(column) is np.ndarray
        and column.ndim == 1
    ):
        return column.astype(np.float64, copy=False)
    raise TypeError("no plain column of numbers")


def _packed(values: list[Any]) -> Floats:
    """Numbers as floats: three times faster than numpy's own conversion, and it refuses text instead of reading it."""
    return np.frombuffer(struct.pack(f"{len(values)}d", *values))


def is_boolean(column: Any) -> bool:
    """Whether a column holds booleans (and missing values) only: a category, though Python counts True as 1."""
    if isinstance(column, np.ndarray) and column.dtype != object:
        return bool(column.dtype.kind == "b")
    types = set(map(type, listed(column)))
    return bool in types and types <= {bool, type(None)}


def categories(column: Iterable[Any] | Coded) -> tuple[Counter[str], int, int]:
    """Rows by category, missing rows and rows of the wrong type."""
    found: Counter[str] = Counter()
    missing = wrong = 0
    for value, rows in _tallied(column):
        text = value if type(value) is str and len(value) <= LONGEST_CATEGORY else category(value)
        if text is None:
            missing += rows
        elif isinstance(text, WrongType):
            wrong += rows
        else:
            found[text] += rows
    return found, missing, wrong


def _tallied(column: Iterable[Any] | Coded) -> Iterable[tuple[Any, int]]:
    if isinstance(column, Coded):
        return column.tally()
    values = listed(column)
    try:
        tally = Counter(values)
    except TypeError:  # a value that cannot be hashed, such as a list
        return ((value, 1) for value in values)
    if 1 in tally or 0 in tally:  # 1 == True and 0 == False: told apart by type
        return ((value, rows) for (_, value), rows in Counter(zip(map(type, values), values, strict=True)).items())
    return tally.items()


def listed(column: Any) -> list[Any]:
    """The column as a list of Python values."""
    if isinstance(column, list):
        return column
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        column = column.astype("datetime64[us]")  # finer units would list as integers
    return column.tolist() if hasattr(column, "tolist") else list(column)
