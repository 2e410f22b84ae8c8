"""The one thread through which the observer uses its store, so that a slow or missing database delays nothing else.

`submit` hands over a window and returns at once. The thread writes it; while the store is away it puts it into the
spool, and writes what waits there, oldest first, as soon as the store is back. A window that was written but not yet
taken out of the spool when the process was killed is refused by its key the second time: none twice, none out of order.

`call` runs any other use of the store on the same thread. While the store is away intents wait with their windows: no
rollback is sent that is not in the database.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal, TypeVar

from sentinel.store.contract import Store, WindowRecord
from sentinel.store.errors import StoreCorrupt, StoreError, StoreIncompatible, StoreUnavailable
from sentinel.store.spool import Spool, SpoolCounts

logger = logging.getLogger("sentinel.store")

Outcome = Literal["written", "known", "spooled", "refused", "dropped"]
"""What became of a window: in the store; there already; waiting; refused by the store; lost for want of room."""

MOST_QUEUED = 256  # windows in memory while one statement hangs: four hours of one model's minutes
DRAINED_AT_ONCE = 100  # waiting windows written before other jobs get their turn
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 30.0
AWAY = (StoreUnavailable, StoreCorrupt, StoreIncompatible)  # all may be mended from outside while windows wait

Answer = TypeVar("Answer")
Job = tuple[Callable[[], Any], "Future[Any]"]


@dataclass(slots=True)
class WriterCounts:
    """Windows by what became of them since the start, and why the store is away ("" when it is not).

    dropped: those that found the queue full; those that found the spool full are counted there.
    """

    written: int = 0
    known: int = 0
    refused: int = 0
    dropped: int = 0
    away: str = ""


class Writer:
    """A store behind its own thread. `counts` and `spooled` may be read from any thread."""

    def __init__(self, open_store: Callable[[], Store], spool: Spool) -> None:
        """open_store is called on the thread, again after it failed, until it gives a store."""
        self.counts = WriterCounts()
        self._open_store = open_store
        self._store: Store | None = None
        self._spool = spool
        self._jobs: queue.Queue[Job | None] = queue.Queue(MOST_QUEUED)
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._run, name="sentinel-store", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Windows that will never be in the store, whatever the reason."""
        return self.counts.dropped + self.counts.refused + self._spool.counts.dropped + self._spool.counts.damaged

    @property
    def spooled(self) -> SpoolCounts:
        return self._spool.counts

    def submit(self, record: WindowRecord) -> "Future[Outcome]":
        """Have a window written; never waits. The future tells what became of it."""
        return self._enqueue(lambda: self._commit(record), full="dropped")

    def call(self, use: Callable[[Store], Answer]) -> "Future[Answer]":
        """Run `use(store)` on the thread, after earlier jobs; StoreUnavailable while the store is away."""
        return self._enqueue(lambda: use(self._opened()), full=None)

    def judge_state(self, model: str, replica: str = "") -> "Future[bytes | None]":
        """The latest state, be it still in the spool."""
        return self._enqueue(lambda: self._latest_state(model, replica), full=None)

    def close(self, timeout: float = 10.0) -> bool:
        """Finish what was handed over (what cannot be written stays spooled); False when it took too long."""
        self._jobs.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _enqueue(self, run: Callable[[], Any], full: Outcome | None) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            self._jobs.put_nowait((run, future))
        except queue.Full:
            if full is None:
                future.set_exception(StoreUnavailable("the store is too slow: its queue is full; try again later"))
            else:
                self.counts.dropped += 1
                future.set_result(full)
        return future

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._patience())
            except queue.Empty:
                self._drain()
                continue
            if job is None:
                break
            _finish(*job)
        self._drain()
        if self._store is not None:
            self._store.close()
        self._spool.close()

    def _patience(self) -> float | None:
        """Seconds until the spool is tried again; None while nothing waits."""
        return max(self._retry_at - monotonic(), 0.0) if len(self._spool) else None

    def _commit(self, record: WindowRecord) -> Outcome:
        if self._drain():
            try:
                return self._write(record)
            except StoreError as error:
                self._went_away(error)
        return "spooled" if self._spool.append(record) else "dropped"

    def _drain(self) -> bool:
        """Write what waits, oldest first, some at a time; True when nothing waits any longer."""
        if len(self._spool) and monotonic() < self._retry_at:
            return False
        try:
            for _ in range(DRAINED_AT_ONCE):
                record = self._spool.first()
                if record is None:
                    break
                self._write(record)
                self._spool.remove_first()
        except Exception as error:  # noqa: BLE001 - whatever it is, this thread has to go on, and to try again later
            self._went_away(error)
        return not len(self._spool)

    def _write(self, record: WindowRecord) -> Outcome:
        store = self._opened()
        try:
            new = store.commit_window(record)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - a record that cannot be written must not hold up those behind it
            self.counts.refused += 1
            logger.error("a window of %s is lost, the store refused it: %r", record.window.key, error)
            return "refused"
        self.counts.written += new
        self.counts.known += not new
        self._came_back()
        return "written" if new else "known"

    def _opened(self) -> Store:
        if self._store is None:
            self._store = self._open_store()
        return self._store

    def _latest_state(self, model: str, replica: str) -> bytes | None:
        return self._spool.judge_state(model, replica) or self._opened().judge_state(model, replica)

    def _went_away(self, error: Exception) -> None:
        if not self.counts.away:
            logger.warning("windows wait for the store: %s", error)
        self.counts.away = str(error)
        self._retry_at = monotonic() + self._retry_seconds
        self._retry_seconds = min(2 * self._retry_seconds, LONGEST_RETRY_SECONDS)

    def _came_back(self) -> None:
        self.counts.away = ""
        self._retry_seconds = FIRST_RETRY_SECONDS


def _finish(run: Callable[[], Any], future: "Future[Any]") -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(run())
    except Exception as error:  # noqa: BLE001 - it belongs to the caller, who finds it in the future
        future.set_exception(error)
