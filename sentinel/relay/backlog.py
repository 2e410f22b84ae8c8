"""Bytes that wait in a worker for slow readers, over all its connections, and the bound on them.

A slow reader stops the reading of what comes for it, so that a connection holds one chunk each way at most; but ten
thousand of them would still take gigabytes. Beyond the bound the reader for whom most is waiting is given up. To stop
reading everybody instead would let readers that sleep stall those that keep up.
"""

from typing import Protocol

from sentinel.traffic.ledger import BUFFERED_BYTES, SLOW_READERS_RESET


class Reader(Protocol):
    """Who is slow; `give_up` ends its connection."""

    def give_up(self) -> None: ...


class Backlog:
    """What waits, by reader, `most_bytes` in all."""

    def __init__(self, most_bytes: int, cells: "memoryview[int]") -> None:
        self._most_bytes = most_bytes
        self._cells = cells
        self._waiting: dict[Reader, int] = {}
        self._total = 0

    def wait(self, reader: Reader, count: int) -> None:
        """So many bytes wait for the reader now; 0: none, or it is gone."""
        self._total += count - self._waiting.pop(reader, 0)
        if count:
            self._waiting[reader] = count
            while self._total > self._most_bytes:
                self._give_up(max(self._waiting, key=self._waiting.__getitem__))
        self._cells[BUFFERED_BYTES] = self._total

    def _give_up(self, reader: Reader) -> None:
        self._total -= self._waiting.pop(reader)
        self._cells[SLOW_READERS_RESET] += 1
        reader.give_up()
