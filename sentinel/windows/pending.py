"""Rows that wait to be counted, so that small batches cost nanoseconds a value. Pure.

Small batches of plain lists take a short way: their values are appended to one list per feature. Larger ones are
counted at once.
"""

from collections.abc import Mapping
from typing import Any

from sentinel.reference.frozen import FrozenReference
from sentinel.reference.tally import RUN_ROWS, Tally, count_columns
from sentinel.reference.values import listed
from sentinel.windows.counts import FeatureCounts

MOST_PENDING_VALUES = 1 << 17
"""Values that wait at most, about 4 MB of Python objects, whatever the number of features."""
SMALL_ROWS = 64
"""A batch with fewer rows waits; a longer one is worth counting at once."""


class Pending:
    def __init__(self, reference: FrozenReference) -> None:
        self.reference = reference
        self._tally = Tally(reference)
        self._waiting = {name: list[Any]() for name in reference.names}
        self._appenders = [(name, values.extend) for name, values in self._waiting.items()]
        self._names = frozenset(self._waiting)
        self._labels = frozenset(spec.name for spec in reference.schema if spec.role == "label")
        self._rows = 0
        self._room = max(SMALL_ROWS, min(RUN_ROWS, MOST_PENDING_VALUES // max(1, len(self._names))))

    def add_plain(self, columns: Mapping[str, Any]) -> int | None:
        """Take a small batch of lists, one per feature, equally long; None, with nothing taken, for any other."""
        if columns.keys() != self._names or set(map(type, columns.values())) != _ONLY_LISTS:
            return None
        lengths = set(map(len, columns.values()))
        rows = lengths.pop()
        if lengths or rows >= SMALL_ROWS:
            return None
        if self._rows + rows > self._room:
            self._flush()
        for name, extend in self._appenders:
            extend(columns[name])
        self._rows += rows
        return rows

    def add(self, columns: Mapping[str, Any], rows: int) -> None:
        """Take any batch of sized columns; `rows` is the length of the longest."""
        if rows < SMALL_ROWS:
            self._wait(columns, rows)
            return
        count_columns(self._tally, columns, rows, self._labels)

    def counts(self, unexpected: Mapping[str, int]) -> FeatureCounts:
        """Count what still waits, and give everything counted so far."""
        self._flush()
        tally = self._tally
        return FeatureCounts(tally.numeric, tally.sums, tally.extremes, tally.categorical, dict(unexpected))

    def _wait(self, columns: Mapping[str, Any], rows: int) -> None:
        if self._rows + rows > self._room:
            self._flush()
        for name, values in self._waiting.items():
            column = columns.get(name)
            if column is not None or name not in self._labels:
                present = [] if column is None else listed(column)
                values.extend(present)
                values.extend([None] * (rows - len(present)))
        self._rows += rows

    def _flush(self) -> None:
        count_columns(self._tally, self._waiting, self._rows, self._labels)
        for values in self._waiting.values():
            values.clear()
        self._rows = 0


_ONLY_LISTS = {list}
