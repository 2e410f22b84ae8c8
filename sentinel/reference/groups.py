"""Joint cells: groups of features counted together, for drift that no single feature shows.

A new correlation, two columns swapped, an interaction that vanished: each column looks as ever. Inputs are cut into
thirds and halves, and every pair (9 cells), every triple (8) and, where there are many inputs, random fours (16) are
counted. To the book these are features like any other; they share 0.15 of its capital. Pure; counting needs the rows
themselves, so windows count them as rows come in (`JointPlan.count`). Categories: the two most frequent and the rest.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.values import category, listed, numbers

Counts = NDArray[np.int64]
Ints = NDArray[np.intp]

ALL_PAIRS_UP_TO = 32
MOST_IMPORTANT = 20
"""Triples, and with more inputs pairs, are formed among the first so many inputs of the reference."""
FOURS = 40
CELLS = 16
PIECE_ROWS = 4096
"""Rows counted at once: bounds the memory of the codes of all groups."""
_SEED = 4


@dataclass(frozen=True, slots=True, eq=False)
class JointPlan:
    """Which inputs are counted together, and where they are cut.

    names: inputs [F]. edges: numeric input -> (third, two thirds, half) of the reference. leading: categorical input ->
    its two most frequent categories. groups: [G] feature indices of each group.
    """

    names: tuple[str, ...]
    edges: Mapping[str, tuple[float, float, float]]
    leading: Mapping[str, tuple[str, ...]]
    groups: tuple[tuple[int, ...], ...]

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(" × ".join(self.names[i] for i in group) for group in self.groups)

    @property
    def labels(self) -> tuple[tuple[str, ...], ...]:
        """Names of the cells of each group, by the third or half that each input lies in."""
        return tuple(_labels(len(group)) for group in self.groups)

    @property
    def cells(self) -> Ints:
        return np.array([9 if len(group) == 2 else 2 ** len(group) for group in self.groups], dtype=np.intp)

    def count(self, columns: Mapping[str, Any]) -> Counts:
        """Counts [G, CELLS] of rows given as columns; a missing column or value falls into the last third or half."""
        rows = max((len(column) for column in columns.values()), default=0)
        total = np.zeros((len(self.groups), CELLS), dtype=np.int64)
        for start in range(0, rows if self.groups else 0, PIECE_ROWS):
            piece = {name: column[start : start + PIECE_ROWS] for name, column in columns.items()}
            total += self._count_piece(piece, min(PIECE_ROWS, rows - start))
        return total

    def _count_piece(self, columns: Mapping[str, Any], rows: int) -> Counts:
        codes = [self._codes(name, columns.get(name), rows) for name in self.names]
        thirds = np.array([third for third, _ in codes])
        halves = np.array([half for _, half in codes])
        cell = np.stack([_cell(group, thirds, halves) for group in self.groups])
        flat = (np.arange(len(self.groups))[:, None] * CELLS + cell).reshape(-1)
        return np.bincount(flat, minlength=len(self.groups) * CELLS).reshape(-1, CELLS)

    def _codes(self, name: str, column: Any, rows: int) -> tuple[Ints, Ints]:
        """(third 0 … 2, half 0 … 1) of every row."""
        last = np.full(rows, 2, dtype=np.intp)
        if column is None or len(column) != rows:
            return last, last // 2
        if name in self.edges:
            values, edges = numbers(column)[0], self.edges[name]
            third = np.searchsorted(np.array(edges[:2]), values, side="right")  # NaN sorts last
            return third, ((values >= edges[2]) | np.isnan(values)).astype(np.intp)
        rank = {label: i for i, label in enumerate(self.leading[name])}
        third = np.array([rank.get(str(category(value)), 2) for value in listed(column)], dtype=np.intp)
        return third, np.minimum(third, 1)


@dataclass(frozen=True, slots=True, eq=False)
class JointReference:
    """A plan and the counts [G, CELLS] of its groups in the rows of a reference, which was built with `joint`."""

    plan: JointPlan
    counts: Counts

    def fingerprint(self) -> str:
        return hashlib.sha256(repr(self.plan).encode() + self.counts.tobytes()).hexdigest()


def _labels(inputs: int) -> tuple[str, ...]:
    if inputs == 2:
        return tuple(f"{a} × {b}" for a in ("low", "middle", "high") for b in ("low", "middle", "high"))
    words = ("low", "high")
    return tuple(" × ".join(words[cell >> bit & 1] for bit in range(inputs)) for cell in range(2**inputs))


def _cell(group: tuple[int, ...], thirds: Ints, halves: Ints) -> Ints:
    if len(group) == 2:
        return np.asarray(3 * thirds[group[0]] + thirds[group[1]])
    return np.asarray(sum(halves[i] << bit for bit, i in enumerate(group)))


def groups_of(inputs: int) -> tuple[tuple[int, ...], ...]:
    """Which of so many inputs, the most important first, are counted together; none of fewer than two."""
    if inputs < 2:
        return ()
    many = inputs > ALL_PAIRS_UP_TO
    first = range(min(inputs, MOST_IMPORTANT))
    pairs = list(combinations(first if many else range(inputs), 2))
    rng = np.random.default_rng(_SEED)
    fours = [tuple(int(i) for i in np.sort(rng.choice(inputs, 4, replace=False))) for _ in range(FOURS if many else 0)]
    return (*pairs, *combinations(first, 3), *fours)
