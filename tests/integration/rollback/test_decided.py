"""Metrics tell of decisions what the audit does: also of those that were overtaken while they were written down."""

from pathlib import Path
from typing import Any

from sentinel.app.deciding import FORGET_SECONDS, READ_BACK, Deciding
from sentinel.config import Settings
from sentinel.rollback.past import DECISION, Past
from sentinel.rollback.planning import Plan, plan
from sentinel.store import SqlStore, open_store
from sentinel.telemetry.recorder import Recorder
from tests.support.rollback_cases import NOW, incident, policy, surroundings, verdict


def asked(model: str, **limits: Any) -> Plan:
    """A request as a replica plans it that knows of no other."""
    found = verdict(incident(id=f"incident of {model}", model=model))
    return plan(found, policy(**limits), Past(), NOW, surroundings(), model)


def write(store: SqlStore, made: Plan) -> None:
    store.commit_decision(intents=made.intents, audit=made.audit, limits=made.limits)


def told(recorder: Recorder) -> list[tuple[str, str]]:
    return [(event.model, event.title) for event in recorder.view().timeline if event.kind == "decision"]


def test_of_two_in_the_same_instant_one_was_asked_for(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    recorders = {model: Recorder(Settings(), started_at=0.0) for model in ("fraud", "churn")}
    sides = {model: Deciding(recorder) for model, recorder in recorders.items()}
    for model, side in sides.items():
        made = asked(model, max_per_hour=1)
        assert [decision.outcome for decision in made.decisions] == ["triggered"], "neither knows of the other"
        side.made(made.audit)
        side.written(store.audit_trail(READ_BACK), NOW)
        assert told(recorders[model]) == [], "nothing is told before it is written"
        write(store, made)
    for side in sides.values():
        for _ in range(2):
            side.written(store.audit_trail(READ_BACK), NOW)
        assert not side.waiting
    audit = [(record.inputs["model"], record.outcome) for record in store.audit_trail() if record.action == DECISION]
    assert sorted(audit) == [("churn", "suppressed_rate_limit"), ("fraud", "triggered")]
    assert told(recorders["fraud"]) == [("fraud", "Rollback: triggered")]
    assert told(recorders["churn"]) == [("churn", "Rollback: suppressed rate limit")]
    store.close()


def test_a_decision_that_never_came_into_the_store_is_not_told(tmp_path: Path) -> None:
    store, recorder = open_store(f"sqlite:///{tmp_path}/store.db"), Recorder(Settings(), started_at=0.0)
    side = Deciding(recorder)
    side.made(asked("fraud").audit)
    side.written(store.audit_trail(READ_BACK), NOW + FORGET_SECONDS - 1)
    assert side.waiting
    side.written(store.audit_trail(READ_BACK), NOW + FORGET_SECONDS)
    assert (side.waiting, told(recorder)) == (False, [])
    store.close()
