"""What `power` promises is what simulation gives."""

from statistics import mean

import numpy as np
import pytest

from sentinel.judge.judge import Judge
from sentinel.judge.power import PowerOf
from tests.support.judge_world import columns, reference, window

RUNS = 9
DRIFT_AT = 288
"""Windows of a day: savings are full, as power takes them to be."""


@pytest.mark.parametrize(("shift", "rows"), [(0.2, 400), (0.3, 200), (0.6, 100)])
def test_the_expected_delay_is_near_the_simulated_one(shift: float, rows: int) -> None:
    frozen = reference()
    power = PowerOf(frozen, rows_per_hour=rows * 12, window_seconds=300.0)
    expected = power.expected_delay("amount", shift)
    assert expected is not None
    delays = [windows_until_page(frozen, shift, rows, seed) for seed in range(RUNS)]
    assert expected / 300 == pytest.approx(mean(delays), rel=0.35, abs=1.0)


def windows_until_page(frozen: object, shift: float, rows: int, seed: int) -> int:
    rng = np.random.default_rng(seed)
    judge = Judge(frozen, dependence={"amount": 1.0, "country": 1.0})  # type: ignore[arg-type]
    for i in range(DRIFT_AT + 500):
        drift = shift if i >= DRIFT_AT else 0.0
        verdict = judge.observe(window(frozen, columns(rng, rows, shift=drift), i))  # type: ignore[arg-type]
        if verdict.opened:
            return i - DRIFT_AT + 1
    raise AssertionError("no page in 500 windows")
