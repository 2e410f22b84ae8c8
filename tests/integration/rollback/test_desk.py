"""From windows to a rolled-back version over a real store: history, decision, request, effect, restart."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sentinel.config.settings import RollbackSettings
from sentinel.judge.verdict import State, Verdict
from sentinel.rollback.desk import Desk
from sentinel.rollback.operators import pause, resume
from sentinel.rollback.planning import Plan
from sentinel.store import SqlStore, WindowRecord, open_store
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import WindowKey
from tests.support.rollback_cases import NOW, incident, verdict
from tests.support.rollback_delivery import target

START = NOW - NOW % 60


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> RollbackSettings:
    return RollbackSettings(mode="enforce", targets=(target("http://localhost:1/", tmp_path),))


def window(desk: Desk, store: SqlStore, minute: int, version: str, *, breach: bool = False, replica: str = "a") -> Plan:
    """Judge and commit one minute of one version."""
    start = START + 60 * minute
    standing = (incident(id=f"breach of {version}", version=version, opened_at=start + 60),) if breach else ()
    made: Verdict = replace(
        verdict(),
        version=version,
        start=start,
        end=start + 60,
        state=State.BREACH if breach else State.OK,
        opened=standing,
        open=standing,
    )
    key = WindowKey("fraud", version, replica)
    closed = ClosedWindow(key=key, start=start, end=start + 60, rows=500, reference_id="r")
    plan = desk.decide(made, start + 60, closed)
    store.commit_window(WindowRecord(closed, {}, made, b"", plan.intents, plan.audit))
    return plan


def outcomes(store: SqlStore) -> list[str]:
    return [record.outcome for record in reversed(store.audit_trail())]


def test_the_story(store: SqlStore, settings: RollbackSettings) -> None:
    desk = Desk(store, settings)
    for minute in range(3):
        assert window(desk, store, minute, "1") == Plan()
    window(desk, store, 3, "2")
    asked = window(desk, store, 4, "2", breach=True)
    assert [(i.from_version, i.to_version) for i in asked.intents] == [("2", "1")]
    assert window(desk, store, 5, "2", breach=True).intents == ()
    desk = Desk(store, settings)  # a restart forgets nothing
    assert window(desk, store, 6, "2", breach=True).intents == ()
    told = [effect for minute in (7, 8, 9, 10) for effect in window(desk, store, minute, "1").effects]
    assert [(effect.outcome, effect.seconds) for effect in told] == [("effective", 120.0)]
    assert outcomes(store) == ["triggered", "effective"]
    assert [intent.id for intent in store.intents()] == [asked.intents[0].id]
    assert store.verify_audit() == ""


def test_back_on_the_old_version_a_new_breach_does_not_flip_flop(store: SqlStore, settings: RollbackSettings) -> None:
    desk = Desk(store, settings)
    window(desk, store, 0, "1")
    window(desk, store, 1, "2")
    window(desk, store, 2, "2", breach=True)
    drifted = window(desk, store, 70, "1", breach=True)
    assert [decision.outcome for decision in drifted.decisions] == ["suppressed_flip_flop"]


def test_pause_by_person_and_by_file(store: SqlStore, settings: RollbackSettings, tmp_path: Path) -> None:
    file = tmp_path / "pause"
    desk = Desk(store, replace(settings, pause_file=str(file)))
    window(desk, store, 0, "1")
    window(desk, store, 1, "2")
    pause(store, "ann", "release day", NOW)
    assert [d.outcome for d in window(desk, store, 2, "2", breach=True).decisions] == ["suppressed_paused"]
    resume(store, "ann", "over", NOW)
    file.touch()
    assert window(desk, store, 3, "2", breach=True) == Plan()
    file.unlink()
    assert len(window(desk, store, 4, "2", breach=True).intents) == 1


def test_half_of_the_replicas_must_see_it(store: SqlStore, settings: RollbackSettings) -> None:
    desks = [Desk(store, settings, name) for name in "abc"]
    for name, desk in zip("abc", desks, strict=True):
        for minute, version in enumerate("12"):
            window(desk, store, minute, version, replica=name)
    outcomes = [window(desk, store, 2, "2", breach=True, replica=name) for name, desk in zip("abc", desks, strict=True)]
    assert [[d.outcome for d in plan.decisions] for plan in outcomes] == [["suppressed_quorum"], ["triggered"], []]


def test_damaged_history_acts_on_nothing(store: SqlStore, settings: RollbackSettings) -> None:
    desk = Desk(store, settings)
    window(desk, store, 0, "1")
    store.put_setting("rollback.versions.fraud", "{")
    assert [d.outcome for d in window(desk, store, 1, "2", breach=True).decisions] == ["suppressed_no_previous"]
