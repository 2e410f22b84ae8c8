import numpy as np
import pytest

from sentinel.features.embedding import ASPECTS, EmbeddingSketch, columns, typical_distance

RNG = np.random.default_rng(7)
REFERENCE = RNG.normal(size=(4000, 64))
WIDTH = typical_distance(REFERENCE)


def sketch(vectors):
    return EmbeddingSketch.of(vectors, WIDTH)


def test_numbers_of_a_vector():
    found = columns(np.array([[3.0, 4.0], [0.0, 0.0]]))
    assert set(found) == ASPECTS
    assert found["norm"].tolist() == [5.0, 0.0]
    assert all(values.shape == (2,) for values in found.values())


def test_the_width_is_the_median_distance():
    assert pytest.approx(np.sqrt(2 * 64), rel=0.05) == WIDTH
    assert typical_distance(REFERENCE[:1]) == 0


def test_the_same_law_is_near_and_another_far():
    reference = sketch(REFERENCE)
    noise = 1 / 4000 + 1 / 1000  # the estimate's bias
    near = reference.squared_mmd(sketch(RNG.normal(size=(1000, 64))))
    shifted = reference.squared_mmd(sketch(RNG.normal(size=(1000, 64)) + 0.25))
    correlated = RNG.normal(size=(1000, 64))
    correlated[:, 1:] = correlated[:, :1] * np.sqrt(0.5) + correlated[:, 1:] * np.sqrt(0.5)
    assert near < 2 * noise
    assert shifted > 5 * noise
    assert reference.squared_mmd(sketch(correlated)) > 5 * noise  # every marginal as before


def test_sketches_merge_and_are_small():
    whole, parts = sketch(REFERENCE), sketch(REFERENCE[:1500]) | sketch(REFERENCE[1500:])
    assert parts.rows == whole.rows
    np.testing.assert_allclose(parts.sums, whole.sums, atol=0.05)
    assert whole.sums.nbytes == 2048
    with pytest.raises(ValueError, match="different widths"):
        whole | EmbeddingSketch.of(REFERENCE[:1], 2 * WIDTH)


def test_rows_that_are_not_finite_are_left_out_and_nothing_is_no_distance():
    broken = np.array([[np.nan] * 64, [np.inf] * 64, [1e300] * 64])
    assert sketch(broken).rows == 0
    assert np.isnan(sketch(broken).squared_mmd(sketch(REFERENCE)))
