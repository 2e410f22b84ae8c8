"""Rows that wait to be counted: a block of numbers, and a list of values per categorical feature. Pure.

Clean batches (every known column and no other, one plain value per row) take a short way, all columns at once;
everything else goes value by value.
"""

from array import array
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sentinel.reference.frozen import FrozenReference
from sentinel.reference.tally import Tally
from sentinel.reference.values import listed, numbers, plain_numbers
from sentinel.windows.counts import FeatureCounts

MOST_PENDING_VALUES = 1 << 17
"""Numbers that wait to be counted: 1 MiB, whatever the number of features."""
MOST_PENDING_ROWS = 2048
"""Rows that wait at most; sorting longer runs costs more per value and saves little."""
LEAST_PENDING_ROWS = 16


class Pending:
    def __init__(self, reference: FrozenReference) -> None:
        self.reference = reference
        numeric, categorical = reference.numeric.names, reference.categorical.names
        self._room = max(LEAST_PENDING_ROWS, min(MOST_PENDING_ROWS, MOST_PENDING_VALUES // max(1, len(numeric))))
        self._tally = Tally(reference)
        self._block = np.empty((len(numeric), self._room))
        self._filled = 0
        self._wrong = np.zeros(len(numeric), dtype=np.int64)
        self._absent = np.zeros(len(numeric), dtype=np.int64)
        self._texts = [(name, list[Any]()) for name in categorical]
        self._labels = frozenset(spec.name for spec in reference.schema if spec.role == "label")

    def add_clean(self, columns: Mapping[str, Any]) -> int | None:
        """Take a clean batch that fits and return its rows; None, with nothing taken, for any other."""
        names = self.reference.numeric.names
        if len(columns) != len(self.reference.names):
            return None
        rows = 0
        flat = array("d")
        try:
            for name in names:
                column = columns[name]
                if type(column) is list:
                    flat.fromlist(column)
                else:
                    flat.frombytes(plain_numbers(column).data)
                rows = rows or len(column)
                if len(column) != rows:
                    return None
            texts = [columns[name] for name, _ in self._texts]
            rows = rows or len(texts[0])
        except (KeyError, TypeError, ValueError, OverflowError, IndexError):
            return None
        end = self._filled + rows
        if end > self._room or any(type(column) is not list or len(column) != rows for column in texts):
            return None
        self._block[:, self._filled : end] = np.frombuffer(flat).reshape(len(names), rows)
        for (_, values), column in zip(self._texts, texts, strict=True):
            values.extend(column)
        self._filled = end
        return rows

    def add(self, columns: Mapping[str, Any], rows: int) -> None:
        """Take any batch; columns are sized, `rows` is the length of the longest."""
        for piece, size in _pieces(columns, rows, self._room):
            if size > self._room - self._filled:
                self._flush()
            if self.add_clean(piece) is None:
                self._add_dirty(piece, size)

    def counts(self, unexpected: Mapping[str, int]) -> FeatureCounts:
        """Count what still waits, and give everything counted so far."""
        self._flush()
        tally = self._tally
        return FeatureCounts(tally.numeric, tally.sums, tally.extremes, tally.categorical, dict(unexpected))

    def _add_dirty(self, columns: Mapping[str, Any], rows: int) -> None:
        block = self._block[:, self._filled : self._filled + rows]
        block.fill(np.nan)
        for index, name in enumerate(self.reference.numeric.names):
            column = columns.get(name)
            if column is not None:
                numeric, wrong = numbers(column)
                block[index, : len(numeric)] = numeric
                self._wrong[index] += wrong
            elif name in self._labels:
                self._absent[index] += rows
        for name, values in self._texts:
            column = columns.get(name)
            if column is not None or name not in self._labels:
                present = [] if column is None else listed(column)
                values.extend(present)
                values.extend([None] * (rows - len(present)))
        self._filled += rows

    def _flush(self) -> None:
        self._tally.add_numbers(self._block[:, : self._filled], self._wrong)
        self._tally.numeric[:, -2] -= self._absent
        self._wrong[:] = self._absent[:] = 0
        for index, (_, values) in enumerate(self._texts):
            self._tally.add_categories(index, values)
            values.clear()
        self._filled = 0


def _pieces(columns: Mapping[str, Any], rows: int, most: int) -> Iterator[tuple[Mapping[str, Any], int]]:
    if rows <= most:
        yield columns, rows
        return
    for start in range(0, rows, most):
        yield {name: column[start : start + most] for name, column in columns.items()}, min(most, rows - start)
