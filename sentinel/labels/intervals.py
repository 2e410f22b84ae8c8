"""95 % intervals of what is measured on a sample. Pure.

Shares: Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22. Means: the
central limit theorem, which covers a few points less for heavy tails (log-loss of a few hundred rows). Statistics of a
table of counts (F1, calibration error): percentiles of a parametric bootstrap (Efron & Tibshirani 1993, ch. 6 and 13),
moved so that they surround the statistic itself.
Area under the curve: DeLong, DeLong & Clarke-Pearson (1988), "Comparing the areas under two or more correlated receiver
operating characteristic curves", Biometrics 44.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float]

Z = 1.959963984540054
"""97.5 % quantile of the normal law."""
DRAWS = 400
"""Draws of a bootstrap: the ends of the interval are then uncertain by a tenth of its half-width."""
SEED = 20_261_122
"""Of the draws: the same counts give the same interval."""
NOTHING: Interval = (float("nan"), float("nan"))


def wilson(hits: float, n: float) -> Interval:
    """Of a share of `hits` in `n` independent rows; NaN without any."""
    if n <= 0:
        return NOTHING
    share, square = hits / n, Z * Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def of_mean(values: Floats) -> Interval:
    """Of the mean of independent values; NaN with fewer than two."""
    if len(values) < 2:
        return NOTHING
    mean, half = float(values.mean()), Z * float(values.std(ddof=1)) / sqrt(len(values))
    return mean - half, mean + half


def around(value: float, draws: Floats) -> Interval:
    """Percentiles of bootstrap draws, moved by their bias."""
    known = draws[~np.isnan(draws)]
    if value != value or not len(known):
        return NOTHING
    shift = value - float(known.mean())
    low, high = (float(q) + shift for q in percentiles(known))
    return low, high


def percentiles(values: Floats) -> Interval:
    """The 2.5 % and 97.5 % order statistics (`np.quantile` would load 5 MB of masked arrays)."""
    ordered, last = np.sort(values), len(values) - 1
    return float(ordered[round(0.025 * last)]), float(ordered[round(0.975 * last)])


def resampled(table: NDArray[Any], statistic: Callable[[Floats], Floats]) -> Floats:
    """The statistic of DRAWS tables like this one: multinomial draws of as many rows.

    statistic: [draws, *table.shape] -> [draws].
    """
    n = int(table.sum())
    if n == 0:
        return np.full(1, np.nan)
    rng = np.random.default_rng(SEED)
    draws = rng.multinomial(n, table.ravel() / n, size=DRAWS)
    return statistic(draws.reshape(DRAWS, *table.shape).astype(np.float64))


def auc(scores: Floats, positive: NDArray[np.bool_]) -> tuple[float, float, float]:
    """(area under the ROC curve, low, high) by DeLong; ties count half. NaN unless both classes occur."""
    up, down = scores[positive], scores[~positive]
    m, n = len(up), len(down)
    if not m or not n:
        return (float("nan"), *NOTHING)
    every = _midranks(np.concatenate([up, down]))
    above_down = (every[:m] - _midranks(up)) / n  # share of negatives below each positive
    below_up = 1 - (every[m:] - _midranks(down)) / m
    area = float(above_down.mean())
    variance = sum(float(part.var(ddof=1)) / len(part) for part in (above_down, below_up) if len(part) > 1)
    half = Z * sqrt(variance)
    return area, max(0.0, area - half), min(1.0, area + half)


def _midranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the middle of theirs."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.searchsorted(ordered, ordered, side="left")
    last = np.searchsorted(ordered, ordered, side="right")
    ranks = np.empty(len(values))
    ranks[order] = (first + last + 1) / 2
    return ranks
