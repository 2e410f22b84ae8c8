"""The sample of a window's rows: uniform, bounded, and of plain values only."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.windows.kept import Reservoir


def filled(size: int, batches: list[int], seed: int = 0) -> Reservoir:
    kept, at = Reservoir(size, Random(seed)), 0
    for batch in batches:
        kept.add({"i": list(range(at, at + batch))})
        at += batch
    return kept


@given(st.integers(1, 20), st.lists(st.integers(0, 50), max_size=10), st.integers(0, 5))
def test_it_holds_distinct_rows_and_no_more_than_its_size(size: int, batches: list[int], seed: int) -> None:
    kept = filled(size, batches, seed)
    places = [row["i"] for row in kept.rows]
    assert kept.seen == sum(batches)
    assert len(places) == min(size, kept.seen)
    assert len(set(places)) == len(places)
    assert set(places) <= set(range(kept.seen))


@pytest.mark.parametrize("batches", [[100], [1] * 100, [7] * 14 + [2]])
def test_each_row_is_kept_with_the_same_probability(batches: list[int]) -> None:
    """4000 samples of 10 of 100: each row is kept 400 ± 19 times; 5 deviations are allowed."""
    times = np.zeros(100)
    for seed in range(4000):
        times[[row["i"] for row in filled(10, batches, seed).rows]] += 1
    assert times.sum() == 40_000
    assert np.abs(times - 400).max() < 5 * np.sqrt(400 * 0.9)


def test_values_are_numbers_short_texts_or_nothing() -> None:
    kept = Reservoir(1, Random(1))
    kept.add(
        {
            "number": np.array([1.5]),
            "whole": [3],
            "flag": [True],
            "text": ["x" * 1000],
            "infinite": [float("inf")],
            "list": [[1, 2]],
            "short": [],
            "half": ["a\udcffb"],
        },
        predictions={"number"},
    )
    (row,) = kept.rows
    assert row == {
        "number": 1.5,
        "whole": 3,
        "flag": "true",
        "text": "x" * 200,
        "infinite": None,
        "list": None,
        "short": None,
        "half": "a?b",
    }
    assert kept.predictions == {"number"}
