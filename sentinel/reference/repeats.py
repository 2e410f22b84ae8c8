"""How often whole rows repeat: of a reference, the chance that two of its rows are equal; of a window, its duplicates.

Rows are told apart by a hash of their inputs, for a bounded number of rows; hashes are never kept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sentinel.reference.values import listed


class RepeatCounter:
    """Counts equal rows among the first `most` rows that have all of `names`."""

    __slots__ = ("_most", "_names", "_seen", "looked")

    def __init__(self, names: Sequence[str], most: int) -> None:
        self._names = tuple(names)
        self._most = most
        self._seen: Counter[int] = Counter()
        self.looked = 0

    def add(self, columns: Mapping[str, Any]) -> None:
        """Look at the rows of a batch, while there is room. Batches that lack a column are passed over."""
        room = self._most - self.looked
        if room <= 0 or not self._names or not all(name in columns for name in self._names):
            return
        rows = zip(*(listed(columns[name][:room]) for name in self._names), strict=False)
        keys = [hash(row) for row in rows]
        self._seen.update(keys)
        self.looked += len(keys)

    @property
    def repeated(self) -> int:
        """Rows that are equal to one before them."""
        return self.looked - len(self._seen)

    @property
    def equal_pairs(self) -> int:
        """Pairs of rows that are equal."""
        return sum(rows * (rows - 1) // 2 for rows in self._seen.values() if rows > 1)
