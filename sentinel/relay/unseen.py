"""Chunks that passed and were not looked at yet. Looking at many together costs less than at one after each write.

After a write the caches hold the kernel's code and data, not ours: a look then costs two to four times what it costs
right after another look, and it delays whatever came with the chunk. So chunks wait until there are MOST_WAITING of
them, or one that its tracker wants to see at once, or an end or a count needs them (`look`); the worker's heartbeat
looks at the rest. The times that trackers get are those of arrival.

A worker that is killed takes what waits with it. The ledger tells how many exchanges began in it, so that these are
counted as dropped by its supervisor.
"""

from collections.abc import Callable
from time import monotonic
from typing import Protocol

from sentinel.traffic.ledger import BEGUN_UNSEEN

MOST_WAITING = 128  # chunks; looking at so many takes some 0.2 ms, in which nothing else passes

Look = Callable[[bytes, float], None]


class Watched(Protocol):
    """One end of a connection. look: takes a chunk that came from it and the time; None: it is not followed.

    waits: bytes of the largest chunk that may wait. asking: for a client's end, whether it spoke since the server last
    did.
    """

    look: Look | None
    waits: int
    by_client: bool
    asking: bool

    @property
    def peer(self) -> "Watched": ...
    def cannot_follow(self, error: Exception) -> None: ...


class Unseen:
    """What waits, in order of arrival, over all connections of a worker."""

    __slots__ = ("_begun", "_cells", "_chunks")

    def __init__(self, cells: "memoryview[int]") -> None:
        self._cells = cells
        self._chunks: list[tuple[Watched, bytes, float]] = []
        self._begun = 0

    def add(self, side: Watched, data: bytes) -> None:
        """A chunk of a followed connection was written on."""
        chunks = self._chunks
        chunks.append((side, data, monotonic()))
        if not side.by_client:
            side.peer.asking = False
        elif not side.asking:
            side.asking = True
            self._begun += 1
            self._cells[BEGUN_UNSEEN] = self._begun
        if len(chunks) >= MOST_WAITING or len(data) > side.waits:
            self.look()

    def look(self) -> None:
        """Show what waits to the trackers."""
        for side, data, now in self._chunks:
            look = side.look
            if look is not None:
                try:
                    look(data, now)
                except Exception as error:  # noqa: BLE001 - no fault of a tracker may touch the bytes
                    side.cannot_follow(error)
        self._chunks.clear()
        if self._begun:
            self._begun = self._cells[BEGUN_UNSEEN] = 0
