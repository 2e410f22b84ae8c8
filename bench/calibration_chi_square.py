"""The classical rival of the book: χ² on blocks of several lengths that share one page a month."""

from functools import lru_cache

import numpy as np
from scipy.special import chdtri
from scipy.stats import ncx2

MONTH = 8_640


class MultiScale:
    """Classical χ² on non-overlapping blocks of 1, 3, 12, 36, 96, 288 windows, at levels that share one page a month.

    counts: [F, K] of the reference, of so many `features` that share the page. Cells expected below 10 rows in a block
    are pooled into one. Beyond a tolerance the quantile is that of the non-central law. As such it is not valid where
    the tolerated law has other variances than the reference, on rare categories above all; `inflated`, it is divided by
    the largest ratio of a cell's variance at the tolerance to that in the reference.
    """

    LENGTHS = (1, 3, 12, 36, 96, 288)
    FEWEST_EXPECTED = 10

    def __init__(
        self, counts: np.ndarray, tolerance: float, features: int | None = None, inflated: bool = False
    ) -> None:
        self.counts, self.tolerance = counts, tolerance
        self.features = features if features is not None else len(counts)
        self.inflated = inflated
        self.sums = np.zeros((len(self.LENGTHS), *counts.shape))
        self.at = 0

    def pages(self, counts: np.ndarray) -> np.ndarray:
        """Which features [F] page after one more window of counts [F, K]."""
        self.at += 1
        self.sums += counts
        found = np.zeros(len(counts), dtype=bool)
        for i, length in enumerate(self.LENGTHS):
            if self.at % length == 0:
                level = length / (MONTH * len(self.LENGTHS) * self.features)
                found |= self._test(self.sums[i], level)
                self.sums[i] = 0
        return found

    def _test(self, window: np.ndarray, level: float) -> np.ndarray:
        n, rows = window.sum(axis=1, keepdims=True), self.counts.sum(axis=1, keepdims=True)
        law = (window + self.counts) / (n + rows)
        large = (law * n >= self.FEWEST_EXPECTED) & (n > 0)
        p, p0, law = (_pooled(x, large, law) for x in (window / np.maximum(n, 1), self.counts / rows, law))
        effective = 1 / (1 / np.maximum(n, 1) + 1 / rows)
        terms = np.divide((p - p0) ** 2, law, out=np.zeros_like(p), where=large & (law > 0))
        statistic = effective[:, 0] * terms.sum(axis=1)
        freedom = np.maximum(large.sum(axis=1) - 1, 1)
        factor = self._inflation(p0, large)
        known = zip(freedom.tolist(), (effective[:, 0] / factor).tolist(), strict=True)
        limits = [_limit(k, round(m, 6), self.tolerance, level) for k, m in known]
        return (n[:, 0] > 0) & (statistic / factor > limits)

    def _inflation(self, p0: np.ndarray, large: np.ndarray) -> np.ndarray:
        if not self.inflated:
            return np.ones(len(p0))
        odds = np.divide(1 - p0, p0, out=np.zeros_like(p0), where=large & (p0 > 0))
        return (1 + np.sqrt(2 * self.tolerance * odds)).max(axis=1)


@lru_cache(maxsize=100_000)
def _limit(freedom: int, effective: float, tolerance: float, level: float) -> float:
    if tolerance == 0:
        return float(chdtri(freedom, level))
    return float(ncx2.isf(level, freedom, 2 * tolerance * effective))


def _pooled(x: np.ndarray, large: np.ndarray, law: np.ndarray) -> np.ndarray:
    """Cells with the small ones of each feature added to the smallest of its large ones."""
    kept = np.where(large, x, 0.0)
    smallest = np.where(large, law, np.inf).argmin(axis=1)
    kept[np.arange(len(x)), smallest] += np.where(large, 0.0, x).sum(axis=1)
    return kept
