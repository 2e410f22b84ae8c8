"""Distances between two tables of counts, all features at once: formulas only. Pure.

Arguments are counts [F, K] of the reference and of a window, cells in the same places; padding cells hold 0 in both.
Each returns [F]. A feature without rows on either side has no distance: callers leave it out.
"""

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.frozen import Counts, Floats

Used = NDArray[np.bool_]

HALF = 0.5
"""Added to every cell in use before a logarithm of a ratio: an empty cell is then rare, not impossible."""


def shares(counts: Counts) -> Floats:
    """Counts as shares of their feature's rows; 0 where there are none."""
    ratios: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return ratios


def smoothed(counts: Counts, used: Used) -> Floats:
    """(c + ½) / (n + K/2) in the K cells in use, 0 elsewhere."""
    weights = np.where(used, counts + HALF, 0.0)
    ratios: Floats = weights / np.maximum(weights.sum(axis=1, keepdims=True), HALF)
    return ratios


def psi(reference: Counts, window: Counts, used: Used) -> Floats:
    """Population stability index Σ (q − p) ln(q / p), of smoothed shares: ≥ 0, symmetric.

    By chance alone about (K − 1)(1/n + 1/N): compare .1 and .2 of the textbooks with that before believing them.
    """
    p, q = smoothed(reference, used), smoothed(window, used)
    ratio = np.divide(q, p, out=np.ones_like(p), where=used)
    total: Floats = ((q - p) * np.log(ratio)).sum(axis=1)
    return total


def jensen_shannon(p: Floats, q: Floats) -> Floats:
    """Jensen-Shannon distance √(½ KL(p‖m) + ½ KL(q‖m)), natural logarithm: 0 … √ln 2 = 0.833, as in scipy."""
    middle = (p + q) / 2
    divergence = (_entropy_terms(p, middle) + _entropy_terms(q, middle)).sum(axis=1) / 2
    distance: Floats = np.sqrt(np.maximum(divergence, 0.0))
    return distance


def _entropy_terms(p: Floats, m: Floats) -> Floats:
    ratio = np.divide(p, m, out=np.ones_like(p), where=p > 0)
    terms: Floats = p * np.log(ratio)
    return terms


def hellinger(p: Floats, q: Floats) -> Floats:
    """Hellinger distance √(1 − Σ √(p q)): 0 … 1."""
    distance: Floats = np.sqrt(np.maximum(1.0 - np.sqrt(p * q).sum(axis=1), 0.0))
    return distance


def total_variation(p: Floats, q: Floats) -> Floats:
    """½ Σ |p − q|: the largest difference in the probability of any set of categories, 0 … 1."""
    distance: Floats = np.abs(p - q).sum(axis=1) / 2
    return distance


def largest_change(p: Floats, q: Floats) -> Floats:
    """L∞: the largest change of a single share, 0 … 1."""
    distance: Floats = np.abs(p - q).max(axis=1, initial=0.0)
    return distance


def chi2(reference: Counts, window: Counts) -> Floats:
    """Pearson's statistic of homogeneity of the 2 × K table, without continuity correction: ≥ 0, grows with the rows.

    Cells empty on both sides are left out; the others number K, for K − 1 degrees of freedom.
    """
    totals = np.stack([reference.sum(axis=1), window.sum(axis=1)])[:, :, None]
    pooled = (reference + window) / np.maximum(totals.sum(axis=0), 1)
    expected = totals * pooled
    observed = np.stack([reference, window])
    terms = np.divide((observed - expected) ** 2, expected, out=np.zeros_like(expected), where=expected > 0)
    statistic: Floats = terms.sum(axis=(0, 2))
    return statistic


def ks(p: Floats, q: Floats) -> Floats:
    """Kolmogorov-Smirnov: the largest difference of the distribution functions, taken at bin edges, 0 … 1.

    A lower bound of the statistic on raw values; it misses at most the mass of the larger share of one bin
    (about 1/64 in the reference), and nothing at atoms.
    """
    distance: Floats = np.abs(np.cumsum(p - q, axis=1)).max(axis=1, initial=0.0)
    return distance


def wasserstein(p: Floats, q: Floats, borders: Floats, means: Floats) -> Floats:
    """1-Wasserstein distance ∫ |F − G| dx between values in ordered cells, in the unit of `borders`.

    borders: [F, K + 1] ends of the cells; means: [F, K] where the mass of each cell is centred. The window is taken to
    lie inside a cell as the reference does, so the true distance differs by at most Σ q·(width of the cell).
    """
    gap = np.abs(np.cumsum(p - q, axis=1))
    left = np.concatenate([np.zeros((len(gap), 1)), gap[:, :-1]], axis=1)
    area: Floats = (left * (means - borders[:, :-1]) + gap * (borders[:, 1:] - means)).sum(axis=1)
    return area
