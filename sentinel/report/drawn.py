"""Rows drawn from sketches, for tools that want rows where none were kept. Pure.

Each column has exactly the shares of the sketch (values at evenly spaced ranks, even inside a cell); columns are
shuffled apart, so rows drawn so say nothing of how features hang together.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.frozen import CATEGORICAL_TAIL, NUMERIC_TAIL, CategoricalTable, Counts, Floats, FrozenReference
from sentinel.windows.counts import FeatureCounts
from sentinel.windows.quantiles import borders

OTHER, NEW = "other", "new"
_SEED = 20_261_122

Columns = dict[str, Any]


def from_reference(reference: FrozenReference, rows: int) -> Columns:
    """Columns of `rows` values like those the reference was built from."""
    table = reference.numeric
    extremes = table.quantiles[:, [0, -1]]
    return _drawn(reference, table.counts, extremes, reference.categorical.counts, rows)


def from_window(reference: FrozenReference, features: FeatureCounts, rows: int) -> Columns:
    """Columns of `rows` values like those of a window that was counted against the reference."""
    return _drawn(reference, features.numeric, features.extremes, features.categorical, rows)


def _drawn(reference: FrozenReference, numeric: Counts, extremes: Floats, categorical: Counts, rows: int) -> Columns:
    rng = np.random.default_rng(_SEED)
    ends = borders(reference.numeric, extremes)
    columns: Columns = {}
    for i, name in enumerate(reference.numeric.names):
        columns[name] = rng.permutation(_numbers(numeric[i], ends[i], rows))
    for i, name in enumerate(reference.categorical.names):
        columns[name] = rng.permutation(_texts(reference.categorical, i, categorical[i], rows))
    return columns


def _numbers(cells: Counts, ends: Floats, rows: int) -> Floats:
    """NaN where missing or of a wrong type, and in all rows of a feature that was never seen."""
    present, gone = cells[:-NUMERIC_TAIL], int(cells[-NUMERIC_TAIL:].sum())
    total = int(present.sum()) + gone
    if not total - gone:
        return np.full(rows, np.nan)
    missing = round(rows * gone / total)
    ranks = (np.arange(rows - missing) + 0.5) / max(rows - missing, 1) * present.sum()
    through = np.concatenate([[0], np.cumsum(present)])
    at = np.searchsorted(through, ranks, side="right") - 1
    part = (ranks - through[at]) / present[at]
    low, high = ends[at], ends[at + 1]
    values = np.where(high == np.nextafter(low, np.inf), low, low * (1 - part) + high * part)  # an atom is one value
    return np.concatenate([values, np.full(missing, np.nan)])


def _texts(table: CategoricalTable, i: int, cells: Counts, rows: int) -> NDArray[np.object_]:
    """None where missing or of a wrong type."""
    known = len(table.categories[i])
    other, new, missing, wrong = cells[-CATEGORICAL_TAIL:]
    names = np.array([*table.categories[i], OTHER, NEW, None], dtype=object)
    through = np.cumsum([*cells[:known], other, new, missing + wrong])
    if not through[-1]:
        return np.full(rows, None, dtype=object)
    ranks = (np.arange(rows) + 0.5) / rows * through[-1]
    drawn: NDArray[np.object_] = names[np.searchsorted(through, ranks, side="right")]
    return drawn
