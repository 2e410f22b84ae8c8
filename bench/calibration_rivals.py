"""The rules people use today, as functions of one window of raw values, by their definitions.

Evidently (0.7, its default for references above 1,000 rows): Wasserstein distance over the reference's standard
deviation ≥ 0.1 for numeric columns; the data set drifts when half of the columns do. NannyML (univariate, default):
Jensen–Shannon distance above mean + 3 standard deviations of the reference's chunks. PSI on ten quantile bins above 0.1
or 0.2. KS: two-sample, p < 0.05 per column, or corrected over the columns (Bonferroni, Benjamini–Hochberg).
Written from the tools' documentation; `calibration_peers` runs the tools themselves.
"""

import numpy as np
from scipy.special import kolmogorov, ndtri

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
