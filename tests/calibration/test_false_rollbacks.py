"""Rollbacks of trials that are no worse: at most α, however often one looks; and real regressions are found in time.

5 requests a second in each arm for an hour, looked at every 6 seconds; 2,000 runs. With α = 1 % a test at its bound
acts in more than 34 runs of 2,000 with probability 0.2 %.
"""

from dataclasses import replace

import numpy as np
import pytest

from sentinel.judge.baseline import FALSE_ROLLBACK, PredictionTest, RatioTest, dependence_of_errors
from sentinel.windows.window import TrafficCounts
from tests.support.judge_calibration import numeric_world, shifted

RUNS = 2_000
STEPS = 600
STEP_SECONDS = 6.0
PER_SECOND = 5.0
MOST_FALSE = 34
PREDICTION_RUNS, ROWS, MOST_FALSE_PREDICTIONS = 100, 296, 5
"""At the bound of 1 % more than 5 of 100 runs act with a probability of 0.05 %."""


def minutes_until_acting(trial: float, baseline: float, runs: int, ratio: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    test, acted = RatioTest(ratio, (runs,)), np.full(runs, np.inf)
    for step in range(1, STEPS + 1):
        n, m = rng.poisson(PER_SECOND * STEP_SECONDS, (2, runs))
        test.observe(n, rng.binomial(n, trial), m, rng.binomial(m, baseline))
        acted[(test.log_evidence() >= -np.log(FALSE_ROLLBACK)) & np.isinf(acted)] = step * STEP_SECONDS / 60
    return acted


def test_a_trial_like_its_baseline_is_rolled_back_at_most_in_one_run_of_a_hundred() -> None:
    for ratio, trial in ((1.25, 0.0125), (1.0, 0.01)):  # both at the edge of harmless
        assert np.isfinite(minutes_until_acting(trial, 0.01, RUNS, ratio)).sum() <= MOST_FALSE


def test_five_times_the_errors_are_found_within_two_minutes() -> None:
    assert np.median(minutes_until_acting(0.05, 0.01, 200, 1.25)) <= 2.0


def history(rng: np.random.Generator, alike: int) -> list[tuple[TrafficCounts, float]]:
    """An hour of the baseline alone: 1 % of requests fail, `alike` at a time."""
    failed = alike * rng.binomial(ROWS // alike, 0.01, 60)
    return [(TrafficCounts(codes={"2xx": ROWS - int(bad), "5xx": int(bad)}), 60.0) for bad in failed]


def test_requests_that_fail_together_are_no_reason() -> None:
    """Both versions fail as often, eight requests at a time; dependence is learnt from an hour of the baseline."""
    rng, runs = np.random.default_rng(2), 200
    known = np.array([dependence_of_errors(history(rng, 8)) for _ in range(runs)])
    acted = {}
    for name, dependence in (("learnt", known), ("ignored", np.ones(runs))):
        test, ever = RatioTest(shape=(runs,), dependence=dependence), np.zeros(runs, dtype=bool)
        for _ in range(STEPS):
            bad = 8 * rng.binomial(4, 0.01, (2, runs))
            test.observe(np.full(runs, 32), bad[0], np.full(runs, 32), bad[1])
            ever |= test.log_evidence() >= -np.log(FALSE_ROLLBACK)
        acted[name] = ever.mean()
    assert acted["learnt"] <= 0.03
    assert acted["ignored"] > 0.1, "the check would notice"


def test_requests_that_fail_one_by_one_cost_nothing() -> None:
    rng = np.random.default_rng(3)
    assert np.median([dependence_of_errors(history(rng, 1)) for _ in range(20)]) == 1.0


@pytest.mark.parametrize("alike", [1, 8], ids=["independent rows", "rows in eights alike"])
def test_predictions_that_did_not_change_are_hardly_ever_a_reason(alike: int) -> None:
    """The same law in both versions, each row sent `alike` times; an hour of the version before is known."""
    world = numeric_world(1, 1, ROWS, 20_000)
    rng, acted = np.random.default_rng(5), 0
    for _ in range(PREDICTION_RUNS):
        before, after = (alike * rng.multinomial(ROWS // alike, world.laws, (60, 1)) for _ in range(2))
        test = PredictionTest(replace(world.features, counts=before.sum(axis=0)), [(counts, 60.0) for counts in before])
        acted += any(_acts(test, counts) for counts in after)
    assert acted <= MOST_FALSE_PREDICTIONS


def test_predictions_that_moved_are_found_though_rows_are_alike() -> None:
    world = numeric_world(1, 1, ROWS, 20_000)
    rng, law = np.random.default_rng(6), shifted(world, 1.0)
    before = 8 * rng.multinomial(ROWS // 8, world.laws, (60, 1))
    test = PredictionTest(replace(world.features, counts=before.sum(axis=0)), [(counts, 60.0) for counts in before])
    assert any(_acts(test, 8 * rng.multinomial(ROWS // 8, law)) for _ in range(10))


def _acts(test: PredictionTest, counts: np.ndarray) -> bool:
    test.observe(counts, 60.0)
    return test.log_evidence() >= -np.log(FALSE_ROLLBACK)
