import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.decode.precision import decimals, written_by_float32


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=3).filter(
        lambda d: len(d.normalize().as_tuple().digits) <= 6
    )
)
def test_a_decimal_of_six_digits_survives_float32(written):
    value = float(written)
    assert decimals(np.array([value], dtype=np.float32))[0] == value
    assert written_by_float32(np.array([float(np.float32(value))]))[0] == value


@given(st.floats(width=32))
def test_no_value_moves_by_more_than_float32_resolves(value):
    given_value = np.array([value], dtype=np.float32)
    np.testing.assert_array_equal(decimals(given_value).astype(np.float32), given_value)


def test_half_precision():
    assert decimals(np.array([0.1, 1.5, 65504], dtype=np.float16)).tolist() == [0.1, 1.5, 65500.0]


def test_what_was_written_as_a_decimal_stays():
    values = np.array([5.1, 3.123456789])
    assert written_by_float32(values) is values


@pytest.mark.parametrize("value", [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3.4e38])
def test_odd_values_stay(value):
    found = decimals(np.array([value], dtype=np.float32))
    np.testing.assert_allclose(found, np.float32(value), rtol=1e-7)
