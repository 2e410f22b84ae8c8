"""Whatever the windows hold: merging in any order gives one verdict, and memory survives bit for bit."""

from functools import lru_cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.judge.judge import Judge
from sentinel.judge.policy import ServiceLevels
from sentinel.reference.frozen import FrozenReference
from sentinel.traffic.buckets import bucket_of
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import TrafficCounts
from tests.support.judge_world import columns, reference, window

LEVELS = ServiceLevels(error_ratio=0.01, latency_seconds=0.1)


@lru_cache(maxsize=1)
def frozen() -> FrozenReference:
    return reference(5_000)


def parts(seed: int, index: int, replicas: int, shift: float) -> list[ClosedWindow]:
    """One window of every replica."""
    rng = np.random.default_rng([seed, index])
    out = []
    for _ in range(replicas):
        n, bad = int(rng.integers(0, 300)), int(rng.integers(0, 9))
        traffic = TrafficCounts(codes={"2xx": n, "5xx": bad}, latency={bucket_of(0.05): n, bucket_of(0.5): bad})
        out.append(window(frozen(), columns(rng, n, shift=shift), index, traffic=traffic))
    return out


def merged(windows: list[ClosedWindow], order: np.random.Generator) -> ClosedWindow:
    total, *rest = [windows[i] for i in order.permutation(len(windows))]
    for other in rest:
        total = total | other
    return total


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 5), st.floats(0, 1))
def test_the_order_of_merging_does_not_matter(seed: int, replicas: int, shift: float) -> None:
    one, other = (Judge(frozen(), service_levels=LEVELS) for _ in range(2))
    for i in range(4):
        windows = parts(seed, i, replicas, shift)
        first = one.observe(merged(windows, np.random.default_rng(1)))
        assert first == other.observe(merged(windows, np.random.default_rng(2)))
    assert one.state() == other.state()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**20), st.integers(0, 6), st.floats(0, 1))
def test_a_restart_between_any_two_windows_changes_nothing(seed: int, restart_at: int, shift: float) -> None:
    steady = Judge(frozen(), service_levels=LEVELS)
    restarted = Judge.restore(frozen(), steady.state(), service_levels=LEVELS)
    for i in range(6):
        if i == restart_at:
            restarted = Judge.restore(frozen(), restarted.state(), service_levels=LEVELS)
        (closed,) = parts(seed, i, 1, shift)
        assert steady.observe(closed) == restarted.observe(closed)
    assert steady.state() == restarted.state()
