"""Quantiles that every start needs, in closed form, so that the running sidecar need not load scipy.special (25 MB).

The chi-square survival function with a whole number of degrees of freedom is a finite sum (Abramowitz & Stegun 26.4.4
and 26.4.5); its quantile is found by bisection. Tests hold both to scipy.
"""

from math import erfc, exp, log, pi, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_NORMAL = NormalDist()
_BISECTIONS = 100  # halves a bracket of any size below the spacing of floats


def normal_quantile(probability: float) -> float:
    """z with Φ(z) = probability, 0 < probability < 1."""
    return _NORMAL.inv_cdf(probability)


def normal_quantiles(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """`normal_quantile` of each value."""
    return np.array([_NORMAL.inv_cdf(p) for p in probabilities.tolist()])


def chi_square_survival(x: float, freedom: int) -> float:
    """P(χ² > x) for a whole number of degrees of freedom, x ≥ 0."""
    half = x / 2
    if freedom % 2:
        term, total, step = sqrt(2 * x / pi) * exp(-half) if x else 0.0, erfc(sqrt(half)), 1.5
    else:
        term, total, step = exp(-half), 0.0, 1.0
    for _ in range(freedom // 2):
        total += term
        term *= half / step
        step += 1
    return min(total, 1.0)


def chi_square_quantile(miss: float, freedom: int) -> float:
    """x with P(χ² > x) = miss, 0 < miss < 1."""
    low, high = 0.0, freedom + 10 * (sqrt(2 * freedom) + 1) - 2 * log(miss) + 2 * sqrt(-2 * freedom * log(miss))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if chi_square_survival(middle, freedom) > miss else (low, middle)
    return (low + high) / 2
