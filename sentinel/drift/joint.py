"""Joint cells: groups of features counted together, for drift that no single feature shows.

A new correlation, two columns swapped, an interaction that vanished: each column looks as ever. Inputs are cut into
thirds and halves, and every pair (9 cells), every triple (8) and, where there are many inputs, random fours (16) are
counted. To the book these are features like any other; they share 0.15 of its capital. Pure; counting needs the rows
themselves, so whoever holds them calls `JointPlan.count`. Categories: the two most frequent and the rest.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from sentinel.drift.bets import Ints
from sentinel.drift.blocks import Counts
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.values import category, numbers

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

    @classmethod
    def of(cls, reference: FrozenReference) -> "JointPlan":
        """The plan for the inputs of a reference, the most important first; empty with fewer than two."""
        roles = dict(zip(reference.book.names, reference.book.roles, strict=True))
        names = tuple(spec.name for spec in reference.schema if roles.get(spec.name) == "input")
        tables = reference.numeric, reference.categorical
        edges = {name: _edges(reference, i) for i, name in enumerate(tables[0].names) if name in names}
        leading = {name: tables[1].categories[i][:2] for i, name in enumerate(tables[1].names) if name in names}
        return cls(names, edges, leading, _groups(len(names)))

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
        for start in range(0, rows, PIECE_ROWS):
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
        third = np.array([rank.get(str(category(value)), 2) for value in column], dtype=np.intp)
        return third, np.minimum(third, 1)


@dataclass(frozen=True, slots=True, eq=False)
class JointReference:
    """A plan and the reference's own counts [G, CELLS] of its groups."""

    plan: JointPlan
    counts: Counts

    @classmethod
    def of(cls, reference: FrozenReference, columns: Mapping[str, Any]) -> "JointReference":
        """From the rows that the reference was built of, or later accepted ones."""
        plan = JointPlan.of(reference)
        return cls(plan, plan.count(columns))

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


def _groups(inputs: int) -> tuple[tuple[int, ...], ...]:
    if inputs < 2:
        return ()
    many = inputs > ALL_PAIRS_UP_TO
    first = range(min(inputs, MOST_IMPORTANT))
    pairs = list(combinations(first if many else range(inputs), 2))
    rng = np.random.default_rng(_SEED)
    fours = [tuple(int(i) for i in np.sort(rng.choice(inputs, 4, replace=False))) for _ in range(FOURS if many else 0)]
    return (*pairs, *combinations(first, 3), *fours)


def _edges(reference: FrozenReference, i: int) -> tuple[float, float, float]:
    """Edges of fine bins nearest above a third, two thirds and half of the reference's rows."""
    m = int(reference.numeric.bins[i])
    below = np.cumsum(reference.numeric.counts[i, 1 : m + 1])
    at = [reference.numeric.edges[i, 1 + int(np.searchsorted(below, below[-1] * part))] for part in (1 / 3, 2 / 3, 0.5)]
    return float(at[0]), float(at[1]), float(at[2])
