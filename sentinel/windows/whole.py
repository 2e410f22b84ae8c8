"""What is told of rows as a whole, beside their features: duplicates, and whether one client sends most. Mergeable."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentinel.reference.repeats import RepeatCounter

MOST_LOOKED = 2_000
"""Rows of a window that are compared with each other."""
MOST_CLIENTS = 1_000
"""Clients of a window told apart; rows of others count as nobody's."""


@dataclass(frozen=True, slots=True)
class WholeRows:
    """looked: rows compared with each other; repeated: those that equal an earlier one.

    told: rows whose client is known; largest: those of the client with most. Merged windows add up both: the share is
    that of each window's own largest client.
    """

    looked: int = 0
    repeated: int = 0
    told: int = 0
    largest: int = 0

    def __or__(self, other: "WholeRows") -> "WholeRows":
        return WholeRows(
            looked=self.looked + other.looked,
            repeated=self.repeated + other.repeated,
            told=self.told + other.told,
            largest=self.largest + other.largest,
        )


class Whole:
    """Counts the rows of one window. Clients are told apart by the interpreter's own random hash, never by name."""

    __slots__ = ("_clients", "_repeats")

    def __init__(self, inputs: Sequence[str]) -> None:
        self._repeats = RepeatCounter(inputs, MOST_LOOKED)
        self._clients: Counter[int] = Counter()

    def add(self, columns: Mapping[str, Any], rows: int, client: str) -> None:
        """Take in the rows of one exchange; client "": nobody knows."""
        self._repeats.add(columns)
        known = hash(client)
        if client and (known in self._clients or len(self._clients) < MOST_CLIENTS):
            self._clients[known] += rows

    def counts(self) -> WholeRows:
        return WholeRows(
            looked=self._repeats.looked,
            repeated=self._repeats.repeated,
            told=self._clients.total(),
            largest=max(self._clients.values(), default=0),
        )
