"""A version under trial against the version that served before: anytime-valid tests. Pure; looking costs nothing.

Errors and slow answers. In each step the trial has n_c exchanges of which x_c are bad, the baseline n_b and x_b. Null:
p_c ≤ r·p_b, whatever p_b is and however it moves. With θ0 = r n_c/(r n_c + n_b), a bet on odds λ > 1 times larger gains

    log e_λ = x_c log λ − (x_c + x_b) log(1 + (λ − 1)θ0).

E[e_λ] ≤ 1 for independent exchanges: by 1 + y ≤ exp(y) its logarithm is at most p_b(r n_c + n_b)(θ0(λ_c − 1) +
(1 − θ0)(λ_b − 1)) = 0, where λ_c, λ_b are the factors of one bad exchange in either arm. The mean over a grid of λ is
an e-process: the discrete form of the conditional binomial mixture, which also holds when the split of traffic changes.
Exchanges that fail together (retries, one client's batch) are not independent: log e is divided by D, learnt from the
baseline's own windows (`learnt`). Without it errors that came in eights took back a third of unchanged releases.
Concurrent arms are fed window by window. Where the baseline served before the trial, pair each window of the trial with
one of the baseline's past; no window may be used twice.

Predictions are compared by the book, with the baseline's histogram as its reference (`PredictionTest`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from sentinel.drift import plugins
from sentinel.drift.accounts import MEMORIES
from sentinel.drift.bets import Floats
from sentinel.drift.blocks import Counts
from sentinel.drift.capital import Capital, total
from sentinel.drift.dependence import Meter
from sentinel.drift.laws import BinnedFeatures, Laws
from sentinel.judge.traffic import exchanges, failed, slower, timed
from sentinel.windows.window import TrafficCounts

_POINTS = 48
_MIDPOINTS = (np.arange(_POINTS) + 0.5) / _POINTS
ODDS = (1 + _MIDPOINTS) / (1 - _MIDPOINTS)
"""λ of the mixture: uniform in the share of bad exchanges that fall on the trial, between even arms, from ½ to 1."""

TOLERANCE_RATIO = 1.25
"""r: a trial with up to this many times the baseline's bad exchanges is harmless."""
FALSE_ROLLBACK = 0.01
"""α: act at evidence 1/α. The chance of ever acting on a harmless trial is at most α for each test."""
LATENCY_QUANTILES = (0.5, 0.9, 0.99)
"""Slow means above these quantiles of the baseline; the three e-values are averaged."""

History = Sequence[tuple[TrafficCounts, float]]
"""Traffic of windows, oldest first, with their seconds."""


def learnt(meter: Meter, history: Iterable[tuple[Counts, float]]) -> Floats:
    """D [F] by which log evidence is divided, from counts [F, K] of the baseline's windows; of few it is large."""
    for counts, seconds in history:
        meter.pass_time(seconds)
        meter.add(counts)
    return meter.factor()


def dependence_of_errors(history: History) -> float:
    """D of failed exchanges."""
    counts = [(_cells([exchanges(traffic)], [failed(traffic)]), seconds) for traffic, seconds in history]
    return float(learnt(_meter(1), counts)[0])


def _meter(tests: int) -> Meter:
    """For exchanges that are fine or bad."""
    return Meter.of(np.full((tests, 2), 0.5), np.full(tests, 2), np.zeros(tests, dtype=int))


def _cells(total: Sequence[int], bad: Sequence[int]) -> Counts:
    """Fine and bad exchanges [tests, 2]."""
    return np.stack([np.array(total) - np.array(bad), np.array(bad)], axis=1)


class RatioTest:
    """Evidence that bad exchanges are more than `ratio` times as frequent in the trial as in the baseline.

    log_gains: [..., len(ODDS)]; leading axes are independent tests. dependence: D of each, a number or of their shape.
    """

    def __init__(
        self, ratio: float = TOLERANCE_RATIO, shape: tuple[int, ...] = (), dependence: float | Floats = 1.0
    ) -> None:
        self.ratio = ratio
        self.dependence = np.asarray(dependence, dtype=float)[..., None]
        self.log_gains: Floats = np.zeros((*shape, len(ODDS)))

    def observe(self, trial: Any, trial_bad: Any, baseline: Any, baseline_bad: Any) -> None:
        """Exchanges and bad ones of both arms in one step: numbers, or arrays of the test's shape."""
        exposed = self.ratio * np.asarray(trial, dtype=float)
        share = exposed / np.maximum(exposed + np.asarray(baseline), np.finfo(float).tiny)
        bad = np.asarray(trial_bad, dtype=float)[..., None]
        both = bad + np.asarray(baseline_bad)[..., None]
        self.log_gains = self.log_gains + bad * np.log(ODDS) - both * np.log1p((ODDS - 1) * share[..., None])

    def log_evidence(self) -> Any:
        """log of the e-process; act at log(1/α)."""
        return np.logaddexp.reduce(self.log_gains / self.dependence, axis=-1) - np.log(len(ODDS))


