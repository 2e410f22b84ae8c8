"""Closed forms against scipy."""

import numpy as np
import pytest
from scipy.special import chdtrc, chdtri, ndtri

from sentinel.drift.quantiles import chi_square_quantile, chi_square_survival, normal_quantile, normal_quantiles


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 10, 22, 63, 200])
def test_chi_square(freedom: int) -> None:
    for x in (0.0, 1e-6, 0.5, 3.0, freedom, 2.0 * freedom, 300.0):
        assert chi_square_survival(x, freedom) == pytest.approx(chdtrc(freedom, x), rel=1e-9, abs=1e-300)
    for miss in (0.5, 0.01, 1e-4, 1e-9, 1e-15):
        assert chi_square_quantile(miss, freedom) == pytest.approx(chdtri(freedom, miss), rel=1e-9)


def test_normal() -> None:
    probabilities = np.array([1e-9, 0.01, 0.3, 0.5, 0.999])
    assert normal_quantiles(probabilities) == pytest.approx(ndtri(probabilities), rel=1e-9, abs=1e-12)
    assert normal_quantile(1e-9) == pytest.approx(ndtri(1e-9), rel=1e-9)
