"""Predictions of two versions side by side: false rollbacks and delays, beside what is commonly done.

Part of `python -m bench.rollback_rivals`, which writes the page. A score is normal with mean 0 and standard deviation 1
in the version before; 5 rows a second are analysed in either version, for an hour, after an hour of the version before
alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import mannwhitneyu

from sentinel.drift.laws import BinnedFeatures
from sentinel.judge.baseline import FALSE_ROLLBACK, PredictionTest

MINUTES, PER_MINUTE = 60, 300
BINS = 10
FAR = 4.0  # the reference's extremes
TOLERANCE = 0.005  # nats, the default: 0.1 sd
PSI_LIMIT, MEAN_LIMIT = 0.2, 0.1
MANN_WHITNEY_MINUTES, MANN_WHITNEY_P, Z_P = 5, 0.02, 0.05
ALIKE = 8

Floats = NDArray[np.float64]
Change = Callable[[Floats], Floats]

EDGES = np.concatenate([[-FAR], ndtri(np.arange(1, BINS) / BINS), [FAR]])
CELLS = len(EDGES) + 2
"""Below, ten bins, above, missing."""


@dataclass(frozen=True)
class Scores:
    """One run. before: [rows] of the version before, alone; baseline, trial: [MINUTES, PER_MINUTE] side by side."""

    before: Floats
    baseline: Floats
    trial: Floats


def cells(scores: Floats) -> NDArray[np.int64]:
    """Rows by cell."""
    return np.bincount(np.searchsorted(EDGES, scores.ravel(), side="right"), minlength=CELLS)


def run(rng: np.random.Generator, change: Change, alike: int) -> Scores:
    def drawn() -> Floats:
        return np.repeat(rng.normal(size=MINUTES * PER_MINUTE // alike), alike)

    shape = (MINUTES, PER_MINUTE)
    return Scores(drawn(), drawn().reshape(shape), change(drawn()).reshape(shape))


def book(scores: Scores) -> float:
    """Minutes until sentinel acts."""
    one = np.ones(1)
    features = BinnedFeatures(
        names=("score",),
        counts=cells(scores.before)[None],
        cells=np.array([CELLS]),
        ordered=np.array([CELLS - 1]),
        weights=one,
        tolerances=TOLERANCE * one,
        dependence=np.nan * one,
    )
    test = PredictionTest(features, [(cells(rows)[None], 60.0) for rows in scores.before.reshape(MINUTES, PER_MINUTE)])
    for minute, rows in enumerate(scores.trial, 1):
        test.observe(cells(rows)[None], 60.0)
        if test.log_evidence() >= -np.log(FALSE_ROLLBACK):
            return float(minute)
    return np.inf


def first(acts: NDArray[np.bool_], minutes_each: float = 1.0) -> float:
    return float((acts.argmax() + 1) * minutes_each) if acts.any() else np.inf


def psi(scores: Scores) -> float:
    """The population stability index of the last minute against the baseline's is above 0.2."""
    shares = [np.array([cells(rows)[:-1] for rows in arm]) + 0.5 for arm in (scores.trial, scores.baseline)]
    mine, theirs = (counts / counts.sum(axis=1, keepdims=True) for counts in shares)
    return first(((mine - theirs) * np.log(mine / theirs)).sum(axis=1) > PSI_LIMIT)


def mean(scores: Scores) -> float:
    """The mean of the last minute is more than a tenth of a standard deviation off the baseline's."""
    return first(np.abs(scores.trial.mean(axis=1) - scores.baseline.mean(axis=1)) > MEAN_LIMIT)


def z_test(scores: Scores) -> float:
    """Means since the start, two-sided."""
    seen = np.arange(1, MINUTES + 1) * PER_MINUTE
    sums = [arm.sum(axis=1).cumsum() / seen for arm in (scores.trial, scores.baseline)]
    return first(np.abs(sums[0] - sums[1]) / np.sqrt(2 / seen) > ndtri(1 - Z_P / 2))


def mann_whitney(scores: Scores) -> float:
    """Minutes of either arm as points, as canary judges do."""
    mine, theirs = scores.trial.mean(axis=1), scores.baseline.mean(axis=1)
    looks = range(MANN_WHITNEY_MINUTES, MINUTES + 1, MANN_WHITNEY_MINUTES)
    acts = [mannwhitneyu(mine[:n], theirs[:n], alternative="two-sided").pvalue < MANN_WHITNEY_P for n in looks]
    return first(np.array(acts), MANN_WHITNEY_MINUTES)


METHODS: Mapping[str, Callable[[Scores], float]] = {
    "sentinel, tolerance 0.1 sd": book,
    "last minute's PSI above 0.2": psi,
    "last minute's mean off by 0.1 sd": mean,
    "z-test of means, p < .05, looking every minute": z_test,
    "Mann-Whitney, p < .02, every 5 minutes": mann_whitney,
}
WORLDS: Mapping[str, tuple[Change, int]] = {
    "the same": (lambda scores: scores, 1),
    "the same, rows in eights alike": (lambda scores: scores, ALIKE),
    "mean + 0.05 sd (harmless)": (lambda scores: scores + 0.05, 1),
    "mean + 0.25 sd": (lambda scores: scores + 0.25, 1),
    "mean + 0.5 sd": (lambda scores: scores + 0.5, 1),
    "saturates at its 80th percentile": (lambda scores: np.minimum(scores, ndtri(0.8) - 1e-9), 1),
}
WORSE = ("mean + 0.25 sd", "mean + 0.5 sd", "saturates at its 80th percentile")


def measure(runs: int) -> dict[str, dict[str, dict[str, float]]]:
    """world -> method -> share of runs rolled back within the hour, and the median minutes of those."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for number, (world, (change, alike)) in enumerate(WORLDS.items()):
        rng = np.random.default_rng(100 + number)
        acted: dict[str, list[float]] = {name: [] for name in METHODS}
        for _ in range(runs):
            scores = run(rng, change, alike)
            for name, method in METHODS.items():
                acted[name].append(method(scores))
        found[world] = {name: _figures(np.array(minutes)) for name, minutes in acted.items()}
        for name, figures in found[world].items():
            share, minutes = figures["rolled_back_ratio"], figures["median_minutes"]
            print(f"{world:34} {name:48} {share:8.2%} {minutes:6.1f} min", flush=True)
    return found


def _figures(minutes: Floats) -> dict[str, float]:
    acted = np.isfinite(minutes)
    median = float(np.median(minutes[acted])) if acted.any() else float("inf")
    return {"rolled_back_ratio": float(acted.mean()), "median_minutes": median}
