"""A bounded, uniform sample of a window's rows, for those who asked for it. Pure; the random generator is passed in.

Rows are kept as they are counted: after fields were dropped, hashed and redacted, and after texts, pictures and vectors
became what is said of them. Sampling is Li's algorithm L (ACM TOMS 20:4, 1994): every row of the window is kept with
the same probability, and rows that are passed over cost nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, floor, isfinite, log
from random import Random
from typing import Any

import numpy as np

from sentinel.reference.values import category
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import WindowKey, storable

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Rows of one window. seen: how many the sample was taken from. predictions: columns of that role."""

    key: WindowKey
    start: float
    end: float
    seen: int
    rows: tuple[Row, ...]
    predictions: tuple[str, ...] = ()


@dataclass(slots=True)
class Reservoir:
    """Takes rows and keeps `size` of them, at least 1."""

    size: int
    random: Random
    seen: int = 0
    rows: list[Row] = field(default_factory=list)
    predictions: set[str] = field(default_factory=set)
    _weight: float = 1.0
    _next: int = 0
    """Number of the row that is kept next, counted from 0."""

    def add(self, columns: Mapping[str, Any], predictions: Collection[str] = ()) -> None:
        """Take the rows of equally long columns; shorter ones are missing in the rest."""
        count = max(map(len, columns.values()), default=0)
        self.predictions.update(name for name in columns if name in predictions)
        while self._next < self.seen + count:
            self._keep(_row(columns, self._next - self.seen))
            self._skip()
        self.seen += count

    def of(self, window: ClosedWindow) -> KeptRows:
        """The sample of a window that was closed."""
        return KeptRows(
            window.key, window.start, window.end, self.seen, tuple(self.rows), tuple(sorted(self.predictions))
        )

    def _keep(self, row: Row) -> None:
        if len(self.rows) < self.size:
            self.rows.append(row)
        else:
            self.rows[self.random.randrange(self.size)] = row

    def _skip(self) -> None:
        self._next += 1
        if len(self.rows) == self.size:
            self._weight *= exp(log(1.0 - self.random.random()) / self.size)
            self._next += floor(log(1.0 - self.random.random()) / log(1.0 - self._weight))


def _row(columns: Mapping[str, Any], i: int) -> Row:
    return {storable(name): _value(column[i]) if i < len(column) else None for name, column in columns.items()}


def _value(value: Any) -> Any:
    """A number, short text or nothing."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value if isfinite(value) else None
    text = category(value)
    return storable(text) if isinstance(text, str) else None


def thinned(samples: Sequence[KeptRows], most: int, random: Random) -> list[Row]:
    """At most `most` rows of all samples, of each window in proportion to the rows that it saw: uniform as well."""
    samples = [sample for sample in samples if sample.rows]
    if not samples:
        return []
    seen = sum(sample.seen for sample in samples)
    wanted = min(most, max(1, min(len(sample.rows) * seen // sample.seen for sample in samples)))
    rows: list[Row] = []
    for sample in samples:
        share = wanted * sample.seen / seen
        count = min(int(share) + int(random.random() < share % 1), len(sample.rows))
        rows += random.sample(sample.rows, count)
    return rows
