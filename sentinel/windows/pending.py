"""Rows that wait to be counted, so that small batches cost nanoseconds a value. Pure.

Small batches of plain lists take a short way: their values are appended to one list per feature. Larger ones are
counted at once.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sentinel.reference.frozen import FrozenReference
from sentinel.reference.tally import Tally, count_columns
from sentinel.reference.values import listed
from sentinel.windows.counts import FeatureCounts

SMALL_ROWS = 64
"""A batch with fewer rows waits; a longer one is worth counting at once."""
MOST_WAITING_ROWS = 1024
MOST_WAITING_VALUES = 1 << 18
"""Over all features, about 8 MB: with very many features fewer rows wait."""


class Pending:
    """Counts batches of one reference's columns.

    A feature that a batch lacks is missing in its rows. But a role of which it has no feature at all was not observed
    (an answer that was never seen, labels that come later), nor was an absent label: these get no rows.
    """

    def __init__(self, reference: FrozenReference) -> None:
        self.reference = reference
        self._tally = Tally(reference)
        self._plan = reference.groups.plan if reference.groups is not None else None
        self._groups = self._plan.count({}) if self._plan is not None else np.zeros((0, 0), dtype=np.int64)
        self._waiting = {name: list[Any]() for name in reference.names}
        self._by_role: dict[str, list[str]] = {}
        for name in reference.names:
            self._by_role.setdefault(reference.specs[name].role, []).append(name)
        self._expected = [name for role, names in self._by_role.items() if role != "label" for name in names]
        self._of_expected = [self._waiting[name] for name in self._expected]
        self._rows = 0
        self._room = max(SMALL_ROWS, min(MOST_WAITING_ROWS, MOST_WAITING_VALUES // max(1, len(reference.names))))

    def add_plain(self, columns: Mapping[str, Any]) -> int | None:
        """Take a small batch of lists, one per feature, equally long; None, with nothing taken, for any other."""
        try:
            values = list(map(columns.__getitem__, self._expected))
        except KeyError:
            return None
        lengths = [len(column) for column in values if type(column) is list]
        rows = lengths[0] if lengths else SMALL_ROWS
        if rows >= SMALL_ROWS or lengths.count(rows) != len(columns):
            return None
        if self._rows + rows > self._room:
            self._flush()
        for waiting, column in zip(self._of_expected, values, strict=True):
            waiting += column
        self._rows += rows
        return rows

    def add(self, columns: Mapping[str, Any], rows: int) -> None:
        """Take any batch of sized columns; `rows` is the length of the longest."""
        if rows < SMALL_ROWS:
            self._wait(columns, rows)
        else:
            count_columns(self._tally, columns, rows, self._unobserved(columns))
            self._group(columns)

    def counts(self, unexpected: Mapping[str, int]) -> FeatureCounts:
        """Count what still waits, and give everything counted so far."""
        self._flush()
        tally = self._tally
        return FeatureCounts(
            tally.numeric, tally.sums, tally.extremes, tally.categorical, dict(unexpected), tally.joint, self._groups
        )

    def _wait(self, columns: Mapping[str, Any], rows: int) -> None:
        if self._rows + rows > self._room:
            self._flush()
        unobserved = self._unobserved(columns)
        for name, values in self._waiting.items():
            if name not in unobserved:
                present = listed(columns.get(name, []))
                values.extend(present)
                values.extend([None] * (rows - len(present)))
        self._rows += rows

    def _unobserved(self, columns: Mapping[str, Any]) -> frozenset[str]:
        """Features that get no rows from this batch."""
        silent: set[str] = set()
        for role, names in self._by_role.items():
            absent = [name for name in names if name not in columns]
            if role == "label" or len(absent) == len(names):
                silent.update(absent)
        return frozenset(silent)

    def _flush(self) -> None:
        """Count what waits; lists shorter than others lack rows that were not observed."""
        count_columns(self._tally, self._waiting, self._rows, self._waiting)
        self._group(self._waiting)
        for values in self._waiting.values():
            values.clear()
        self._rows = 0

    def _group(self, columns: Mapping[str, Any]) -> None:
        """Count the rows in which inputs were observed in their groups."""
        if self._plan is not None:
            observed = {name: columns[name] for name in self._plan.names if name in columns}
            self._groups = self._groups + self._plan.count(observed)
