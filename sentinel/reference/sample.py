"""A uniform sample of numbers, of bounded size, that does not depend on how or in which order a table was read. Pure.

The value at position i of part p has the priority hash(p, i) in 0 … 2^32. Kept are the values whose priority is below
2^(32 − level), for the lowest level at which they are few enough. So samples of parts merge, in any order and grouping,
into the sample of the whole.
"""

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.frozen import Floats

SAMPLE_VALUES = 1 << 17
"""Values kept of a longer column for bin edges and quantiles: 64 bins then hold 2,048 each, ± 2 % of a bin."""
_SEED = 20_261_101
"""Fixes the sampling: equal columns give an equal reference."""
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_UPPER_HALF = np.uint64(32)

Priorities = NDArray[np.uint32]
Words = NDArray[np.uint64]


class Places:
    """Hashes of the places of one part, from its first on; equal for the same place, and evenly spread."""

    def __init__(self, part: int = 0) -> None:
        self._start = _mixed(np.array([part], dtype=np.uint64) * _GOLDEN + np.uint64(_SEED))
        self._seen = 0

    def following(self, count: int) -> Words:
        """Of the next `count` places."""
        places = np.arange(self._seen, self._seen + count, dtype=np.uint64)
        self._seen += count
        return _mixed(self._start + places * _GOLDEN)


class Sample:
    """`add` the values of one part in order; samples of different parts merge by |."""

    def __init__(self, part: int = 0) -> None:
        self._places = Places(part)
        self._values: list[Floats] = []
        self._priorities: list[Priorities] = []
        self._size = 0
        self._level = 0

    def add(self, values: Floats) -> None:
        self._keep(values, (self._places.following(len(values)) >> _UPPER_HALF).astype(np.uint32))
        self._bound()

    def __or__(self, other: "Sample") -> "Sample":
        both = Sample()
        both._level = max(self._level, other._level)
        for one in (self, other):
            for values, priorities in zip(one._values, one._priorities, strict=True):
                both._keep(values, priorities)
        both._bound()
        return both

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return self._level == 0

    def values(self) -> Floats:
        """In rising order."""
        return np.sort(np.concatenate(self._values)) if self._values else np.zeros(0)

    def _keep(self, values: Floats, priorities: Priorities) -> None:
        if self._level:
            chosen = priorities < 2 ** (32 - self._level)
            values, priorities = values[chosen], priorities[chosen]
        self._values.append(values)
        self._priorities.append(priorities)
        self._size += len(values)

    def _bound(self) -> None:
        while self._size > SAMPLE_VALUES:
            self._level += 1
            values, priorities = np.concatenate(self._values), np.concatenate(self._priorities)
            self._values, self._priorities, self._size = [], [], 0
            self._keep(values, priorities)


def _mixed(z: Words) -> Words:
    """The finish of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input moves half of those of the output."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
