"""The past as the store tells it, read through the one thread that owns the store."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeVar

from sentinel.rollback.past import Past, past_from
from sentinel.rollback.switches import paused
from sentinel.store import Store, StoreError
from sentinel.store.writer import Writer

WAIT_SECONDS = 10.0
"""How long one look into the store may take before it counts as away; judging waits, traffic does not."""
DECISIONS_LOOKED_AT = 500
"""Audit records and intents read before a decision: far more than a day of decisions under any rate limit."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class StoreMemory:
    """`sentinel.app.verdicts.Memory` over a store. Raises StoreError from `judge_state` only: evidence must not be guessed."""

    writer: Writer
    replica: str
    pause_file: str = ""

    def judge_state(self, model: str) -> bytes | None:
        """The judge's last state. Raises StoreError while it cannot be known."""
        return self.writer.judge_state(model, self.replica).result(WAIT_SECONDS)

    def setting(self, name: str) -> str | None:
        return self._ask(lambda store: store.setting(name))

    def put_setting(self, name: str, value: str) -> None:
        self._ask(lambda store: store.put_setting(name, value))

    def past(self) -> Past | None:
        return self._ask(
            lambda store: past_from(
                store.intents(limit=DECISIONS_LOOKED_AT),
                store.audit_trail(limit=DECISIONS_LOOKED_AT),
                paused(store, self.pause_file),
            )
        )

    def _ask(self, use: Callable[[Store], Answer]) -> Answer | None:
        future: Future[Answer] = self.writer.call(use)
        try:
            return future.result(WAIT_SECONDS)
        except (StoreError, TimeoutError):
            return None
