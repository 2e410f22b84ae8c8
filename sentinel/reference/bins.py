"""Where bins begin and end: fine bins for scores, and the coarse cells of the budget book as unions of them. Pure.

A value that alone holds a bin's share of the rows (an atom) gets a bin of its own: a shift onto or off an atom would
be invisible inside a wider bin. Between two atoms lies a bin too, empty in the reference when nothing was there.
"""

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.frozen import CATEGORICAL_TAIL, NUMERIC_TAIL, Counts, Floats, Ints

FINE_BINS = 64
"""Quantile bins of a numeric feature: resolution for KS, Wasserstein and medians at about 70 bytes a stored feature."""
POOLED_BELOW = 10
"""Fewer reference rows than this make no cell of the book of their own (docs/statistics.md)."""
LEAST_ROWS_PER_BIN = 8
"""A small reference gets fewer bins: with fewer rows than this in each, its own noise would look like structure."""
BOOK_BINS = 10
"""Quantile bins of a numeric feature in the budget book (docs/statistics.md)."""
TAIL_SHARE = 1 / 64
"""The outermost quantile bins of the book are divided: most of what a wider or narrower law moves lies in its tails.
With ten equal bins a change of spread by a fifth is seen at 60 % of its size, with these at nearly all of it."""
ROUNDED = 0.75
"""Fine bins hold their share of the rows but for rounding."""
BOOK_CATEGORIES = 20
"""Categories with a cell of their own in the budget book; the others share one."""


def fine_edges(values: Floats, low: float, high: float) -> Floats:
    """Edges of at most about 2 × `FINE_BINS` half-open bins that cover [low, high].

    values: finite values, a sample or all of them, in any order. low, high: smallest and largest finite value.
    """
    if len(values) == 0:
        return np.array([0.0, np.nextafter(0.0, 1.0)])
    distinct, counts = np.unique(values, return_counts=True)
    group, atom = _grouped(counts, max(len(values) / FINE_BINS, LEAST_ROWS_PER_BIN))
    first = np.flatnonzero(np.diff(group, prepend=-1))
    opens = atom.copy()  # begins at its first value; a run's first bin begins where the run does: at `low`, or an atom
    opens[1:] |= ~atom[:-1]
    starts = distinct[first[opens[first]]]
    edges = np.concatenate([[low], starts, np.nextafter(distinct[atom], np.inf), [np.nextafter(high, np.inf)]])
    return np.unique(edges[np.isfinite(edges)])


def bin_means(edges: Floats, values: Floats) -> Floats:
    """Mean of `values` in each bin, the middle of the bin where there is none."""
    m = len(edges) - 1
    bin_of = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, m - 1)
    counts = np.bincount(bin_of, minlength=m)
    middle = edges[:-1] / 2 + edges[1:] / 2
    with np.errstate(over="ignore"):
        sums = np.bincount(bin_of, weights=values - middle[bin_of], minlength=m)
    return np.clip(middle + sums / np.maximum(counts, 1), edges[:-1], edges[1:])


def _grouped(mass: Counts, target: float) -> tuple[Ints, NDArray[np.bool_]]:
    """Consecutive groups of about `target` rows, numbered from 0, and which items stand alone (hold that many).

    Each run between two such items is divided into groups of equal share, as many as its rows suggest, at least one.
    """
    alone = mass >= target
    run = np.cumsum(alone)
    shared = np.where(alone, 0, mass)
    total = np.bincount(run, weights=shared)
    before = np.cumsum(shared) - shared - (np.cumsum(total) - total)[run]
    parts = np.maximum(1, np.round(total / target))[run]
    middle = np.divide(before + shared / 2, total[run], out=np.zeros(len(mass)), where=total[run] > 0)
    part = np.floor(middle * parts)
    begins = np.ones(len(mass), dtype=bool)
    begins[1:] = alone[1:] | alone[:-1] | (part[1:] != part[:-1])
    return np.cumsum(begins) - 1, alone


def numeric_book(counts: Counts, bins: Ints) -> Ints:
    """Fine cell -> coarse cell [F, W]: below, quantile bins (frequent values alone), above, elsewhere, missing.

    Elsewhere, only where it exists, are fine bins between frequent values in which the reference had next to nothing.
    """
    book = np.zeros(counts.shape, dtype=np.intp)
    for row, m in enumerate(bins):
        mass = counts[row, 1 : m + 1]
        groups = _with_tails(_grouped(mass, max(mass.sum() / BOOK_BINS, 1))[0], mass)
        held = np.bincount(groups, weights=mass)
        kept = held >= POOLED_BELOW if held.max() >= POOLED_BELOW else held == held.max()
        cells = np.where(kept, np.cumsum(kept), kept.sum() + 2)[groups]
        book[row, 1 : m + 1] = cells
        book[row, m + 1] = kept.sum() + 1
        book[row, m + 2 :] = max(int(cells.max()), int(kept.sum()) + 1) + 1
    return book


def _with_tails(groups: Ints, mass: Counts) -> Ints:
    """Groups of fine bins with the first and the last divided, where both parts keep a cell's worth of rows."""
    fewest = max(ROUNDED * TAIL_SHARE * mass.sum(), POOLED_BELOW)
    outer = groups * 3 + 1  # a tail before or after it is one less or more
    for bins, side in ((np.flatnonzero(groups == groups[0]), -1), (np.flatnonzero(groups == groups[-1])[::-1], 1)):
        held = np.cumsum(mass[bins])
        tail = bins[: int(np.searchsorted(held, fewest)) + 1]
        if held[-1] - mass[tail].sum() >= fewest:
            outer[tail] += side
    return np.asarray(np.unique(outer, return_inverse=True)[1], dtype=np.intp)


def categorical_book(counts: Counts, known: Ints) -> Ints:
    """Fine cell -> coarse cell [C, W]: top categories, other (with the rest and new ones), missing."""
    book = np.zeros(counts.shape, dtype=np.intp)
    for row, m in enumerate(known):
        top = min(int(m), BOOK_CATEGORIES)
        book[row, :top] = np.arange(top)
        book[row, top:-2] = top
        book[row, -2:] = top + 1
    return book


def numeric_width(bins: Ints) -> int:
    return int(bins.max(initial=0)) + 2 + NUMERIC_TAIL


def categorical_width(known: Ints) -> int:
    return int(known.max(initial=0)) + CATEGORICAL_TAIL
