"""Counts over trailing and over consecutive blocks of windows, at several lengths, in fixed memory.

For each length a in `LENGTHS` (in windows) the block being filled and the one before it are kept. Their sum covers the
trailing a to 2a windows: what the page gate looks at. A block just filled is what resolution looks at.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

LENGTHS = (1, 3, 6, 12, 24, 48, 96, 288, 1008, 4032)
"""Windows per block; with windows of five minutes from 5 minutes to two weeks."""


@dataclass(slots=True, eq=False)
class Blocks:
    """current, previous: [len(LENGTHS), F, K] counts. fill: [len(LENGTHS)] windows in each current block."""

    current: NDArray[Any]
    previous: NDArray[Any]
    fill: Counts

    @classmethod
    def empty(cls, features: int, cells: int, dtype: type[np.generic] = np.int64) -> "Blocks":
        """Blocks of counts, or of expected counts where `dtype` is a float."""
        shape = (len(LENGTHS), features, cells)
        return cls(np.zeros(shape, dtype), np.zeros(shape, dtype), np.zeros(len(LENGTHS), np.int64))

    def step(self) -> None:
        """A new window begins: full blocks become previous ones."""
        full = self.fill >= np.array(LENGTHS)
        self.previous[full] = self.current[full]
        self.current[full] = 0
        self.fill = np.where(full, 0, self.fill) + 1

    def add(self, counts: NDArray[Any]) -> None:
        """Rows of the present window; several versions and late windows may add to it."""
        self.current += counts

    def filled(self) -> list[int]:
        """Indices of lengths whose block was completed by the present window."""
        return [int(i) for i in np.flatnonzero(self.fill == np.array(LENGTHS))]

    def trailing(self, features: list[int]) -> NDArray[Any]:
        """Counts [spans, features, K] over trailing spans: the current blocks, then those with the previous ones."""
        current = self.current[:, features]
        return np.concatenate([current, current + self.previous[:, features]])

    def span(self, span: int) -> NDArray[Any]:
        """Counts [F, K] over one span of `trailing`."""
        length = span % len(LENGTHS)
        return np.asarray(self.current[length] + (self.previous[length] if span >= len(LENGTHS) else 0))

    def trailing_windows(self, span: int) -> int:
        """How many windows lie in a span of `trailing`."""
        length = span % len(LENGTHS)
        before = LENGTHS[length] if span >= len(LENGTHS) and self.previous[length].any() else 0
        return int(self.fill[length]) + before

    def restart(self) -> None:
        """Count consecutive blocks from here on."""
        self.current[:] = 0
        self.previous[:] = 0
        self.fill[:] = 0
