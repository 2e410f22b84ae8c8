"""Comparison of a trial with its baseline: formulas, edges, decision table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.judge.baseline import ODDS, Comparison, LatencyTest, Outcome, PredictionTest, RatioTest
from sentinel.traffic.buckets import bucket_of
from sentinel.windows.window import TrafficCounts
from tests.support.judge_calibration import numeric_world, shifted


@given(st.floats(0.0, 0.9), st.integers(1, 50), st.integers(1, 50), st.sampled_from([1.0, 1.25, 2.0]), st.floats(0, 1))
def test_the_mean_gain_is_at_most_one_for_every_harmless_trial(
    p: float, trial: int, baseline: int, ratio: float, part: float
) -> None:
    p_trial = min(ratio * p * part, 1.0)
    share = ratio * trial / (ratio * trial + baseline)
    total = 1 + (ODDS - 1) * share
    log_mean = trial * np.log1p(p_trial * (ODDS / total - 1)) + baseline * np.log1p(p * (1 / total - 1))
    assert (log_mean <= 1e-9).all()


def test_slices_of_a_constant_split_add_up() -> None:
    whole, sliced = RatioTest(), RatioTest()
    whole.observe(300, 9, 600, 3)
    for _ in range(3):
        sliced.observe(100, 3, 200, 1)
    assert sliced.log_evidence() == pytest.approx(whole.log_evidence())


@pytest.mark.parametrize(("trial", "bad", "baseline", "base_bad"), [(0, 0, 0, 0), (50, 50, 0, 0), (0, 0, 50, 50)])
def test_an_arm_without_traffic_proves_nothing(trial: int, bad: int, baseline: int, base_bad: int) -> None:
    test = RatioTest()
    test.observe(trial, bad, baseline, base_bad)
    assert test.log_evidence() <= 1e-12


def test_five_times_the_errors_are_found_and_fewer_errors_never() -> None:
    worse, better = RatioTest(), RatioTest()
    for _ in range(10):
        worse.observe(300, 15, 300, 3)
        better.observe(300, 3, 300, 15)
    assert worse.log_evidence() > np.log(100)
    assert better.log_evidence() < 0


def timing(slow: int, fast: int) -> TrafficCounts:
    return TrafficCounts(latency={bucket_of(0.4): slow, bucket_of(0.02): fast})


def test_a_slower_trial_is_found_at_the_quantile_where_it_is_slower() -> None:
    same, slower = LatencyTest([0.021, 0.1, 0.3]), LatencyTest([0.021, 0.1, 0.3])
    for _ in range(10):
        same.observe(timing(10, 990), timing(10, 990))
        slower.observe(timing(60, 940), timing(10, 990))
    assert slower.log_evidence() > np.log(100)
    assert same.log_evidence() < np.log(2)


def test_predictions_unlike_the_baselines_are_found() -> None:
    world = numeric_world(1, 2, 200, 20_000)
    same, other = PredictionTest(world.features), PredictionTest(world.features)
    rng = np.random.default_rng(2)
    law = shifted(world, 0.5)
    for _ in range(20):
        same.observe(rng.multinomial(200, world.laws), 60.0)
        other.observe(rng.multinomial(200, law), 60.0)
    assert other.log_evidence() > np.log(100)
    assert same.log_evidence() < np.log(2)


@pytest.mark.parametrize(
    ("log_evidence", "baseline_breached", "outcome"),
    [
        (5.0, False, Outcome.ACT),
        (5.0, True, Outcome.ACT),
        (1.0, True, Outcome.SUPPRESSED_BASELINE_BAD),
        (1.0, False, Outcome.WAIT),
    ],
)
def test_the_decision(log_evidence: float, baseline_breached: bool, outcome: Outcome) -> None:
    assert Comparison(log_evidence, baseline_breached).outcome is outcome
