"""Which cell of its feature a number falls into: many features at once, exact to the last bit. Pure.

A uniform grid between the edges of a feature tells how many of them lie in places before a value's own; the few edges
in the same place are told apart by halving. Values and edges get their place by the same arithmetic, which may round
but never swaps two numbers, so no value lands on the wrong side of an edge. Cost: nanoseconds a value, whatever the
distribution, for no step depends on what a value is.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.frozen import Counts, Ints, NumericTable

Singles = NDArray[np.float32]

CLIP = 1000.0
"""A value farther from the reference median than this many reference deviations counts as this far."""
PLACES = 512
"""Places of a grid: most features have at most one edge, or one frequent value, in each."""
_INNER_PLACES = PLACES - 3
"""Places between the second edge and the last but one; the outermost bins may be very wide."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Features whose values need equally many halvings.

    features: [n] their places in the table. low: [n, 1] where the grid of each begins, in deviations from the median,
    and per: [n, 1] its places per deviation. first: [n × PLACES] the lowest cell that values of a place can have.
    edges: [n, width] as `scaled_edges`, padded with +inf beyond the longest halving. halvings: cells each step skips.
    """

    features: Ints
    low: Singles
    per: Singles
    first: Ints
    edges: Singles
    halvings: tuple[int, ...]

    def count(self, values: Singles, begin: int) -> Counts:
        """Counts [m, width] of values [m, rows] of the features from `begin`, in cells 0 (below) … bins + 1 (above).

        values: (x − median) / deviation; not NaN.
        """
        rows = slice(begin, begin + len(values))
        places = _places(values, self.low[rows], self.per[rows])
        places += np.arange(begin * PLACES, (begin + len(values)) * PLACES, PLACES, dtype=np.int32)[:, None]
        cells = self.first.take(places.astype(np.intp))
        edges = self.edges.reshape(-1)
        for skipped in self.halvings:
            passed = values >= edges[skipped - 1 :].take(cells)
            cells += passed if skipped == 1 else passed.view(np.int8) * np.int8(skipped)
        width = self.edges.shape[1]
        cells -= begin * width
        return np.bincount(cells.reshape(-1), minlength=len(values) * width).reshape(-1, width)


def _places(values: Singles, low: Singles, per: Singles) -> NDArray[np.int32]:
    """The place of each value in the grid of its feature: 0 … PLACES − 1."""
    places = values - low
    places *= per
    return np.clip(places, np.float32(0), np.float32(PLACES - 1), out=places).astype(np.int32)


@lru_cache(maxsize=4)
@np.errstate(over="ignore")  # a place may be infinitely far behind the last
def grids_of(table: NumericTable) -> tuple[Grid, ...]:
    """The grids of a table; every feature is in one."""
    edges = scaled_edges(table)
    low, per = _spans(edges, table.bins)
    padding = np.isinf(edges)
    places = np.where(padding, PLACES, _places(np.where(padding, low, edges), low, per))
    inside = np.array([np.bincount(row, minlength=PLACES + 1)[:PLACES] for row in places]).reshape(-1, PLACES)
    first = np.cumsum(inside, axis=1) - inside
    steps = np.array([int(most).bit_length() for most in inside.max(axis=1)], dtype=np.intp)
    return tuple(_grid(np.flatnonzero(steps == k), int(k), edges, low, per, first) for k in np.unique(steps))


def _grid(features: Ints, steps: int, edges: Singles, low: Singles, per: Singles, first: Ints) -> Grid:
    padding = np.full((len(features), 1 + 2**steps), np.inf, dtype=np.float32)
    padded = np.concatenate([edges[features], padding], axis=1)
    flat = first[features] + np.arange(len(features))[:, None] * padded.shape[1]
    halvings = tuple(2**step for step in reversed(range(steps)))
    return Grid(features, low[features], per[features], flat.reshape(-1), padded, halvings)


def _spans(edges: Singles, bins: Ints) -> tuple[Singles, Singles]:
    """Where each grid begins and its places per deviation; a feature with too few or equal edges has one place."""
    rows = np.arange(len(edges))
    second = edges[rows, np.minimum(1, bins)].astype(np.float64)
    last = edges[rows, np.maximum(bins - 1, 0)].astype(np.float64)
    wide = last > second
    place = np.where(wide, last - second, 1.0) / _INNER_PLACES
    low = second - 1.5 * place
    per = np.where(wide, np.minimum(1 / place, np.finfo(np.float32).max), 0.0)
    return low.astype(np.float32)[:, None], per.astype(np.float32)[:, None]


def scaled_edges(table: NumericTable) -> Singles:
    """The edges [F, E] as values are counted, +inf in the padding.

    An edge that is the next float after a value (behind an atom, behind the maximum) becomes the next single after it.
    """
    behind = np.zeros(table.edges.shape, dtype=bool)
    behind[:, 1:] = table.edges[:, 1:] == np.nextafter(table.edges[:, :-1], np.inf)
    behind[np.arange(len(table.names)), table.bins] = True
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.where(behind, np.nextafter(table.edges, -np.inf), table.edges)
        scaled = (values - table.centre[:, None]) * (1 / table.scale[:, None])
        edges = np.clip(scaled, -CLIP, CLIP).astype(np.float32)
    edges = np.where(behind, np.nextafter(edges, np.float32(np.inf)), edges)
    edges = np.maximum.accumulate(edges, axis=1) if edges.size else edges
    return np.where(np.arange(edges.shape[1]) <= table.bins[:, None], edges, np.float32(np.inf))
