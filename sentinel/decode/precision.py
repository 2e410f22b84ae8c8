"""Floats of few bits as the decimals they were written from.

A client's 5.1 reaches the model as the float32 5.0999999046. References are built from files that say 5.1, and values
that repeat exactly have bins of their own: what comes as float32 is given back the shortest decimal within its
precision, so that both meet.
"""

from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

SIGNIFICANT_DIGITS = {2: 3, 4: 6}
"""Bytes of a float -> decimal digits that every decimal keeps on the way through it (C's FLT_DIG)."""

MAX_VALUES = 1 << 14
"""Longer arrays are images and vectors, whose values repeat by accident only."""

LONGEST_WRITTEN = 12
"""Characters of a number that was no float32 printed in full: those have 16 or more, unless they are round."""

_LARGEST_EXACT_POWER = 22
"""10^22 is the largest power of ten that a float64 holds exactly."""


def decimals(values: Floats) -> Floats:
    """float16 and float32 values as float64 decimals; float64 values and long arrays as they are."""
    digits = SIGNIFICANT_DIGITS.get(values.itemsize)
    if digits is None or values.size > MAX_VALUES:
        return values
    exact = values.astype(np.float64)
    found = _rounded(exact, digits)
    return np.where(found.astype(values.dtype) == values, found, exact)


def written_by_float32(values: np.ndarray[Any, np.dtype[np.float64]]) -> Floats:
    """JSON numbers of a float32 tensor: 5.0999999046 (a float32 printed in full) becomes 5.1, 5.1 stays."""
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    return decimals(narrow) if (narrow == values).all() else values


def few_written_by_float32(values: list[float]) -> list[float]:
    """The same for a short list, told by its ends: a float32 printed in full is longer than what people write."""
    if not values or max(len(repr(values[0])), len(repr(values[-1]))) <= LONGEST_WRITTEN:
        return values
    found: list[float] = written_by_float32(np.array(values, dtype=np.float64)).tolist()
    return found


def _rounded(values: np.ndarray[Any, np.dtype[np.float64]], digits: int) -> Floats:
    """To `digits` significant digits. A whole number below 2^53 divided by an exact power of ten rounds correctly."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        places = digits - 1 - np.floor(np.log10(np.abs(values)))
        usable = np.abs(places) <= _LARGEST_EXACT_POWER
        power = 10.0 ** np.abs(np.where(usable, places, 0))
        found = np.where(places >= 0, np.rint(values * power) / power, np.rint(values / power) * power)
    return np.where(usable, found, values)
