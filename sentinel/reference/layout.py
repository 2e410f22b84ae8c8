"""The cells of a reference, laid out from what its columns showed: edges of bins, categories, quantiles. Pure.

Nothing is counted here; where bins begin and end is decided in `bins`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sentinel.reference import bins
from sentinel.reference.frozen import PROBABILITIES, CategoricalTable, Floats, NumericTable
from sentinel.reference.survey import Surveyed, by_frequency

MOST_CELLS = 100
"""Categories with a fine cell of their own; the rest count as other."""
MOST_POOLED = 4096
"""Names of pooled categories remembered, to tell rare ones from new ones."""


def numeric_table(seen: Mapping[str, Surveyed]) -> NumericTable:
    """Numeric features with nothing counted."""
    edges = [bins.fine_edges(column.values, column.low, column.high) for column in seen.values()]
    means = [bins.bin_means(own, column.values) for own, column in zip(edges, seen.values(), strict=True)]
    m = np.array([len(row) - 1 for row in edges], dtype=np.intp)
    quantiles = np.array([_quantiles(column) for column in seen.values()]).reshape(-1, len(PROBABILITIES))
    return NumericTable(
        names=tuple(seen),
        edges=_padded(edges, np.inf),
        bins=m,
        means=_padded(means, 0.0),
        counts=np.zeros((len(edges), bins.numeric_width(m)), dtype=np.int64),
        centre=np.nan_to_num(quantiles[:, PROBABILITIES.index(0.5)]),
        scale=np.array([_deviation(column) for column in seen.values()]),
        sums=np.zeros((len(edges), 2), dtype=np.int64),
        quantiles=quantiles,
    )


def _padded(rows: Sequence[Floats], filler: float) -> Floats:
    padded = np.full((len(rows), max(map(len, rows), default=0)), filler)
    for into, row in zip(padded, rows, strict=True):
        into[: len(row)] = row
    return padded


def _deviation(column: Surveyed) -> float:
    """Standard deviation; half the range where it is beyond floats; 1 where it is 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(np.std(column.values)) if len(column.values) else 0.0
    return (deviation if np.isfinite(deviation) else column.high / 2 - column.low / 2) or 1.0


def _quantiles(column: Surveyed) -> Floats:
    if not len(column.values):
        return np.full(len(PROBABILITIES), np.nan)
    found = np.quantile(column.values, PROBABILITIES, method="inverted_cdf")  # values that occurred, never between
    found[0], found[-1] = column.low, column.high
    return found


def categorical_table(seen: Mapping[str, Surveyed]) -> CategoricalTable:
    """Categorical features with nothing counted."""
    chosen = [_cells(column) for column in seen.values()]
    table = CategoricalTable(
        names=tuple(seen),
        categories=tuple(categories for categories, _, _ in chosen),
        pooled=tuple(pooled for _, pooled, _ in chosen),
        complete=tuple(complete for _, _, complete in chosen),
        counts=np.zeros((0, 0), dtype=np.int64),
    )
    width = bins.categorical_width(known_categories(table))
    return replace(table, counts=np.zeros((len(chosen), width), dtype=np.int64))


def _cells(column: Surveyed) -> tuple[tuple[str, ...], frozenset[str], bool]:
    """Categories with a cell of their own, pooled ones, and whether these are all."""
    ranked = sorted(column.texts.items(), key=by_frequency)
    own = [text for text, rows in ranked[:MOST_CELLS] if rows >= bins.POOLED_BELOW]
    rest = [text for text, _ in ranked[len(own) :]]
    return tuple(own), frozenset(rest[:MOST_POOLED]), column.complete and len(rest) <= MOST_POOLED


def known_categories(table: CategoricalTable) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Number of categories with a cell of their own, by feature."""
    return np.array([len(names) for names in table.categories], dtype=np.intp)
