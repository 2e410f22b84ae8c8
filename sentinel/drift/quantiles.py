"""Quantiles and tails in closed form, so that the running sidecar need not load scipy.special (25 MB).

The chi-square survival function with a whole number of degrees of freedom is a finite sum (Abramowitz & Stegun 26.4.4
and 26.4.5); its quantile is found by bisection. The other tails are sums of positive terms. Tests hold all to scipy.
"""

from math import erfc, exp, lgamma, log, log1p, pi, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_NORMAL = NormalDist()
_BISECTIONS = 100  # halves a bracket of any size below the spacing of floats
_DEVIATIONS = 12  # of a Poisson law that a sum reaches beyond its mean; what lies beyond is below 1e-30


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


def non_central_chi_square(x: float, freedom: int, centrality: float) -> float:
    """P(χ'² ≤ x) with a whole number of degrees of freedom, x and centrality ≥ 0. Its length of work is x + centrality.

    Σ_j Pois(j; λ/2) P(χ²_{k+2j} ≤ x), Abramowitz & Stegun 26.4.25, where each P(χ² ≤ x) is itself a sum of
    e^{−x/2} (x/2)^a / Γ(a + 1) over a = k/2 + i, i ≥ j; summed over j first.
    """
    if x <= 0:
        return 0.0
    half, mean = x / 2, max(centrality / 2, np.finfo(float).tiny)
    last = max(half, mean)
    steps = np.arange(1, int(last + _DEVIATIONS * (sqrt(last) + 1)))
    start = freedom / 2
    density = start * log(half) - half - lgamma(start + 1)
    terms = density + np.concatenate([[0.0], np.cumsum(np.log(half / (start + steps)))])
    masses = np.concatenate([[0.0], np.cumsum(np.log(mean / steps))]) - mean
    return min(float(np.exp(terms) @ np.cumsum(np.exp(masses))), 1.0)


def binomial(successes: int, trials: int, probability: float) -> float:
    """P(B ≤ successes) for 0 ≤ successes ≤ trials and 0 < probability < 1. Its length of work is `successes`."""
    steps = np.arange(1, successes + 1)
    odds = log(probability) - log1p(-probability)
    ratios = np.log((trials + 1 - steps) / steps) + odds
    masses = trials * log1p(-probability) + np.concatenate([[0.0], np.cumsum(ratios)])
    return min(float(np.exp(masses).sum()), 1.0)
