"""The survey of a column keeps a bounded, uniform sample, whatever the length."""

import numpy as np

from sentinel.reference.sample import SAMPLE_VALUES, Sample
from sentinel.reference.survey import MOST_CATEGORIES, ColumnSurvey


def test_a_sample_is_whole_until_it_is_full():
    sample = Sample()
    sample.add(np.arange(1000.0))
    assert sample.whole
    assert np.array_equal(sample.values(), np.arange(1000.0))


def test_a_sample_is_bounded_and_uniform():
    sample = Sample()
    total = 12 * SAMPLE_VALUES
    for start in range(0, total, 50_000):
        sample.add(np.arange(start, min(start + 50_000, total), dtype=float))
    kept = sample.values()
    assert SAMPLE_VALUES / 2 * 0.95 < len(kept) <= SAMPLE_VALUES
    shares = np.histogram(kept, bins=20, range=(0, total))[0] / len(kept)
    assert np.abs(shares - 0.05).max() < 5 * np.sqrt(0.05 * 0.95 / len(kept))


def test_categories_followed_at_once_are_bounded_and_frequent_ones_survive():
    survey = ColumnSurvey()
    for start in range(0, 3 * MOST_CATEGORIES, 30_000):
        survey.look([f"user {i}" for i in range(start, start + 30_000)] + ["often"] * 100)
    seen = survey.finish(None)
    assert len(seen.texts) <= MOST_CATEGORIES + 30_000
    assert seen.texts["often"] == 1000
    assert not seen.complete
