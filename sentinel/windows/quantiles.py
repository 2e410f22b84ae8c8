"""Moments and quantiles of numeric features, read back from a window's counts. Pure."""

import numpy as np

from sentinel.reference.frozen import Counts, Floats, NumericTable
from sentinel.reference.tally import SUM_UNIT
from sentinel.windows.counts import FeatureCounts


def borders(table: NumericTable, extremes: Floats) -> Floats:
    """Ends [F, K + 1] of the ordered cells; the outermost reach to the smallest and largest value seen."""
    rows = np.arange(len(table.names))
    low = np.minimum(table.edges[:, 0], extremes[:, 0])
    high = np.maximum(table.edges[rows, table.bins], extremes[:, 1])
    ends = np.concatenate([low[:, None], table.edges, high[:, None]], axis=1)
    bounded: Floats = np.minimum(ends, high[:, None])
    return bounded


def quantile(table: NumericTable, counts: FeatureCounts, probability: float) -> Floats:
    """The quantile [F] of the present values, NaN without any: off by less than the bin that holds it."""
    cells = counts.numeric[:, :-2]
    through = np.cumsum(cells, axis=1)
    rank = probability * through[:, -1]
    at = np.argmax(through >= rank[:, None], axis=1)
    rows = np.arange(len(cells))
    inside = cells[rows, at]
    part = np.divide(rank - (through[rows, at] - inside), inside, out=np.zeros(len(cells)), where=inside > 0)
    ends = borders(table, counts.extremes)
    with np.errstate(invalid="ignore"):
        found = ends[rows, at] * (1 - part) + ends[rows, at + 1] * part
    return np.where(through[:, -1] > 0, found, np.nan)


def moments(cells: Counts, sums: Counts) -> tuple[Floats, Floats]:
    """Mean and deviation [F] of the present values in reference deviations from the reference median; NaN without any.

    Values are winsorised (`sentinel.reference.binning.CLIP`).
    """
    rows = cells[:, :-2].sum(axis=1)
    means = np.divide(sums * SUM_UNIT, rows[:, None], out=np.full(sums.shape, np.nan), where=rows[:, None] > 0)
    return means[:, 0], np.sqrt(np.maximum(means[:, 1] - means[:, 0] ** 2, 0.0))
