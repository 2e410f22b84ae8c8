"""Counting rows into the cells of a reference: the same code counts the reference itself and every window. Pure.

A number x is counted as t = (x − median) / deviation in single precision, between ± `CLIP`: 7 digits of its distance
from the median, where it matters. Short runs of singles sort in about a nanosecond a value (numpy's SIMD networks), and
one search per bin edge then counts a run: cheaper than a search per value.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.frozen import Counts, Floats, FrozenReference, NumericTable
from sentinel.reference.joint import JointSketch
from sentinel.reference.values import Coded, categories, numbers

SUM_UNIT = 2.0**-16
"""Sums are kept in these fractions of a reference deviation, as integers, so that adding windows is exact."""
CLIP = 1000.0
"""A value farther from the reference median than this many reference deviations counts as this far."""
RUN_ROWS = 512
"""Rows counted at once: longer runs of singles leave the sorting networks and sort five times slower a value."""

MOST_RUN_VALUES = 1 << 18
"""Values of a run over all features, 3 MiB: with very many features runs are shorter."""
LEAST_RUN_ROWS = 64

Singles = NDArray[np.float32]


class Tally:
    """Counts over all features of one reference, growing; `numeric` and `categorical` have the layout of `frozen`."""

    def __init__(self, reference: FrozenReference) -> None:
        self.reference = reference
        table = reference.numeric
        features = len(table.names)
        self.run_rows = max(LEAST_RUN_ROWS, min(RUN_ROWS, MOST_RUN_VALUES // max(1, features)))
        self.sums: Counts = np.zeros((features, 2), dtype=np.int64)
        self.extremes: Floats = np.tile(np.array([np.inf, -np.inf]), (features, 1))
        self.categorical: Counts = np.zeros_like(reference.categorical.counts)
        self._edges = scaled_edges(table)
        self._centre, self._per_scale = table.centre.tolist(), 1 / table.scale[:, None]
        self._below: Counts = np.zeros(self._edges.shape, dtype=np.int64)
        self._present: Counts = np.zeros(features, dtype=np.int64)
        self._missing: Counts = np.zeros(features, dtype=np.int64)
        self._wrong: Counts = np.zeros(features, dtype=np.int64)
        self._values: Floats = np.empty((features, self.run_rows))
        self._scaled: Singles = np.empty((features, self.run_rows), dtype=np.float32)
        self._searches = [(row.searchsorted, edges) for row, edges in zip(self._scaled, self._edges, strict=True)]
        self.joint = None if reference.joint is None else JointSketch.nothing()
        inputs = [index for index, name in enumerate(table.names) if reference.specs[name].role == "input"]
        self._inputs = np.array(inputs, dtype=np.intp)
        self._lookups = [_cells_of(reference, index) for index in range(len(reference.categorical.names))]

    @property
    def numeric(self) -> Counts:
        """[F, W] cells: the differences of the numbers of values below successive edges."""
        cells = np.zeros_like(self.reference.numeric.counts)
        if cells.size:
            cells[:, 0] = self._below[:, 0]
            cells[:, 1:-3] = np.diff(self._below)
            cells[:, -3] = self._present - self._below[:, -1]
            cells[:, -2], cells[:, -1] = self._missing, self._wrong
        return cells

    @np.errstate(over="ignore")  # what is beyond floats is infinite, then clipped
    def add_numbers(self, columns: Sequence[Floats], rows: int) -> None:
        """Count one float64 column per numeric feature, NaN where missing; a shorter column is missing in the rest."""
        for start in range(0, rows if columns else 0, self.run_rows):
            for row, centre, column in zip(self._values, self._centre, columns, strict=True):
                run = column[start : start + self.run_rows]
                np.subtract(run, centre, out=row[: len(run)])
                if len(run) < self.run_rows:
                    row[len(run) :] = np.nan
            self._count_run(min(self.run_rows, rows - start))

    def missing_were_wrong(self, index: int, rows: int) -> None:
        """Of the missing values of numeric feature `index`, `rows` were of a wrong type."""
        self._missing[index] -= rows
        self._wrong[index] += rows

    def missing_were_absent(self, index: int, rows: int) -> None:
        """Of the missing values of numeric feature `index`, `rows` are no rows of it at all."""
        self._missing[index] -= rows

    def _count_run(self, rows: int) -> None:
        scaled = self._scaled
        np.multiply(self._values, self._per_scale, out=scaled, casting="same_kind")
        np.clip(scaled, -CLIP, CLIP, out=scaled)
        if self.joint is not None:
            self.joint = self.joint.with_rows(scaled[self._inputs])
        scaled.sort(axis=1)  # NaN last
        self._below += np.concatenate([search(edges) for search, edges in self._searches]).reshape(self._below.shape)
        present = np.full(len(scaled), self.run_rows)
        gaps = np.flatnonzero(np.isnan(scaled[:, -1]))
        if len(gaps):
            present[gaps] -= np.count_nonzero(np.isnan(scaled[gaps]), axis=1)
        self._note_extremes(present)
        scaled[gaps] = np.nan_to_num(scaled[gaps])
        self._present += present
        self._missing += rows - present
        self.sums[:, 0] += np.rint(scaled.sum(axis=1) / SUM_UNIT).astype(np.int64)
        self.sums[:, 1] += np.rint(np.einsum("ij,ij->i", scaled, scaled) / SUM_UNIT).astype(np.int64)

    def _note_extremes(self, present: Counts) -> None:
        some = np.flatnonzero(present)
        low, high = self._scaled[some, 0], self._scaled[some, present[some] - 1]
        centre, scale = self.reference.numeric.centre[some], self.reference.numeric.scale[some]
        self.extremes[some, 0] = np.minimum(self.extremes[some, 0], low * scale + centre)
        self.extremes[some, 1] = np.maximum(self.extremes[some, 1], high * scale + centre)

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


def scaled_edges(table: NumericTable) -> Singles:
    """The edges [F, E] as values are counted, +inf in the padding.

    An edge that is the next float after a value (behind an atom, behind the maximum) becomes the next single after it.
    """
    behind = np.zeros(table.edges.shape, dtype=bool)
    behind[:, 1:] = table.edges[:, 1:] == np.nextafter(table.edges[:, :-1], np.inf)
    behind[np.arange(len(table.names)), table.bins] = True
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.where(behind, np.nextafter(table.edges, -np.inf), table.edges)
        scaled = (values - table.centre[:, None]) * (1 / table.scale[:, None])
        edges = np.clip(scaled, -CLIP, CLIP).astype(np.float32)
    edges = np.where(behind, np.nextafter(edges, np.float32(np.inf)), edges)
    edges = np.maximum.accumulate(edges, axis=1) if edges.size else edges
    return np.where(np.arange(edges.shape[1]) <= table.bins[:, None], edges, np.float32(np.inf))


def _cells_of(reference: FrozenReference, index: int) -> dict[str, int]:
    table = reference.categorical
    cells = dict.fromkeys(table.pooled[index], -4)
    cells.update({text: cell for cell, text in enumerate(table.categories[index])})
    return cells
