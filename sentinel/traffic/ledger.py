"""The ledger: one shared page of counters that outlives every child, so that no crash loses a count.

The supervisor makes the page (an anonymous memory file) and hands it to relay workers and observer. Each cell has one
writer, is 64 bits wide and aligned, so a reader sees whole values. A worker's life takes a slot of its own; when it
ends, its slot keeps its last counts. The sum over all slots is the account of every exchange:

    received = sampled_out + dropped + handed + under way,   handed = analysed + undecodable + lost + in the channel
"""

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass

CELLS = 32  # cells of a slot: 256 bytes, so that two workers never write to one cache line
SLOTS = 1024  # slot 0: the observer; slot 1: the sum of lives whose slot was needed again; then one for each life
RETIRED = 1
CELL_BYTES = 8
PAGE_BYTES = SLOTS * CELLS * CELL_BYTES

# Cells of the observer, in slot 0.
OBSERVER_GENERATION, OBSERVER_HEARTBEAT_NS, OBSERVER_READY = range(3)
# In the same slot, written by the supervisor: readings of the configuration after the first, and how the last ended.
RELOADS, RELOADS_REFUSED, LAST_RELOAD_REFUSED = range(3, 6)

# Cells of a worker's life. Written by the supervisor:
BOOT, WORKER, PID, GONE, DROPPED_WORKER_RESTART = range(5)
# written by the worker:
HEARTBEAT_NS, READY, RECEIVED, SAMPLED_OUT, HANDED, DROPPED_CHANNEL_FULL, DROPPED_TOO_LARGE = range(5, 12)
CONNECTIONS_OPEN, CONNECTIONS_TOTAL, CONNECTIONS_REFUSED, UPSTREAM_FAILURES, DROPPED_OPAQUE = range(12, 17)
# written by the observer:
ANALYSED, UNDECODABLE, LOST = range(17, 20)
# bytes in memory files that wait in the channel: handed by the worker so far, and taken by the observer so far
FILE_BYTES_HANDED, FILE_BYTES_TAKEN = range(20, 22)
# written by the worker: bytes that wait for slow readers now, and readers given up because of too many
BUFFERED_BYTES, SLOW_READERS_RESET = range(22, 24)
# written by the worker: exchanges begun in chunks that it has not looked at, as far as that can be told without a look
BEGUN_UNSEEN = 24

DROPPED_BY_WORKER = (DROPPED_CHANNEL_FULL, DROPPED_TOO_LARGE, DROPPED_OPAQUE)
DROPPED = {
    "channel_full": DROPPED_CHANNEL_FULL,
    "too_large": DROPPED_TOO_LARGE,
    "opaque": DROPPED_OPAQUE,
    "worker_restart": DROPPED_WORKER_RESTART,
    "observer_restart": LOST,
}
SUMMED = (
    DROPPED_WORKER_RESTART, RECEIVED, SAMPLED_OUT, HANDED, DROPPED_CHANNEL_FULL, DROPPED_TOO_LARGE, DROPPED_OPAQUE,
    CONNECTIONS_TOTAL, CONNECTIONS_REFUSED, UPSTREAM_FAILURES, ANALYSED, UNDECODABLE, LOST, SLOW_READERS_RESET,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """The account of exchanges, of one worker's life or of all of them."""

    received: int = 0
    sampled_out: int = 0
    dropped: int = 0
    analysed: int = 0
    undecodable: int = 0
    in_channel: int = 0

    @property
    def under_way(self) -> int:
        """Exchanges that began and are not yet counted otherwise; 0 when everything is accounted for."""
        return self.received - self.sampled_out - self.dropped - self.analysed - self.undecodable


class Ledger:
    """The page, mapped. `cells(slot)` is a view of 64-bit counters indexed by the constants of this module."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._map = mmap.mmap(fd, PAGE_BYTES)
        self._words = memoryview(self._map).cast("Q")

    @classmethod
    def create(cls) -> "Ledger":
        """A new page of zeros; its file has no name and vanishes with its last process."""
        fd = os.memfd_create("sentinel-ledger", os.MFD_CLOEXEC)
        os.ftruncate(fd, PAGE_BYTES)
        return cls(fd)

    def cells(self, slot: int) -> "memoryview[int]":
        return self._words[slot * CELLS : (slot + 1) * CELLS]

    @property
    def observer(self) -> "memoryview[int]":
        return self.cells(0)

    def worker_slots(self) -> Iterator[int]:
        """Slots that hold the life of a worker, past or present."""
        return (slot for slot in range(RETIRED + 1, SLOTS) if self._words[slot * CELLS + BOOT])

    def boots(self) -> frozenset[int]:
        """Lives of workers that have begun."""
        return frozenset(self._words[slot * CELLS + BOOT] for slot in self.worker_slots())

    def retire_oldest(self) -> int:
        """Add the counts of the oldest ended life to the retired, and free its slot for a new one."""
        ended = [slot for slot in self.worker_slots() if self.cells(slot)[GONE]]
        slot = min(ended, key=lambda slot: self.cells(slot)[BOOT])
        cells, retired = self.cells(slot), self.cells(RETIRED)
        for cell in SUMMED:
            retired[cell] += cells[cell]
        for cell in range(CELLS):
            cells[cell] = 0
        return slot

    def account(self, slot: int) -> Account:
        """The account of one life. Exact when its worker rests, else off by the exchange under way at most."""
        cells = self.cells(slot)
        delivered = cells[ANALYSED] + cells[UNDECODABLE]
        return Account(
            received=cells[RECEIVED],
            sampled_out=cells[SAMPLED_OUT],
            dropped=sum(cells[cell] for cell in DROPPED.values()),
            analysed=cells[ANALYSED],
            undecodable=cells[UNDECODABLE],
            in_channel=cells[HANDED] - delivered - cells[LOST],
        )

    def total(self) -> Account:
        """The account of all lives."""
        lives = [self.account(slot) for slot in (RETIRED, *self.worker_slots())]
        return Account(
            received=sum(life.received for life in lives),
            sampled_out=sum(life.sampled_out for life in lives),
            dropped=sum(life.dropped for life in lives),
            analysed=sum(life.analysed for life in lives),
            undecodable=sum(life.undecodable for life in lives),
            in_channel=sum(life.in_channel for life in lives),
        )
