"""Closed forms against scipy."""

import numpy as np
import pytest
from scipy.special import bdtr, chdtrc, chdtri, chndtr, ndtri

from sentinel.drift.quantiles import (
    binomial,
    chi_square_quantile,
    chi_square_survival,
    non_central_chi_square,
    normal_quantile,
    normal_quantiles,
)


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


@pytest.mark.parametrize("freedom", [1, 2, 9, 63])
@pytest.mark.parametrize("centrality", [0.0, 0.3, 12.0, 400.0, 9_000.0])
def test_non_central_chi_square(freedom: int, centrality: float) -> None:
    mean, deviation = freedom + centrality, np.sqrt(2 * (freedom + 2 * centrality))
    for x in (0.0, 0.01, *(mean + deviation * np.array([-4.0, -2.0, -0.5, 0.0, 3.0]))):
        if x >= 0:
            expected = chndtr(x, freedom, centrality)
            assert non_central_chi_square(x, freedom, centrality) == pytest.approx(expected, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("probability", [1e-4, 0.01, 0.3, 0.9])
@pytest.mark.parametrize("trials", [1, 40, 100_000])
def test_binomial(trials: int, probability: float) -> None:
    mean, deviation = trials * probability, np.sqrt(trials * probability * (1 - probability))
    for deviations in (-6, -3, 0, 2):
        successes = int(np.clip(mean + deviations * deviation, 0, trials))
        expected = bdtr(successes, trials, probability)
        assert binomial(successes, trials, probability) == pytest.approx(expected, rel=1e-7, abs=1e-300)
