"""Forgetting: every exchange is counted in exactly one row at any moment, and what is needed stays."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import text

from sentinel.judge.verdict import Incident
from sentinel.store import Retention, Selection, SqlStore
from sentinel.store.retention import DAY, HOUR, LEAD_SECONDS, step
from sentinel.windows.closed import NOTHING, ClosedWindow
from tests.support import store_values as some

WEEK = Retention(window_days=7, hour_days=90)
BEGIN = 1_000 * DAY


def minute(number: int, **values: str) -> ClosedWindow:
    return some.window(int(BEGIN / some.MINUTE) + number, **values)


def fill(store: SqlStore, windows: Sequence[ClosedWindow]) -> None:
    for window in windows:
        store.commit_window(some.record(0, window=window))


def grains(store: SqlStore) -> dict[str, int]:
    with store.database.read() as connection:
        found = connection.execute(text("SELECT grain, count(*) FROM windows GROUP BY grain")).all()
    return dict(found)


def everything(store: SqlStore) -> ClosedWindow:
    """The merge of all rows; times left out."""
    with store.database.read() as connection:
        found = connection.execute(
            text("SELECT sketch FROM windows WHERE replica != '*' OR grain != 'window'")
        ).scalars()
        merged = NOTHING
        for sketch in found:
            merged = merged | ClosedWindow.from_bytes(sketch)
    return merged


def forget_all(store: SqlStore, now: float, retention: Retention = WEEK) -> int:
    steps = 0
    while store.forget(now, retention):
        steps += 1
    return steps


def test_nothing_is_old(store: SqlStore) -> None:
    fill(store, [minute(0)])
    assert store.forget(BEGIN + 7 * DAY, WEEK) == 0
    assert grains(store) == {"window": 1}


def test_windows_become_hours_and_hours_become_days(store: SqlStore) -> None:
    fill(store, [minute(number * 20, replica=replica) for number in range(6) for replica in "ab"])
    before = everything(store)
    forget_all(store, BEGIN + 8 * DAY)
    assert grains(store) == {"hour": 2}
    assert store.forget(BEGIN + 8 * DAY, WEEK) == 0
    forget_all(store, BEGIN + 92 * DAY)
    assert grains(store) == {"day": 1}
    after = everything(store)
    assert (after.rows, after.traffic, after.features) == (before.rows, before.traffic, before.features)
    assert (after.start, after.end) == (BEGIN, BEGIN + DAY)
    assert forget_all(store, BEGIN + 9_999 * DAY) == 0
    forget_all(store, BEGIN + 400 * DAY, Retention(day_days=365))
    assert grains(store) == {}


def test_every_step_is_small_and_keeps_the_sum(store: SqlStore) -> None:
    fill(store, [minute(number) for number in range(30)])
    total = everything(store).traffic.received
    while step(store.database, BEGIN + 8 * DAY, WEEK, rows=7):
        assert everything(store).traffic.received == total
    assert grains(store) == {"hour": 1}


def test_a_very_late_window_still_finds_its_hour(store: SqlStore) -> None:
    fill(store, [minute(0)])
    forget_all(store, BEGIN + 8 * DAY)
    fill(store, [minute(1, replica="late")])
    forget_all(store, BEGIN + 8 * DAY)
    assert grains(store) == {"hour": 1}
    assert everything(store).traffic.received == 20


def test_versions_and_references_stay_apart(store: SqlStore) -> None:
    fill(store, [minute(0), minute(1, version="2"), minute(2, reference_id="other"), minute(3, model="m")])
    forget_all(store, BEGIN + 92 * DAY)
    assert grains(store) == {"day": 4}


def test_the_fleets_own_windows_are_not_counted_twice(store: SqlStore) -> None:
    fill(store, [minute(0, replica="a"), minute(0, replica="b"), minute(0, replica="*")])
    forget_all(store, BEGIN + 8 * DAY)
    assert grains(store) == {"hour": 1}
    assert everything(store).traffic.received == 20


def test_what_an_open_incident_refers_to_stays(store: SqlStore) -> None:
    fill(store, [minute(0), minute(int(LEAD_SECONDS / 60) + 60), minute(0, model="other")])
    opened = some.incident(0)
    store.commit_decision(incidents=[replace_opened(opened, BEGIN + LEAD_SECONDS + HOUR)])
    forget_all(store, BEGIN + 50 * DAY)
    assert grains(store) == {"hour": 2, "window": 1}
    store.commit_decision(incidents=[replace_opened(opened, 0.0, resolved_at=BEGIN)])
    forget_all(store, BEGIN + 50 * DAY)
    assert "window" not in grains(store)


def replace_opened(incident: Incident, at: float, resolved_at: float | None = None) -> Incident:
    return replace(incident, opened_at=at, resolved_at=resolved_at)


def test_a_window_that_cannot_be_read_holds_up_nothing(store: SqlStore) -> None:
    fill(store, [minute(0), minute(1), minute(2)])
    with store.database.write() as connection:
        connection.execute(text("UPDATE windows SET sketch = :junk WHERE id = 2"), {"junk": b"junk"})
    forget_all(store, BEGIN + 8 * DAY)
    assert grains(store) == {"hour": 1, "window": 1}
    assert [row["standing"] for row in store.list_windows(Selection())] == ["judged", "unreadable"]


def test_states_of_replicas_that_are_gone_go_too(store: SqlStore) -> None:
    fill(store, [minute(0)])
    forget_all(store, BEGIN + 90 * DAY)
    assert store.judge_state("fraud") == b"state"
    forget_all(store, BEGIN + 91 * DAY)
    assert store.judge_state("fraud") is None


def test_verdicts_and_features_go_with_their_windows(store: SqlStore) -> None:
    fill(store, [minute(0)])
    forget_all(store, BEGIN + 8 * DAY)
    assert store.verdicts() == []
    with store.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM window_features")).scalar() == 0
