"""Kill -9 between breach and acknowledged delivery; and fifty replicas at once on one PostgreSQL."""

import os
import time
from pathlib import Path

import pytest

from sentinel.store import open_store
from tests.support.rollback_sweep import forked, observe, receiver_process, receiver_saw, settings_for, sweep
from tests.support.store_fixtures import postgres, postgres_url

__all__ = ["postgres", "postgres_url"]

KILLS = 40
REPLICAS = 50


@pytest.mark.slow
def test_killed_anywhere_the_receiver_accepts_exactly_one(tmp_path: Path) -> None:
    made = sweep(tmp_path, KILLS, seed=8)
    assert made.problems == []
    assert made.kills.total() >= KILLS
    assert len(made.kills) >= 3, f"the kills all fell into {dict(made.kills)}"


@pytest.mark.slow
def test_fifty_replicas_that_see_one_breach_ask_once(tmp_path: Path, postgres_url: str) -> None:
    open_store(postgres_url).close()
    with receiver_process(tmp_path / "port") as address:
        settings, go = settings_for(address, tmp_path, attempt_seconds=30.0), time.time() + 1.0

        def replica(name: str) -> None:
            time.sleep(max(go - time.time(), 0.0))
            observe(postgres_url, settings, "model-0", name, go, speed=1.0)

        processes = [forked(lambda name=f"r{i}": replica(name)) for i in range(REPLICAS)]  # type: ignore[misc]
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in processes]
        seen = receiver_saw(address)
    store = open_store(postgres_url)
    (intent,) = store.intents()
    trail = [record.outcome for record in store.audit_trail(1000)]
    broken = store.verify_audit()
    store.close()
    assert codes == [0] * REPLICAS
    assert intent.state == "delivered"
    assert seen == {"seen": {intent.id: 1}, "accepted": {intent.id: 1}}
    assert trail.count("delivered") == 1
    assert set(trail) <= {"triggered", "delivered", "suppressed_quorum"}
    assert broken == ""
