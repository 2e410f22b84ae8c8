"""Trial against baseline: which windows are paired, and what is said of errors, latency and predictions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.judge.binding import Roles
from sentinel.judge.policy import Policy
from sentinel.rollback.trial import Predictions, Trial, compare, distinct, pairs
from sentinel.traffic.buckets import bucket_of
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import TrafficCounts, WindowKey
from tests.support import judge_world as world

RELEASED = 600.0
REFERENCE = world.reference(20_000)
KNOWN = Predictions(REFERENCE, Roles(REFERENCE, Policy()))


def window(minute: int, *, bad: int = 0, of: int = 300, seconds: float = 0.02, replica: str = "a") -> ClosedWindow:
    codes = {"2xx": of - bad, "5xx": bad}
    traffic = TrafficCounts(received=of, analysed=of, codes=codes, latency={bucket_of(seconds): of})
    return ClosedWindow(WindowKey("m", "v", replica), 60.0 * minute, 60.0 * minute + 60, 0, "", traffic=traffic)


def trial(
    mine: list[ClosedWindow], theirs: list[ClosedWindow], *, breached: bool = False, released: float = RELEASED
) -> Trial:
    return Trial(mine, theirs, released, breached)


def received(pairing: list[tuple[TrafficCounts, TrafficCounts]]) -> list[tuple[int, int]]:
    return [(mine.received, theirs.received) for mine, theirs in pairing]


def test_windows_of_the_same_time_are_paired_and_the_rest_go_back_from_the_release() -> None:
    mine = [window(10, of=10), window(11, of=11), window(12, of=12)]
    theirs = [window(8, of=8), window(9, of=9), window(11, of=111)]
    assert received(pairs(trial(mine, theirs))) == [(10, 9), (11, 111), (12, 8)]


def test_replicas_are_merged_and_nothing_is_made_up() -> None:
    mine = [window(10, of=1), window(10, of=2, replica="b"), window(11, of=5)]
    assert received(pairs(trial(mine, [window(9, of=7), window(9, of=8, replica="b")]))) == [(3, 15)]


def test_windows_without_an_answer_use_up_no_partner() -> None:
    """After a hand-over the version before still has a few windows, empty ones."""
    mine = [window(10, of=10), window(11, of=11), window(12, of=0), window(13, of=13)]
    theirs = [window(7, of=7), window(8, of=8), window(9, of=9), window(10, of=0), window(11, of=0)]
    assert received(pairs(trial(mine, theirs))) == [(10, 9), (11, 8), (13, 7)]


def test_what_a_fleet_merged_is_not_counted_again() -> None:
    stored = [window(1, of=1), window(1, of=2, replica="b"), window(1, of=3, replica="*"), window(2, of=4)]
    assert [w.traffic.received for w in distinct(stored)] == [3, 4]


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)), st.integers(0, 40))
def test_no_window_is_used_twice(mine: set[int], theirs: set[int], released: int) -> None:
    ours = [window(minute, of=minute + 1) for minute in sorted(mine) if minute >= released]
    base = [window(minute, of=minute + 1) for minute in sorted(theirs)]
    paired = received(pairs(trial(ours, base, released=60.0 * released)))
    for side in zip(*paired, strict=True):
        assert len(set(side)) == len(side)


@pytest.mark.parametrize(
    ("mine", "theirs", "breached", "result"),
    [
        (30, 3, False, "worse"),
        (30, 3, True, "worse"),  # beyond doubt, however the baseline does
        (3, 3, False, "unknown"),
        (30, 30, True, "as_bad"),
        (0, 30, False, "unknown"),
    ],
)
def test_errors(mine: int, theirs: int, breached: bool, result: str) -> None:
    made = trial(
        [window(10 + i, bad=mine) for i in range(5)], [window(5 + i, bad=theirs) for i in range(5)], breached=breached
    )
    found = compare("error_ratio", made)
    assert found is not None
    assert (found.result, found.observations, found.concurrent) == (result, 1500, False)


def test_latency() -> None:
    before = [window(i) for i in range(10)]
    slow = trial([window(10 + i, seconds=0.2) for i in range(5)], before)
    same = trial([window(10 + i) for i in range(5)], before)
    assert [found.result for made in (slow, same) if (found := compare("latency", made))] == ["worse", "unknown"]


def test_without_a_baseline_nothing_is_compared() -> None:
    for cause in ("error_ratio", "latency", "prediction_drift", "data_quality"):
        assert compare(cause, trial([window(10, bad=300)], []), KNOWN) is None
    assert compare("error_ratio", trial([window(10, bad=300)], [window(9, of=49)])) is None
    assert compare("prediction_drift", trial([window(10)], [window(9)])) is None


def predicting(minutes: range, approved: float, seed: int) -> list[ClosedWindow]:
    rng = np.random.default_rng(seed)
    return [world.window(REFERENCE, world.columns(rng, 300, approved=approved), i, seconds=60.0) for i in minutes]


@pytest.mark.parametrize(
    ("mine", "beside", "breached", "result"),
    [
        (0.7, False, False, "worse"),
        (0.3, False, False, "unknown"),
        (0.7, True, False, "worse"),
        (0.7, True, True, "as_bad"),  # the baseline, serving beside it, moved too
    ],
)
def test_predictions(mine: float, beside: bool, breached: bool, result: str) -> None:
    theirs = predicting(range(10), 0.3, 1) + (predicting(range(10, 15), 0.3, 2) if beside else [])
    found = compare("prediction_drift", trial(predicting(range(10, 15), mine, 3), theirs, breached=breached), KNOWN)
    assert found is not None
    assert (found.result, found.concurrent) == (result, beside)


def test_a_baseline_that_had_drifted_from_the_reference_is_no_fault_of_the_trial() -> None:
    """Both predict alike and unlike the reference: the trial is not worse than what served before it."""
    made = trial(predicting(range(10, 20), 0.6, 1), predicting(range(10), 0.6, 2), breached=True)
    found = compare("prediction_drift", made, KNOWN)
    assert found is not None
    assert found.result == "as_bad"


def test_a_hand_over_is_not_serving_side_by_side() -> None:
    theirs = predicting(range(10), 0.3, 1) + predicting(range(10, 11), 0.3, 2)
    assert not trial(predicting(range(10, 15), 0.3, 3), theirs).concurrent
