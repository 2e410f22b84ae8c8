"""Rows of a window counted per segment, and the counts themselves, which merge. Pure.

Rows wait until there are enough to count together; they are counted into the reference's coarse cells.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sentinel.reference.frozen import Counts, FrozenReference
from sentinel.reference.splitting import split
from sentinel.reference.tally import Tally, count_columns
from sentinel.reference.values import listed

WAITING_ROWS = 2_048
"""Rows counted at once."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentCounts:
    """counts: column -> [S + 1, F, K], laid out as the reference's `Segments`."""

    counts: Mapping[str, Counts] = field(default_factory=dict)

    def __or__(self, other: "SegmentCounts") -> "SegmentCounts":
        """Add the counts of another window of the same reference."""
        both = self.counts.keys() | other.counts.keys()
        return SegmentCounts(
            {column: _sum(self.counts.get(column), other.counts.get(column)) for column in sorted(both)}
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SegmentCounts) or self.counts.keys() != other.counts.keys():
            return False
        return all(np.array_equal(mine, other.counts[column]) for column, mine in self.counts.items())


def _sum(a: Counts | None, b: Counts | None) -> Counts:
    if a is None or b is None:
        found = b if a is None else a
        assert found is not None
        return found
    return a + b


class Segmenting:
    """Counts the rows of one window by the segments of its reference; followed: columns, None for all of them."""

    def __init__(self, reference: FrozenReference, followed: Collection[str] | None = None) -> None:
        self._followed = [s for s in reference.segments if followed is None or s.column in followed]
        self._plan = replace(reference, joint=None)
        self._expected = [name for name in reference.names if reference.specs[name].role != "label"]
        self._labels = frozenset(reference.names) - frozenset(self._expected)
        self._counts = {segments.column: np.zeros_like(segments.counts) for segments in self._followed}
        self._waiting: dict[str, list[Any]] = {name: [] for name in self._expected}
        self._rows = 0

    def add(self, columns: Mapping[str, Any], rows: int) -> None:
        """Take in rows; batches without some feature (an answer that was not seen) are passed over."""
        if not self._counts or not all(name in columns for name in self._expected):
            return
        for name, waiting in self._waiting.items():
            waiting.extend(listed(columns[name]))
        self._rows += rows
        if self._rows >= WAITING_ROWS:
            self._flush()

    def closed(self) -> SegmentCounts:
        """The counts of all rows taken in; columns of which no row came have none."""
        self._flush()
        return SegmentCounts({column: counts for column, counts in self._counts.items() if counts.any()})

    def _flush(self) -> None:
        for segments in self._followed:
            for segment, columns, rows in split(self._waiting, segments.values, segments.column):
                tally = Tally(self._plan)
                count_columns(tally, columns, rows, self._labels)
                coarse = self._plan.coarse(tally.numeric, tally.categorical)
                self._counts[segments.column][segment] += coarse
        for waiting in self._waiting.values():
            waiting.clear()
        self._rows = 0
