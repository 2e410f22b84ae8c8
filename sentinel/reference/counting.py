"""The second pass over one part of a table: its rows counted into the cells of a reference that is laid out. Pure.

What comes of parts merges by |: counts are integers, and the sample for measuring quality is told by the rows' places.
How often rows repeat is looked up in the first part alone, since hashes of rows mean something in one process only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sentinel.reference.declared import Columns, Declared, length
from sentinel.reference.frozen import Counts, FrozenReference
from sentinel.reference.joint import JointSketch
from sentinel.reference.repeats import RepeatCounter
from sentinel.reference.segments import MOST_VALUES, OTHERS
from sentinel.reference.splitting import split
from sentinel.reference.tally import Tally, count_columns
from sentinel.reference.truths import Truths

MOST_COMPARED = 20_000
"""Rows that are compared with each other, to know how often equal ones are to be expected."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """numeric: [F, W], categorical: [C, V] rows of each fine cell; a leading axis where there are several tallies."""

    numeric: Counts
    categorical: Counts

    def __or__(self, other: "Cells") -> "Cells":
        return Cells(self.numeric + other.numeric, self.categorical + other.categorical)


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """What the second pass found in one part, or in several.

    repeats: number of the part that was looked at, rows compared and equal pairs among them. segments: cells
    [S + 1, …] of each segment, by column.
    """

    rows: int
    cells: Cells
    sums: Counts
    joint: JointSketch | None
    truths: Truths | None
    repeats: tuple[int, int, int]
    segments: Mapping[str, Cells]

    def __or__(self, other: "Counted") -> "Counted":
        if not self.rows or not other.rows:
            return self if self.rows else other
        return Counted(
            self.rows + other.rows,
            self.cells | other.cells,
            self.sums + other.sums,
            self.joint | other.joint if self.joint is not None and other.joint is not None else None,
            self.truths | other.truths if self.truths is not None and other.truths is not None else None,
            min(self.repeats, other.repeats),
            {column: cells | other.segments[column] for column, cells in self.segments.items()},
        )


def counted(plan: FrozenReference, declared: Declared, chunks: Iterable[Columns], part: int = 0) -> Counted:
    """Count the chunks of one part."""
    tally, rows = Tally(plan), 0
    truths = Truths(declared.truths, part) if declared.truths is not None else None
    repeats = RepeatCounter([spec.name for spec in plan.schema if spec.role == "input"], MOST_COMPARED)
    segments = {column: _tallies(plan, column) for column in declared.segments}
    for columns in chunks:
        own = length(columns)
        rows += own
        features = declared.features(columns)
        count_columns(tally, features, own)
        if truths is not None:
            truths.add(columns, own)
        repeats.add(features)
        for column, tallies in segments.items():
            for at, values, size in split(features, values_of(plan, column), column):
                count_columns(tallies[at], values, size)
    return Counted(
        rows,
        Cells(tally.numeric, tally.categorical),
        tally.sums,
        tally.joint,
        truths,
        (part, repeats.looked, repeats.equal_pairs),
        {column: _stacked(tallies) for column, tallies in segments.items()},
    )


def values_of(reference: FrozenReference, column: str) -> tuple[str, ...]:
    """The values of a categorical column that are segments of their own."""
    table = reference.categorical
    return table.categories[table.names.index(column)][:MOST_VALUES]


def _tallies(plan: FrozenReference, column: str) -> list[Tally]:
    """One for each value told apart and one for the others."""
    return [Tally(replace(plan, joint=None)) for _ in (*values_of(plan, column), OTHERS)]


def _stacked(tallies: list[Tally]) -> Cells:
    return Cells(np.stack([one.numeric for one in tallies]), np.stack([one.categorical for one in tallies]))
