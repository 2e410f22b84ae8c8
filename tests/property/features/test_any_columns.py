"""Whatever a column holds, features come out: one value per row, flat, none raised."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sentinel.features import EmbeddingSketch, expanded
from sentinel.features.derived import ASPECTS

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=200),
    st.binary(max_size=40),
    st.binary(max_size=40).map(lambda data: b"\xff\xd8\xff" + data),
    st.datetimes().map(str),
)
DTYPES = st.one_of(
    arrays.floating_dtypes(), arrays.integer_dtypes(), arrays.unsigned_integer_dtypes(), st.just(np.dtype(bool))
)
SHAPES = st.one_of(
    arrays.array_shapes(min_dims=1, max_dims=5, min_side=1, max_side=6),
    st.tuples(st.integers(1, 3), st.integers(8, 12), st.integers(8, 12), st.sampled_from([1, 3, 4])),
    st.tuples(st.integers(1, 3), st.sampled_from([1, 3, 4]), st.integers(8, 12), st.integers(8, 12)),
    st.tuples(st.integers(1, 3), st.integers(8, 12), st.integers(8, 12)),
)
COLUMNS = st.one_of(st.lists(CELLS, min_size=1, max_size=6), SHAPES.flatmap(lambda shape: arrays.arrays(DTYPES, shape)))


@given(COLUMNS, st.none() | st.sampled_from(sorted(set(ASPECTS.values()))))
@settings(max_examples=600, deadline=None)
def test_any_column(values, kind):
    found = expanded({"x": values}, {"x": kind} if kind else None)
    for name, column in found.items():
        assert name == "x" or name.removeprefix("x.") in ASPECTS
        assert len(column) == len(values)
        assert not isinstance(column, np.ndarray) or column.ndim == 1


@given(
    arrays.arrays(DTYPES, arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=8)),
    st.floats(0.1, 10),
)
@settings(max_examples=200, deadline=None)
def test_any_vectors(vectors, width):
    sketch = EmbeddingSketch.of(vectors, width)
    assert 0 <= sketch.rows <= len(vectors)
    assert np.isfinite(sketch.sums).all()
    assert (sketch | sketch).rows == 2 * sketch.rows
