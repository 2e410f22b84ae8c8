"""Counting rows into the cells of a reference: the same code counts the reference itself and every window. Pure.

A number x is counted as t = (x − median) / deviation in single precision, between ± `CLIP`: 7 digits of its distance
from the median, where it matters.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.binning import CLIP, Grid, grids_of
from sentinel.reference.frozen import Counts, Floats, FrozenReference, NumericTable
from sentinel.reference.joint import JointSketch
from sentinel.reference.values import Coded, categories, numbers

SUM_UNIT = 2.0**-16
"""Sums are kept in these fractions of a reference deviation, as integers, so that adding windows is exact."""
PIECE_ROWS = 4096
"""Rows counted at once."""
BLOCK_VALUES = 1 << 15
"""Values counted at once, of as many features as that is: what is made of them stays in the processor's cache."""
_NOWHERE = -2 * CLIP
"""Stands for a missing value: below all edges."""

Singles = NDArray[np.float32]


class GridTally:
    """Counts of the features of one grid, growing, in the grid's order.

    cells: [n, width]. moments: [2, n] Σu and Σu² in `SUM_UNIT`. low, high: [n] smallest and largest value, NaN where
    there was none. missing: [n].
    """

    def __init__(self, grid: Grid, table: NumericTable) -> None:
        self.grid = grid
        self.columns: list[int] = grid.features.tolist()
        self.centre = table.centre[grid.features, None]
        self.per_scale = 1 / table.scale[grid.features, None]
        features = len(grid.features)
        self.cells: Counts = np.zeros(grid.edges.shape, dtype=np.int64)
        self.moments: Counts = np.zeros((2, features), dtype=np.int64)
        self.low, self.high = np.full((2, features), np.nan, dtype=np.float32)
        self.missing: Counts = np.zeros(features, dtype=np.int64)

    def add(self, piece: Sequence[Floats]) -> None:
        """Count the rows of equally long columns, one per feature of the table."""
        together = max(1, BLOCK_VALUES // len(piece[0]))
        for begin in range(0, len(self.columns), together):
            block = slice(begin, begin + together)
            values = np.concatenate([piece[column] for column in self.columns[block]]).reshape(-1, len(piece[0]))
            values -= self.centre[block]
            values *= self.per_scale[block]
            self._count(block, values)

    def _count(self, block: slice, values: Floats) -> None:
        """Count a block [features, rows] of values in deviations from the median."""
        singles = values.astype(np.float32)
        low, high = singles.min(axis=1), singles.max(axis=1)
        if not (low.min() >= -CLIP and high.max() <= CLIP):  # NaN is neither
            np.clip(values, -CLIP, CLIP, out=values)
            singles = values.astype(np.float32)
            low, high = np.fmin.reduce(singles, axis=1), np.fmax.reduce(singles, axis=1)
            absent = np.isnan(values)
            values[absent], singles[absent] = 0, _NOWHERE
            gaps = absent.sum(axis=1)
            self.cells[block, 0] -= gaps
            self.missing[block] += gaps
        self.cells[block] += self.grid.count(singles, block.start)
        np.fmin(self.low[block], low, out=self.low[block])
        np.fmax(self.high[block], high, out=self.high[block])
        moments = np.stack([values.sum(axis=1), np.vecdot(values, values)])
        self.moments[:, block] += np.rint(moments / SUM_UNIT).astype(np.int64)


class Tally:
    """Counts over all features of one reference, growing; `numeric` and `categorical` have the layout of `frozen`."""

    def __init__(self, reference: FrozenReference) -> None:
        self.reference = reference
        table = reference.numeric
        self.categorical: Counts = np.zeros_like(reference.categorical.counts)
        self._grids = [GridTally(grid, table) for grid in grids_of(table)]
        self._wrong: Counts = np.zeros(len(table.names), dtype=np.int64)
        self._absent: Counts = np.zeros(len(table.names), dtype=np.int64)
        self.joint = None if reference.joint is None else JointSketch.nothing()
        self._inputs = [index for index, name in enumerate(table.names) if reference.specs[name].role == "input"]
        self._lookups = [_cells_of(reference, index) for index in range(len(reference.categorical.names))]

    @property
    def numeric(self) -> Counts:
        """[F, W] cells."""
        cells = np.zeros_like(self.reference.numeric.counts)
        for own in self._grids:
            cells[own.columns, :-2] = own.cells[:, : cells.shape[1] - 2]
            cells[own.columns, -2] = own.missing
        if cells.size:
            cells[:, -2] -= self._wrong + self._absent
            cells[:, -1] = self._wrong
        return cells

    @property
    def sums(self) -> Counts:
        """[F, 2] Σu and Σu² of u = (value − median) / deviation, in `SUM_UNIT`."""
        sums = np.zeros((len(self._wrong), 2), dtype=np.int64)
        for own in self._grids:
            sums[own.columns] = own.moments.T
        return sums

    @property
    @np.errstate(over="ignore")  # what is beyond floats is infinite
    def extremes(self) -> Floats:
        """[F, 2] smallest and largest value; +inf and −inf where there was none."""
        table = self.reference.numeric
        extremes = np.tile(np.array([np.inf, -np.inf]), (len(self._wrong), 1))
        for own in self._grids:
            seen = np.stack([own.low, own.high], axis=1) * table.scale[own.columns, None] + own.centre
            extremes[own.columns] = np.where(np.isnan(seen), extremes[own.columns], seen)
        return extremes

    @np.errstate(over="ignore")  # what is beyond floats is infinite, then clipped
    def add_numbers(self, columns: Sequence[Floats], rows: int) -> None:
        """Count one float64 column per numeric feature, NaN where missing; a shorter column is missing in the rest."""
        whole = [column if len(column) == rows else _filled(column, rows) for column in columns]
        for start in range(0, rows if whole else 0, PIECE_ROWS):
            piece = [column[start : start + PIECE_ROWS] for column in whole]
            for own in self._grids:
                own.add(piece)
            if self.joint is not None and self._inputs:
                self.joint = self.joint.with_rows(self._inputs_scaled(piece))

    def _inputs_scaled(self, piece: Sequence[Floats]) -> Singles:
        """The numeric inputs [features, rows] as they are counted, NaN where missing."""
        table = self.reference.numeric
        values = np.stack([piece[column] for column in self._inputs]) - table.centre[self._inputs, None]
        return np.clip(values * (1 / table.scale[self._inputs, None]), -CLIP, CLIP).astype(np.float32)

    def missing_were_wrong(self, index: int, rows: int) -> None:
        """Of the missing values of numeric feature `index`, `rows` were of a wrong type."""
        self._wrong[index] += rows

    def missing_were_absent(self, index: int, rows: int) -> None:
        """Of the missing values of numeric feature `index`, `rows` are no rows of it at all."""
        self._absent[index] += rows

    def add_categories(self, index: int, values: Iterable[object] | Coded) -> None:
        """Count the values of categorical feature `index`."""
        found, missing, wrong = categories(values)
        cells = self.categorical[index]
        cells[-2] += missing
        cells[-1] += wrong
        self._add_texts(index, found)

    def _add_texts(self, index: int, found: Counter[str]) -> None:
        cells, lookup = self.categorical[index], self._lookups[index]
        unknown = -3 if self.reference.categorical.complete[index] else -4
        for text, rows in found.items():
            cells[lookup.get(text, unknown)] += rows


def count_columns(tally: Tally, columns: Mapping[str, Any], rows: int, optional: Container[str] = ()) -> None:
    """Count sized columns by name; `rows` is the length of the longest.

    A shorter or absent column is missing in the rest; of `optional` features it is no row there.
    """
    reference = tally.reference
    found = [numbers(columns.get(name, ())) for name in reference.numeric.names]
    tally.add_numbers([values for values, _ in found], rows)
    for index, (name, (values, wrong)) in enumerate(zip(reference.numeric.names, found, strict=True)):
        if wrong:
            tally.missing_were_wrong(index, wrong)
        if len(values) < rows and name in optional:
            tally.missing_were_absent(index, rows - len(values))
    for index, name in enumerate(reference.categorical.names):
        column = columns.get(name, ())
        tally.add_categories(index, column)
        if len(column) < rows and name not in optional:
            tally.categorical[index, -2] += rows - len(column)


def _filled(column: Floats, rows: int) -> Floats:
    """The column with missing values behind it."""
    return np.concatenate([column, np.full(rows - len(column), np.nan)])


def _cells_of(reference: FrozenReference, index: int) -> dict[str, int]:
    table = reference.categorical
    cells = dict.fromkeys(table.pooled[index], -4)
    cells.update({text: cell for cell, text in enumerate(table.categories[index])})
    return cells
