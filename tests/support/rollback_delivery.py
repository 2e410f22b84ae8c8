"""A deliverer over a real SQLite store on a clock of the test's own."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sentinel.config.settings import RollbackSettings, TargetSettings
from sentinel.rollback.deliverer import Deliverer, DelivererOptions, DeliveryEvent, Outbox
from sentinel.rollback.past import Past
from sentinel.rollback.planning import plan
from sentinel.rollback.targets.building import build_targets
from sentinel.store import Intent, SqlStore, open_store
from tests.support.rollback_cases import NOW, policy, surroundings, verdict
from tests.support.rollback_receiver import SECRET


def target(url: str, folder: Path, **values: Any) -> TargetSettings:
    """Settings of a webhook target with the test's secret."""
    secret = folder / "secret"
    secret.write_text(SECRET)
    made: dict[str, Any] = {
        "name": "deployer",
        "url": url,
        "secret_file": str(secret),
        "allow_http": True,
        "timeout_seconds": 60.0,
    }
    return TargetSettings(**made | values)


def shifted_intent(target_name: str = "deployer", **values: Any) -> Intent:
    """A planned intent, moved to the present: signatures are checked against the real clock."""
    made = plan(verdict(), policy(targets=(target_name,)), Past(), NOW, surroundings()).intents[0]
    now = time.time()
    times = {"created_at": now, "next_attempt_at": now, "expires_at": now + 600}
    return replace(made, **times | values)


@dataclass
class Setting:
    """A store, a deliverer over it, and the clock, which `run_out` moves to each next attempt."""

    store: SqlStore
    settings: RollbackSettings
    enforce: bool = True
    now: float = field(default_factory=time.time)
    events: list[DeliveryEvent] = field(default_factory=list)

    def deliverer(self, outbox: Callable[[Outbox], None] = lambda _outbox: None, **values: Any) -> Deliverer:
        options = DelivererOptions(enforce=self.enforce, clock=lambda: self.now, jitter=lambda: 0.0, **values)
        return Deliverer(self.store, build_targets(self.settings), options, self.events.append, outbox)

    async def run_out(self) -> list[Intent]:
        """Deliver until nothing is pending, as fast as the clock can be moved."""
        deliverer = self.deliverer()
        while pending := self.store.intents(state="pending"):
            self.now = max(self.now, min(intent.next_attempt_at for intent in pending))
            assert await deliverer.deliver_due() > 0
        return self.store.intents()

    def words(self, action: str = "") -> list[str]:
        """Outcomes in the audit, oldest first."""
        return [r.outcome for r in reversed(self.store.audit_trail()) if r.action.startswith(action)]


def setting(folder: Path, *targets: TargetSettings, **values: Any) -> Iterator[Setting]:
    store = open_store(f"sqlite:///{folder}/store.db")
    made = Setting(store, RollbackSettings(mode="enforce", targets=targets), **values)
    try:
        yield made
    finally:
        store.close()
