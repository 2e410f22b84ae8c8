"""A store that fails at any one call of the deliverer: nothing is lost, and the receiver still acts once."""

import contextlib
from pathlib import Path
from typing import Any

import pytest

from sentinel.store import SqlStore, StoreUnavailable
from tests.support import rollback_receiver as receivers
from tests.support.rollback_delivery import setting, shifted_intent, target
from tests.support.rollback_receiver import receiving, status

LEASE_SECONDS = 60.0
CALLS = ["due_intents", "setting", "record_delivery"]


class Failing:
    """A store whose call number `at` of the method `name` finds no database."""

    def __init__(self, store: SqlStore, name: str, at: int) -> None:
        self._store, self._name, self._left = store, name, at

    def __getattr__(self, name: str) -> Any:
        if name != self._name:
            return getattr(self._store, name)
        self._left -= 1
        if self._left == 0:
            return self._away
        return getattr(self._store, name)

    def _away(self, *_arguments: Any, **_named: Any) -> Any:
        raise StoreUnavailable("the store cannot be reached")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("at", [1, 2])
async def test_one_failing_call_costs_at_most_one_more_attempt(tmp_path: Path, name: str, at: int) -> None:
    async with receiving(status(500), receivers.accept) as receiver:
        with contextlib.contextmanager(setting)(tmp_path, target(receiver.address, tmp_path)) as made:
            intent = shifted_intent()
            made.store.commit_decision(intents=[intent])
            made.now, whole = intent.created_at, made.store
            made.store = Failing(whole, name, at)  # type: ignore[assignment]
            deliverer = made.deliverer()
            for _ in range(10):
                with contextlib.suppress(StoreUnavailable):
                    await deliverer.deliver_due()
                made.now += LEASE_SECONDS
            (ended,) = whole.intents()
            trail = [record.outcome for record in whole.audit_trail()]
    assert ended.state == "delivered"
    assert receiver.accepted == [intent.id]
    assert len(receiver.requests) <= 3
    assert trail == ["delivered"]
