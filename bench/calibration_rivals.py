"""The rules people use today, as functions of one window of raw values, by their definitions.

Evidently (0.7, its default for references above 1,000 rows): Wasserstein distance over the reference's standard
deviation ≥ 0.1 for numeric columns; the data set drifts when half of the columns do. NannyML (univariate, default):
Jensen–Shannon distance above mean + 3 standard deviations of the reference's chunks. PSI on ten quantile bins above 0.1
or 0.2. KS: two-sample, p < 0.05 per column, or corrected over the columns (Bonferroni, Benjamini–Hochberg).
Written from the tools' documentation; the tools themselves are not run here.
"""

import numpy as np
from scipy.special import chdtrc, chndtr, kolmogorov, ndtri

BINS = 10
REFERENCE_ROWS = 50_000
GRID = ndtri((np.arange(4000) + 0.5) / 4000)


class Rivals:
    """Rules for windows of `rows` values of normal features, against one drawn reference."""

    def __init__(self, seed: int, rows: int) -> None:
        rng = np.random.default_rng(seed)
        self.reference = np.sort(rng.standard_normal(REFERENCE_ROWS))
        self.edges = np.quantile(self.reference, np.linspace(0, 1, BINS + 1)[1:-1])
        self.quantiles = np.quantile(self.reference, (np.arange(rows) + 0.5) / max(rows, 1))
        chunks = rng.choice(self.reference, (200, rows))
        distances = self.jensen_shannon(chunks)
        self.js_limit = distances.mean() + 3 * distances.std()

    def shares(self, values: np.ndarray) -> np.ndarray:
        cells = np.searchsorted(self.edges, values)
        return np.stack([np.bincount(row, minlength=BINS) for row in cells]) / values.shape[1]

    def jensen_shannon(self, values: np.ndarray) -> np.ndarray:
        p, q = self.shares(values), np.full(BINS, 1 / BINS)
        m = (p + q) / 2
        kl = lambda a: np.sum(a * np.log2(np.where(a > 0, a / m, 1.0)), axis=1)  # noqa: E731
        return np.sqrt((kl(p) + kl(np.broadcast_to(q, p.shape))) / 2)

    def psi(self, values: np.ndarray) -> np.ndarray:
        p, q = np.maximum(self.shares(values), 1e-4), 1 / BINS
        return np.sum((p - q) * np.log(p / q), axis=1)

    def wasserstein(self, values: np.ndarray) -> np.ndarray:
        return np.abs(np.sort(values, axis=1) - self.quantiles).mean(axis=1)

    def ks_p(self, values: np.ndarray) -> np.ndarray:
        ordered, n = np.sort(values, axis=1), values.shape[1]
        cdf = np.searchsorted(self.reference, ordered) / REFERENCE_ROWS
        steps = np.arange(n)
        gap = np.maximum(np.abs(cdf - steps / n), np.abs((steps + 1) / n - cdf)).max(axis=1)
        return kolmogorov(gap * np.sqrt(n * REFERENCE_ROWS / (n + REFERENCE_ROWS)))

    def verdicts(self, values: np.ndarray) -> dict[str, bool]:
        """Which rules page for this window."""
        columns = len(values)
        w1, psi, p = self.wasserstein(values), self.psi(values), np.sort(self.ks_p(values))
        return {
            "Evidently default: share of columns ≥ 0.5": bool((w1 >= 0.1).mean() >= 0.5),
            "Evidently default: any column": bool((w1 >= 0.1).any()),
            "NannyML rule: JS > mean + 3 sd, any column": bool((self.jensen_shannon(values) > self.js_limit).any()),
            "PSI > 0.1, any column": bool((psi > 0.1).any()),
            "PSI > 0.2, any column": bool((psi > 0.2).any()),
            "KS p < 0.05, any column": bool(p[0] < 0.05),
            "KS, Bonferroni per window": bool(p[0] < 0.05 / columns),
            "KS, Benjamini–Hochberg per window": bool((p <= 0.05 * (np.arange(columns) + 1) / columns).any()),
        }


class MultiScale:
    """Classical χ² on non-overlapping blocks of 1, 3, 12, 36, 96, 288 windows, at levels that share one page a month.

    counts: [F, K] of the reference. Cells expected below 10 rows in a block are pooled into one. Beyond a tolerance the
    quantile is that of the non-central law (which is not valid on rare categories at the edge of the tolerance).
    """

    LENGTHS = (1, 3, 12, 36, 96, 288)
    FEWEST_EXPECTED = 10

    def __init__(self, counts: np.ndarray, tolerance: float) -> None:
        self.counts, self.tolerance = counts, tolerance
        self.sums = np.zeros((len(self.LENGTHS), *counts.shape))
        self.at = 0

    def pages(self, counts: np.ndarray) -> bool:
        self.at += 1
        self.sums += counts
        found = False
        for i, length in enumerate(self.LENGTHS):
            if self.at % length == 0:
                level = length / (8640 * len(self.LENGTHS) * len(counts))
                found |= any(self._test(f, self.sums[i, f], level) for f in range(len(counts)))
                self.sums[i] = 0
        return found

    def _test(self, f: int, window: np.ndarray, level: float) -> bool:
        reference = self.counts[f]
        n, rows = window.sum(), reference.sum()
        if not n:
            return False
        law = (window + reference) / (n + rows)
        small = law * n < self.FEWEST_EXPECTED
        p, p0, law = (_pooled(x, small, law) for x in (window / n, reference / rows, law))
        effective = 1 / (1 / n + 1 / rows)
        statistic = effective * np.sum((p - p0) ** 2 / law)
        freedom, noncentrality = max(len(law) - 1, 1), 2 * self.tolerance * effective
        if self.tolerance == 0:
            return bool(chdtrc(freedom, statistic) < level)
        return bool(1 - chndtr(statistic, freedom, noncentrality) < level)


def _pooled(x: np.ndarray, small: np.ndarray, law: np.ndarray) -> np.ndarray:
    """Cells with their small ones added to the smallest of the others."""
    kept = x[~small]
    if len(kept):
        kept[np.argmin(law[~small])] += x[small].sum()
    return kept if len(kept) else np.array([x.sum()])
