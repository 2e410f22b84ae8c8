"""The version under trial against the version that served before, over stored windows.

Pure. The tests are `sentinel.judge.baseline`'s and may be looked at as often as one likes, as long as a pairing once
made stays: windows of the same time are paired; a trial window without one takes the latest unused window from before
the release. No window is used twice.
Predictions are compared with what the baseline predicted before the release; where both versions serve now, a baseline
that breaches too says that the world moved, whatever the trial did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TypeVar

import numpy as np

from sentinel.drift.blocks import Counts
from sentinel.judge.baseline import (
    FALSE_ROLLBACK,
    LATENCY_QUANTILES,
    LatencyTest,
    PredictionTest,
    RatioTest,
    dependence_of_errors,
)
from sentinel.judge.binding import Roles
from sentinel.judge.traffic import exchanges, failed, timed
from sentinel.reference.frozen import FrozenReference
from sentinel.rollback.interlocks import Comparison
from sentinel.windows.closed import MANY, ClosedWindow
from sentinel.windows.counts import coarse
from sentinel.windows.latency import percentiles
from sentinel.windows.window import TrafficCounts

FEWEST_EXCHANGES = 50
"""Exchanges of the baseline below which nothing is compared (Kayenta asks for as many points)."""
FEWEST_SHARED_WINDOWS = 3
"""Windows in which both versions serve before they count as serving side by side: a hand-over shares one or two."""
ACT_AT = float(-np.log(FALSE_ROLLBACK))
"""Log evidence at which the trial counts as worse."""
PREDICTION = "prediction"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Predictions:
    """What is needed to compare predictions: the reference that gave the cells, and its features by role."""

    reference: FrozenReference
    roles: Roles


@dataclass(frozen=True, slots=True)
class Trial:
    """Windows of both versions, oldest first. released: when the trial began. baseline_breached: by the same cause."""

    trial: Sequence[ClosedWindow]
    baseline: Sequence[ClosedWindow]
    released: float
    baseline_breached: bool

    @property
    def concurrent(self) -> bool:
        """Whether the baseline serves beside the trial, as beside a canary, and does not just hand over to it."""
        mine = {window.start for window in self.trial if _served(window)}
        shared = mine & {window.start for window in self.baseline if _served(window)}
        return len(shared) >= max(FEWEST_SHARED_WINDOWS, len(mine) / 2)


def _served(window: ClosedWindow) -> bool:
    """Whether the version answered anything, be it with errors."""
    return window.rows > 0 or exchanges(window.traffic) > 0


def distinct(windows: Sequence[ClosedWindow]) -> list[ClosedWindow]:
    """Each exchange once: where a fleet stored the merged window of a moment, without the replicas' own."""
    merged = {window.start for window in windows if window.key.replica == MANY}
    return [window for window in windows if window.key.replica == MANY or window.start not in merged]


def compare(cause: str, trial: Trial, predictions: Predictions | None = None) -> Comparison | None:
    """How the trial compares in what `cause` is about; None when that cannot be compared."""
    if cause == "error_ratio":
        return _errors(trial)
    if cause == "latency":
        return _latency(trial)
    if cause == "prediction_drift" and predictions is not None and predictions.roles.predictions is not None:
        return _predictions(trial, predictions)
    return None


def compare_labels(
    trial: Trial, mine: Mapping[float, tuple[int, int]], theirs: Mapping[float, tuple[int, int]]
) -> Comparison | None:
    """How the trial's predictions compare by their labels: start of a window -> (labelled, wrong), of both versions."""
    both = paired(mine, theirs, trial.released)
    compared, base_wrong = (sum(baseline[at] for _, baseline in both) for at in (0, 1))
    if compared < FEWEST_EXCHANGES:
        return None
    test = RatioTest()
    for own, baseline in both:
        test.observe(*own, *baseline)
    labelled, wrong = (sum(own[at] for own, _ in both) for at in (0, 1))
    told = f"Wrong by their labels: {wrong} of {labelled}, baseline {base_wrong} of {compared}."
    return _verdict(float(test.log_evidence()), trial, compared, told)


def pairs(trial: Trial) -> list[tuple[TrafficCounts, TrafficCounts]]:
    """Traffic of the trial and of its baseline, one pair per moment, replicas merged."""
    return paired(_by_start(trial.trial), _by_start(trial.baseline), trial.released)


