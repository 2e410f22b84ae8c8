"""The open window: columns go in, counts come out. Pure: who opens and closes it knows the time, it does not.

Rows wait in a block until there are enough to sort together, so that small batches cost nanoseconds a value. Dirty
values (missing, text where numbers belong, infinities, columns that are absent, unknown or of another length) are
counted as what they are and never raise.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.counts import FeatureCounts
from sentinel.windows.generation import GenerationCounts
from sentinel.windows.pending import Pending
from sentinel.windows.segmented import SegmentCounts, Segmenting
from sentinel.windows.whole import WholeRows
from sentinel.windows.window import TrafficCounts, WindowKey, storable

MOST_UNEXPECTED = 100
"""Names of unknown columns remembered; the rest share `OTHER_COLUMNS`."""
OTHER_COLUMNS = "__other__"


class Window:
    """Counts the rows of one (model, version, replica) in [start, start + seconds) until it is closed."""

    def __init__(
        self,
        key: WindowKey,
        start: float,
        seconds: float,
        reference: FrozenReference | None,
        segments: Collection[str] | None = None,
    ) -> None:
        """segments: columns whose segments are counted apart, of those that the reference has; None: all of these."""
        self.key = key
        self.start = start
        self.seconds = seconds
        self.rows = 0
        self.reference = reference
        self._pending = Pending(reference) if reference is not None else None
        self._segmenting = Segmenting(reference, segments) if reference is not None and reference.segments else None
        self._unexpected: dict[str, int] = {}
        self._closed = False

    def add(self, columns: Mapping[str, Any]) -> int:
        """Count the rows of `columns` (name -> one value per row); returns how many rows that was.

        The longest column says how many; shorter and absent ones are missing in the rest. Where a role (inputs,
        predictions) is absent as a whole it was not observed, and its features get no rows; so do absent labels.
        """
        if self._closed:
            raise ValueError("the window is closed; open another one for these rows")
        rows = self._pending.add_plain(columns) if self._pending is not None else None
        if rows is None:
            columns = _sized(columns)
            rows = self._add_any(columns)
        if self._segmenting is not None:
            self._segmenting.add(columns, rows)
        self.rows += rows
        return rows

    def _add_any(self, columns: Mapping[str, Any]) -> int:
        rows = max(map(len, columns.values()), default=0)
        if self._pending is not None:
            self._pending.add(columns, rows)
            self.unexpected(columns.keys() - self._pending.reference.specs.keys(), rows)
        return rows

    def close(
        self,
        traffic: TrafficCounts | None = None,
        generation: GenerationCounts | None = None,
        whole: WholeRows | None = None,
    ) -> ClosedWindow:
        """The window's counts, with what else was counted in the same interval. Closing happens once."""
        if self._closed:
            raise ValueError("the window is closed already")
        self._closed = True
        return ClosedWindow(
            key=self.key,
            start=self.start,
            end=self.start + self.seconds,
            rows=self.rows,
            reference_id=self.reference.fingerprint if self.reference is not None else "",
            features=self._pending.counts(self._unexpected) if self._pending is not None else FeatureCounts(),
            traffic=traffic or TrafficCounts(),
            generation=generation or GenerationCounts(),
            whole=whole or WholeRows(),
            segments=self._segmenting.closed() if self._segmenting is not None else SegmentCounts(),
        )

    def unexpected(self, names: Collection[object], rows: int) -> None:
        """Count `rows` rows that carried columns which the reference does not know."""
        for name in sorted(storable(str(name)) for name in names):
            known = name in self._unexpected or len(self._unexpected) < MOST_UNEXPECTED
            counted = name if known else OTHER_COLUMNS
            self._unexpected[counted] = self._unexpected.get(counted, 0) + rows


def _sized(columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """The columns, with bare values as columns of one row."""
    return {name: column if _is_column(column) else [column] for name, column in columns.items()}


def _is_column(column: Any) -> bool:
    if isinstance(column, np.ndarray):
        return column.ndim > 0
    return hasattr(column, "__len__") and hasattr(column, "__getitem__") and not isinstance(column, str | bytes | dict)
