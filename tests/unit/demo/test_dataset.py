"""The packaged sample is what its README says."""

import numpy as np

from sentinel.demo.dataset import CATEGORICAL, FEATURES, HEALTHY, NUMERIC, SHIFTED, TRAINING, load, packed


def test_three_populations_of_the_documented_size() -> None:
    assert {name: population.rows for name, population in load().items()} == {
        TRAINING: 24_000,
        HEALTHY: 12_000,
        SHIFTED: 6_000,
    }


def test_numbers_are_numbers_and_categories_are_words() -> None:
    for population in load().values():
        assert set(population.columns) == set(FEATURES)
        assert all(np.isfinite(population.columns[name]).all() for name in NUMERIC)
        assert all(isinstance(value, str) and value for name in CATEGORICAL for value in population.columns[name][:100])
        assert set(population.employed) == {0, 1}
        assert population.columns["age"].min() >= 16


def test_row_order_carries_nothing() -> None:
    """The source is ordered by kind of household; the sample is shuffled, so its halves agree (|z| < 4)."""
    for population in load().values():
        for name in NUMERIC:
            first, second = np.array_split(population.columns[name].astype(float), 2)
            gap = first.mean() - second.mean()
            assert abs(gap) < 4 * np.sqrt(first.var() / len(first) + second.var() / len(second))


def test_sample_is_small_enough_to_ship() -> None:
    assert len(packed()) < 1_500_000
