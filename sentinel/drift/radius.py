"""What a finite reference hides: how far the true law may lie from the counts it was estimated by.

The law of the reference is known up to sampling: given counts n over cells cut at its own order statistics, the true
shares follow a Dirichlet law with parameters n + 1, exactly for quantile cells (spacings), and to the safe side for
categories. Its upper quantiles of ½Σ(p − p0)²/p0 and of the same along fixed directions are the radii.

Cells that the reference hardly saw (below its minimum, above its maximum, missing) need `SPARSE_PSEUDO_ROWS`: with the
usual half row the truth may be twenty times p0, and one such cell would outweigh all others in the radius.
"""

import numpy as np

from sentinel.drift.bets import Floats
from sentinel.drift.quantiles import chi_square_quantile, normal_quantile

CONFIDENCE_MISS = 0.01
"""α_ref: probability that the reference lies outside its radius, over all features."""
PSEUDO_ROWS = 0.5
SPARSE_ROWS = 10
SPARSE_PSEUDO_ROWS = 5.0
DRAWS = 4000
DRAWN_MISS = 0.002
"""Quantile read from the draws (eight of them lie beyond); smaller ones follow the shape of χ²."""
FALLBACK = 1.5
"""Factor on the formulas where drawing is not worth its time."""
DRAWN_FEATURES = 300
"""Beyond this many features the fallback is used: drawing takes a few milliseconds a feature."""


def reference_law(counts: Floats) -> Floats:
    """p0 over the cells of one feature, with pseudo rows so that no cell is impossible."""
    smoothed = counts + np.where(counts < SPARSE_ROWS, SPARSE_PSEUDO_ROWS, PSEUDO_ROWS)
    return np.asarray(smoothed / smoothed.sum())


def formula(rows: float, cells: int, miss: float) -> float:
    """χ² radius over all directions of `cells` cells, in nats."""
    return chi_square_quantile(miss, max(cells - 1, 1)) / (2 * rows)


def formula_along(rows: float, miss: float) -> float:
    """Radius along one fixed direction, in nats."""
    return normal_quantile(miss) ** 2 / (2 * rows)


def gaps(counts: Floats, p0: Floats) -> Floats:
    """p − p0 [DRAWS, K] for laws that the reference may come from. A fixed seed: equal input, equal radii."""
    laws = np.random.default_rng(0).standard_gamma(counts + 1.0, size=(DRAWS, len(counts)))
    return np.asarray(laws / laws.sum(axis=1, keepdims=True) - p0)


def drawn(gap: Floats, p0: Floats, miss: float) -> float:
    """Radius in nats over all directions. miss: probability allowed that the truth lies outside."""
    cells = len(p0)
    wider = formula(1, cells, miss) / formula(1, cells, DRAWN_MISS)
    return _rarely_exceeded((gap * gap / p0).sum(axis=1)) / 2 * max(wider, 1.0)


def drawn_along(gap: Floats, p0: Floats, directions: Floats, miss: float, distinct: int) -> float:
    """Radius in nats along all of `directions` [J, K], of which so many are distinct, together."""
    centred = directions - (directions @ p0)[:, None]
    along = gap @ (centred / np.sqrt((centred * centred) @ p0)[:, None]).T
    longer = formula_along(1, miss / distinct) / formula_along(1, DRAWN_MISS / distinct)
    return _rarely_exceeded(np.maximum(along.max(axis=1), 0) ** 2) / 2 * max(longer, 1.0)


def of_cells(counts: Floats, p0: Floats, miss: float) -> Floats:
    """Radius in nats along each cell [K]: how far its share alone may be off. miss: for each cell and side.

    The share of a cell is Gamma(n + 1) over the rows, whose quantiles Wilson and Hilferty (1931) give in closed form,
    to the safe side where rows are few; (1 − p0) is what the other cells add to its precision.
    """
    shape, z = counts + 1.0, normal_quantile(1 - miss)
    spread = 1 / (9 * shape)
    most, least = (np.maximum(1 - spread + side * z * np.sqrt(spread), 0) ** 3 * shape for side in (1, -1))
    rows = shape.sum()
    off = np.maximum(np.abs(most / rows - p0), np.abs(least / rows - p0))
    return np.asarray(off**2 / p0 / 2)


def _rarely_exceeded(draws: Floats) -> float:
    """The 1 − `DRAWN_MISS` quantile of draws, to the safe side; np.quantile would load numpy.ma, 5 MB, for this."""
    place = len(draws) - int(len(draws) * DRAWN_MISS)
    return float(np.partition(draws, place)[place])
