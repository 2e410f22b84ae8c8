"""Live traffic for calibration, as raw rows: numeric features that are standard normal where nothing drifts.

A world yields windows of raw values [F, rows]; `cells` turns them into the book's counts with bin edges that are order
statistics of a reference of N rows, drawn exactly (uniform spacings), so that N may be 500,000 at no cost.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter
from scipy.special import ndtr

from tests.support.judge_calibration import binned, numeric_cells, spacings

Values = np.ndarray
Traffic = Callable[[np.random.Generator], Iterator[Values]]
"""Endless windows of values [F, rows]."""

SEASONAL_SD = 0.5
"""Mean over the day: this many standard deviations times a sine."""
WINDOWS_PER_DAY = 288


def plain(features: int, rows: int, correlation: float = 0.0) -> Traffic:
    """Independent rows; features share a normal factor, so that any two correlate by `correlation`."""

    def windows(rng: np.random.Generator) -> Iterator[Values]:
        while True:
            own = rng.standard_normal((features, rows))
            yield np.sqrt(1 - correlation) * own + np.sqrt(correlation) * rng.standard_normal((1, rows))

    return windows


def autoregressive(features: int, rows: int, rho: float = 0.8) -> Traffic:
    """Each row follows the one before: AR(1)."""

    def windows(rng: np.random.Generator) -> Iterator[Values]:
        state = rng.standard_normal((features, 1))
        while True:
            noise = rng.standard_normal((features, rows)) * np.sqrt(1 - rho**2)
            values, _ = lfilter([1.0], [1.0, -rho], noise, axis=1, zi=rho * state)
            state = values[:, -1:]
            yield values

    return windows


def bursts(features: int, rows: int, share: float = 0.3, mean_length: int = 10) -> Traffic:
    """Clients that repeat themselves: `share` of the arrivals are one row sent about `mean_length` times."""

    def windows(rng: np.random.Generator) -> Iterator[Values]:
        while True:
            lengths = np.where(rng.random(rows) < share, rng.geometric(1 / mean_length, rows), 1)
            arrivals = int(np.searchsorted(np.cumsum(lengths), rows)) + 1
            values = rng.standard_normal((features, arrivals))
            yield np.repeat(values, lengths[:arrivals], axis=1)[:, :rows]

    return windows


def wandering(features: int, rows: int, sd: float = 0.15) -> Traffic:
    """The mean of each window is off by `sd` standard deviations at random."""

    def windows(rng: np.random.Generator) -> Iterator[Values]:
        while True:
            yield rng.standard_normal((features, rows)) + sd * rng.standard_normal((features, 1))

    return windows


def seasonal(features: int, rows: int) -> Traffic:
    """The mean follows the hour of the day."""

    def windows(rng: np.random.Generator) -> Iterator[Values]:
        i = 0
        while True:
            mean = SEASONAL_SD * np.sin(2 * np.pi * i / WINDOWS_PER_DAY)
            yield rng.standard_normal((features, rows)) + mean
            i += 1

    return windows


def intermittent(features: int, rows: int) -> Traffic:
    """Nothing for six hours, then six hours of traffic, and so on."""

    def windows(rng: np.random.Generator) -> Iterator[Values]:
        i = 0
        while True:
            yield rng.standard_normal((features, rows if (i // 72) % 2 else 0))
            i += 1

    return windows


def silent(features: int, rows: int) -> Traffic:
    """No traffic at all."""
    return plain(features, 0)


def correlated(features: int, rows: int) -> Traffic:
    """Any two features correlate by one half."""
    return plain(features, rows, 0.5)


TRAFFIC: dict[str, Callable[[int, int], Traffic]] = {
    "plain": plain,
    "correlated": correlated,
    "autoregressive": autoregressive,
    "bursts": bursts,
    "wandering": wandering,
    "seasonal": seasonal,
    "intermittent": intermittent,
    "no traffic": silent,
}


@dataclass(frozen=True)
class Cells:
    """Bin edges of one reference, in units of the normal distribution function: [F, edges]."""

    counts: np.ndarray
    laws: np.ndarray
    edges: np.ndarray

    @classmethod
    def drawn(cls, seed: int, features: int, reference_rows: int) -> "Cells":
        rng = np.random.default_rng(seed)
        counts = numeric_cells(rng, features, reference_rows)
        laws = spacings(rng, counts)
        return cls(counts, laws, np.cumsum(laws, axis=1)[:, :-2])

    def features(self, tolerance: float) -> object:
        return binned(self.counts, self.counts.shape[1] - 1, tolerance)

    def count(self, values: Values) -> np.ndarray:
        """Counts [F, K] of a window of values [F, rows]."""
        shares = ndtr(values)
        width = self.counts.shape[1]
        cell = np.stack([np.searchsorted(edges, row) for edges, row in zip(self.edges, shares, strict=True)])
        flat = (np.arange(len(cell))[:, None] * width + cell).reshape(-1)
        return np.bincount(flat, minlength=self.counts.size).reshape(self.counts.shape)
