"""The past as the store tells it, read through the one thread that owns the store."""

import logging

from sentinel.config.settings import RollbackSettings
from sentinel.judge.verdict import Verdict
from sentinel.rollback.desk import Desk
from sentinel.rollback.planning import Plan
from sentinel.rollback.trial import Predictions
from sentinel.store import Store, StoreError
from sentinel.store.writer import Writer
from sentinel.windows.closed import ClosedWindow

logger = logging.getLogger("sentinel.judging")

WAIT_SECONDS = 10.0
"""How long one look into the store may take before it counts as away; judging waits for it, traffic does not."""


class StoreMemory:
    """`sentinel.app.verdicts.Memory` over a store.

    Evidence must not be guessed, so `judge_state` raises. Not knowing what was asked before is no reason to ask again,
    so `decide` then decides nothing; a breach that stays open comes back with the next window.
    """

    def __init__(
        self,
        writer: Writer,
        settings: RollbackSettings,
        replica: str,
        predictions: Predictions | None = None,
        *,
        alone: bool = False,
    ) -> None:
        """alone: no other replica judges over this store."""
        self._writer = writer
        self._alone = alone
        self._settings = settings
        self._replica = replica
        self._predictions = predictions
        self._desk: Desk | None = None

    def judge_state(self, model: str) -> bytes | None:
        """This replica's; where it has none in a store of its own, the latest: a restarted pod may have a new name."""
        own = self._writer.judge_state(model, self._replica).result(WAIT_SECONDS)
        if own is None and self._alone:
            return self._writer.judge_state(model).result(WAIT_SECONDS)
        return own

    def labelled(self, model: str, version: str) -> tuple[int, int] | None:
        try:
            return self._writer.call(lambda store: store.labels.labelled(model, version)).result(WAIT_SECONDS)
        except (StoreError, TimeoutError) as error:
            logger.warning("labels are judged later, while the store is away: %s", error)
            return None

    def decide(self, verdict: Verdict, window: ClosedWindow, now: float) -> Plan:
        try:
            return self._writer.call(lambda store: self._at(store).decide(verdict, now, window)).result(WAIT_SECONDS)
        except (StoreError, TimeoutError) as error:
            logger.warning("nothing is decided while the store is away: %s", error)
            return Plan()

    def _at(self, store: Store) -> Desk:
        if self._desk is None:
            self._desk = Desk(store, self._settings, self._replica, self._predictions)
        return self._desk