class LatencyTest:
    """Evidence that the trial is slower: the same test for "longer than" each of the baseline's quantiles, averaged.

    thresholds: seconds, from the baseline's traffic before the trial.
    """

    def __init__(self, thresholds: Sequence[float], history: History = (), ratio: float = TOLERANCE_RATIO) -> None:
        """history: the baseline's windows, from which dependence is learnt."""
        self.thresholds = tuple(thresholds)
        number = len(self.thresholds)
        counts = [(_cells([timed(traffic)] * number, self._slow(traffic)), seconds) for traffic, seconds in history]
        self.tests = RatioTest(ratio, (number,), learnt(_meter(number), counts))

    def observe(self, trial: TrafficCounts, baseline: TrafficCounts) -> None:
        self.tests.observe(timed(trial), self._slow(trial), timed(baseline), self._slow(baseline))

    def _slow(self, traffic: TrafficCounts) -> list[int]:
        return [slower(traffic, seconds) for seconds in self.thresholds]

    def log_evidence(self) -> float:
        evidence = self.tests.log_evidence()
        return float(np.logaddexp.reduce(evidence) - np.log(len(evidence)))


class PredictionTest:
    """Evidence that the trial predicts otherwise than the baseline, beyond the tolerance of its features.

    baseline: the predictions with the baseline's counts as reference. Wealth starts at 1 and is never added to, so the
    chance of ever reaching 1/α on a harmless trial is at most α (Ville). history: counts [F, K] of the baseline's
    windows, with their seconds: where dependence is not stated, it is learnt from them, and few of them make careful.
    """

    def __init__(self, baseline: BinnedFeatures, history: Iterable[tuple[Counts, float]] = ()) -> None:
        self.laws = Laws.of(baseline)
        self.capital = Capital.empty(self.laws.dictionary.weights * baseline.weights[:, None])
        self.capital.pay(1.0, at_most=1.0)
        self.memory = np.zeros((len(baseline.names), MEMORIES, baseline.counts.shape[1]))
        factor = learnt(Meter.of(self.laws.p0, baseline.cells, baseline.ordered), history)
        self.dependence = np.where(np.isnan(baseline.dependence), factor, baseline.dependence)

    def observe(self, counts: Counts, seconds: float) -> None:
        """Predictions of the trial in one window, counts [F, K]."""
        self.memory = plugins.decayed(self.memory, seconds)
        growth, active = self.laws.bets(self.memory, counts, self.dependence)
        self.capital.stake(growth, active)
        self.memory = self.memory + counts[:, None, :]

    def log_evidence(self) -> float:
        unbet = np.log(max(self.capital.idle(), np.finfo(float).tiny))
        return float(np.logaddexp(total(self.capital.log_wealth()), unbet))


class Outcome(StrEnum):
    WAIT = "wait"
    ACT = "act"
    SUPPRESSED_BASELINE_BAD = "suppressed_baseline_bad"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is known of a trial that breached. baseline_breached: the baseline has an incident of the same cause."""

    log_evidence: float
    baseline_breached: bool
    alpha: float = FALSE_ROLLBACK

    @property
    def outcome(self) -> Outcome:
        """Worse than the baseline, beyond doubt: act. Else, if the baseline is bad too, the world changed: page."""
        worse = self.log_evidence >= -np.log(self.alpha)
        return OUTCOMES[bool(worse), self.baseline_breached]


OUTCOMES = {
    (True, True): Outcome.ACT,
    (True, False): Outcome.ACT,
    (False, True): Outcome.SUPPRESSED_BASELINE_BAD,
    (False, False): Outcome.WAIT,
}