def paired(trials: Mapping[float, T], baselines: Mapping[float, T], released: float) -> list[tuple[T, T]]:
    """What both had at the same moment; a moment of the trial alone gets the latest unused one from before it."""
    earlier = sorted((start for start in baselines if start < released), reverse=True)
    unused = iter(earlier)
    found = []
    for start in sorted(trials):
        beside = start if start in baselines and start >= released else next(unused, None)
        if beside is not None:
            found.append((trials[start], baselines[beside]))
    return found


def _by_start(windows: Sequence[ClosedWindow]) -> Mapping[float, TrafficCounts]:
    merged: dict[float, TrafficCounts] = {}
    for window in sorted(windows, key=lambda window: window.start):
        merged[window.start] = merged.get(window.start, TrafficCounts()) | window.traffic
    return merged


def _before(trial: Trial) -> list[tuple[TrafficCounts, float]]:
    """Traffic of the baseline before the release, replicas merged, oldest first, with the seconds of each window."""
    seconds = {window.start: window.end - window.start for window in trial.baseline}
    merged = _by_start(trial.baseline)
    return [(traffic, seconds[start]) for start, traffic in merged.items() if start < trial.released]


def _errors(trial: Trial) -> Comparison | None:
    paired = pairs(trial)
    compared = sum(exchanges(baseline) for _, baseline in paired)
    if compared < FEWEST_EXCHANGES:
        return None
    test = RatioTest(dependence=dependence_of_errors(_before(trial)))
    for mine, theirs in paired:
        test.observe(exchanges(mine), failed(mine), exchanges(theirs), failed(theirs))
    bad, all_of = sum(failed(mine) for mine, _ in paired), sum(exchanges(mine) for mine, _ in paired)
    base_bad = sum(failed(theirs) for _, theirs in paired)
    told = f"Failed: {bad} of {all_of}, baseline {base_bad} of {compared}."
    return _verdict(float(test.log_evidence()), trial, compared, told)


def _latency(trial: Trial) -> Comparison | None:
    before = _before(trial)
    known = percentiles(reduce(or_, (traffic for traffic, _ in before), TrafficCounts()).latency, LATENCY_QUANTILES)
    paired = pairs(trial)
    compared = sum(timed(theirs) for _, theirs in paired)
    if not known or compared < FEWEST_EXCHANGES:
        return None
    test = LatencyTest([known[quantile] for quantile in LATENCY_QUANTILES], before)
    for mine, theirs in paired:
        test.observe(mine, theirs)
    told = f"Compared with the baseline's p99 of {known[0.99]:.3g} s."
    return _verdict(test.log_evidence(), trial, compared, told)


def _predictions(trial: Trial, known: Predictions) -> Comparison | None:
    before = [w for w in trial.baseline if w.start < trial.released and _readable(w, known)]
    rows = sum(window.rows for window in before)
    if rows < FEWEST_EXCHANGES:
        return None
    features = known.roles.laws(PREDICTION).features
    history = [(_predicted(window, known), window.end - window.start) for window in before]
    counts = sum((counts for counts, _ in history), np.zeros_like(features.counts))
    test = PredictionTest(replace(features, counts=counts), history)
    for window in trial.trial:
        if _readable(window, known):
            test.observe(_predicted(window, known), window.end - window.start)
    told = f"Predictions compared with {rows} rows of the baseline."
    if trial.concurrent and trial.baseline_breached:
        return Comparison("as_bad", 0.0, rows, told, concurrent=True)
    return _verdict(test.log_evidence(), trial, rows, told)


def _predicted(window: ClosedWindow, known: Predictions) -> Counts:
    """Predictions of a window by cell, [F, K]."""
    return known.roles.of(PREDICTION, coarse(known.reference, window.features))


def _readable(window: ClosedWindow, known: Predictions) -> bool:
    return window.reference_id == known.reference.fingerprint and window.rows > 0


def _verdict(log_evidence: float, trial: Trial, compared: int, told: str) -> Comparison:
    """Worse beyond doubt; else as bad, if the baseline breaches too; else not yet known."""
    if log_evidence >= ACT_AT:
        return Comparison("worse", log_evidence, compared, told, trial.concurrent)
    if trial.baseline_breached:
        return Comparison("as_bad", log_evidence, compared, told, trial.concurrent)
    return Comparison("unknown", log_evidence, compared, told, trial.concurrent)
