"""Counting rows into the cells of a reference: the same code counts the reference itself and every window. Pure.

Cost: a sort of each feature's values and one search per bin edge, cheaper per value than searching a bin per value.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.frozen import Counts, Floats, FrozenReference
from sentinel.reference.values import categories

SUM_UNIT = 2.0**-16
"""Sums are kept in these fractions of a reference deviation, as integers, so that adding windows is exact."""
CLIP = 1000.0
"""A value farther from the reference median than this many reference deviations counts as this far in sums."""


class Tally:
    """Counts over all features of one reference, growing. Arrays are laid out as in `frozen`."""

    __slots__ = ("_lookups", "_ranges", "categorical", "extremes", "numeric", "reference", "sums")

    def __init__(self, reference: FrozenReference) -> None:
        self.reference = reference
        table = reference.numeric
        self.numeric: Counts = np.zeros_like(table.counts)
        self.sums: NDArray[np.int64] = np.zeros((len(table.names), 2), dtype=np.int64)
        self.extremes: Floats = np.tile(np.array([np.inf, -np.inf]), (len(table.names), 1))
        self.categorical: Counts = np.zeros_like(reference.categorical.counts)
        self._ranges = [edges[: bins + 1] for edges, bins in zip(table.edges, table.bins, strict=True)]
        self._lookups = [_cells_of(reference, index) for index in range(len(reference.categorical.names))]

    def add_numbers(self, block: Floats, wrong: Counts) -> None:
        """Count float64 [F, rows], NaN where missing or of a wrong type. Sorts `block` in place. wrong: [F]."""
        rows = block.shape[1]
        if not block.size:
            return
        block.sort(axis=1)  # NaN last
        for index, edges in enumerate(self._ranges):
            self._count_sorted(index, block[index], edges)
        present = self.numeric_present(block)
        self.numeric[:, -2] += rows - present - wrong
        self.numeric[:, -1] += wrong
        self._add_sums(block, present)

    def numeric_present(self, block: Floats) -> Counts:
        """Values of each sorted row that are not NaN."""
        if not np.isnan(block[:, -1]).any():
            return np.full(len(block), block.shape[1])
        present: Counts = np.count_nonzero(~np.isnan(block), axis=1)
        return present

    def _count_sorted(self, index: int, values: Floats, edges: Floats) -> None:
        cells = self.numeric[index]
        below = values.searchsorted(edges)
        cells[0] += below[0]
        cells[1 : len(edges)] += np.diff(below)
        cells[len(edges)] += values.searchsorted(np.nan) - below[-1]

    def _add_sums(self, block: Floats, present: Counts) -> None:
        table = self.reference.numeric
        some = np.flatnonzero(present)
        self.extremes[some, 0] = np.minimum(self.extremes[some, 0], block[some, 0])
        self.extremes[some, 1] = np.maximum(self.extremes[some, 1], block[some, present[some] - 1])
        with np.errstate(over="ignore"):
            block -= table.centre[:, None]
            block /= table.scale[:, None]
        np.clip(block, -CLIP, CLIP, out=block)
        if present.min() < block.shape[1]:
            np.nan_to_num(block, copy=False)
        self.sums[:, 0] += np.rint(block.sum(axis=1) / SUM_UNIT).astype(np.int64)
        self.sums[:, 1] += np.rint(np.einsum("ij,ij->i", block, block) / SUM_UNIT).astype(np.int64)

    def add_categories(self, index: int, values: Iterable[object]) -> None:
        """Count the values of categorical feature `index`."""
        found, missing, wrong = categories(values)
        cells = self.categorical[index]
        cells[-2] += missing
        cells[-1] += wrong
        self.add_texts(index, found)

    def add_texts(self, index: int, found: Counter[str]) -> None:
        """Count rows by category of categorical feature `index`."""
        cells, lookup = self.categorical[index], self._lookups[index]
        unknown = -3 if self.reference.categorical.complete[index] else -4
        for text, rows in found.items():
            cells[lookup.get(text, unknown)] += rows


def _cells_of(reference: FrozenReference, index: int) -> dict[str, int]:
    table = reference.categorical
    cells = dict.fromkeys(table.pooled[index], -4)
    cells.update({text: cell for cell, text in enumerate(table.categories[index])})
    return cells
