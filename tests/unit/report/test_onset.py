"""The split of a series: found where it is, and only upwards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.report.onset import LEAST_BEFORE, onset

TIMES = [60.0 * i for i in range(200)]


@pytest.mark.parametrize("change", [LEAST_BEFORE, 20, 100, 198, 199])
def test_a_clear_change_is_dated_exactly(change: int) -> None:
    noise = np.random.default_rng(change).uniform(0.0, 0.1, 200)
    values = noise + 1.0 * (np.arange(200) >= change)
    assert onset(TIMES, values) == TIMES[change]


def test_a_series_that_only_falls_has_no_onset() -> None:
    assert onset(TIMES, np.linspace(1.0, 0.0, 200)) is None


@pytest.mark.parametrize("values", [[], [1.0], [0.0, 0.0, 5.0], [1.0] * 50])
def test_too_short_or_flat_is_no_change(values: list[float]) -> None:
    assert onset(TIMES[: len(values)], values) is None


@given(st.lists(st.floats(0, 10), max_size=40))
def test_what_is_found_is_one_of_the_times(values: list[float]) -> None:
    found = onset(TIMES[: len(values)], values)
    assert found is None or found in TIMES[LEAST_BEFORE : len(values)]
