"""Many replicas, one judgement: over real databases, with a judge whose state shows what it saw."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from sentinel.fleet import Fleet, Progress
from sentinel.fleet.leadership import leadership
from sentinel.fleet.lock import OVERDUE_SECONDS
from sentinel.fleet.periods import Timing
from sentinel.store import Selection, SqlStore, WindowRecord, open_store
from tests.support import store_values as some
from tests.support.fleet import Lead, Witness

TIMING = Timing(period_seconds=60.0, settle_seconds=1.0, straggler_seconds=20.0)


def fleet(store: SqlStore, lead: Lead | None = None) -> Fleet:
    return Fleet(store.database, Witness(), lead or Lead(), TIMING)


def first_judged(leader: Fleet) -> Progress:
    """Period 0, by a leader that knows nobody yet and so waits for stragglers."""
    assert leader.step(60.0).judged == []
    return leader.step(81.0)


def report(store: SqlStore, number: int, replicas: str, **values: str) -> None:
    for replica in replicas:
        store.commit_window(WindowRecord(some.window(number, replica=replica, reference_id="", **values)))


def seen(store: SqlStore) -> list[list[object]]:
    return list(json.loads(store.judge_state("fraud", "*") or b"[]"))


def standings(store: SqlStore) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in store.list_windows(Selection()):
        found[row["standing"]] = found.get(row["standing"], 0) + 1
    return found


def test_replicas_are_merged_and_judged_once(store: SqlStore) -> None:
    leader = fleet(store)
    report(store, 0, "abc")
    progress = first_judged(leader)
    [record] = progress.judged
    assert record.window.traffic.received == 30
    assert (progress.replicas, progress.missing, progress.late) == ({"fraud": 3}, {"fraud": 0}, 0)
    assert leader.step(82.0).judged == []
    assert seen(store) == [[0.0, "1", 30]]
    assert standings(store) == {"judged": 3}
    [merged] = store.list_windows(Selection(replica="*"))
    assert (merged["received"], merged["state"]) == (30, "ok")


def test_the_next_period_is_due_as_soon_as_all_reported(store: SqlStore) -> None:
    leader = fleet(store)
    report(store, 0, "ab")
    first_judged(leader)
    report(store, 1, "a")
    assert leader.step(121.5).judged == []
    report(store, 1, "b")
    assert len(leader.step(121.6).judged) == 1


def test_late_windows_are_kept_but_never_reopen_a_period(store: SqlStore) -> None:
    leader = fleet(store)
    report(store, 0, "a")
    first_judged(leader)
    report(store, 0, "b")
    progress = leader.step(90.0)
    assert (progress.late, progress.judged) == (1, [])
    assert leader.step(500.0).late == 0
    assert seen(store) == [[0.0, "1", 10]]
    assert standings(store) == {"judged": 1, "late": 1}
    [merged] = store.merge_windows(Selection())
    assert merged.traffic.received == 20


def test_a_new_leader_goes_on_where_the_old_one_stopped(store: SqlStore) -> None:
    first = fleet(store)
    report(store, 0, "ab")
    first_judged(first)
    second = fleet(store)
    report(store, 1, "ab")
    assert len(second.step(122.0).judged) == 1  # it knows from the store who is expected
    assert seen(store) == [[0.0, "1", 20], [60.0, "1", 20]]


def test_who_does_not_lead_does_nothing(store: SqlStore) -> None:
    report(store, 0, "ab")
    progress = fleet(store, Lead(False)).step(1000.0)
    assert (progress.leading, progress.judged) == (False, [])
    assert standings(store) == {"waiting": 2}


def test_two_leaders_at_once_judge_every_period_once(url: str) -> None:
    """Both believe that they lead, and look at the same moment."""
    stores = [open_store(url) for _ in range(2)]
    leaders = [fleet(store) for store in stores]
    overtaken = 0
    with ThreadPoolExecutor(2) as threads:
        for number in range(12):
            report(stores[0], number, "abc")
            now = (number + 1) * 60.0 + 30.0
            progress = list(threads.map(lambda leader: leader.step(now), leaders))  # noqa: B023
            overtaken += sum(one.overtaken for one in progress)
        list(threads.map(lambda leader: leader.step(10_000.0), leaders))
        list(threads.map(lambda leader: leader.step(20_000.0), leaders))
    assert seen(stores[0]) == [[number * 60.0, "1", 30] for number in range(12)]
    assert len(stores[0].list_windows(Selection(replica="*"))) == 12
    assert standings(stores[0]) == {"judged": 36}
    for store in stores:
        store.close()


def test_versions_share_one_judge_and_are_judged_apart(store: SqlStore) -> None:
    report(store, 0, "ab")
    report(store, 0, "b", version="2")
    assert len(first_judged(fleet(store)).judged) == 2
    assert seen(store) == [[0.0, "1", 20], [0.0, "2", 10]]


def test_rows_of_a_foreign_reference_are_left_out_and_counted(store: SqlStore) -> None:
    report(store, 0, "a")
    store.commit_window(WindowRecord(some.window(0, replica="b", reference_id="other")))
    progress = first_judged(fleet(store))
    [record] = progress.judged
    assert progress.foreign == 1
    assert (record.window.rows, record.window.traffic.received) == (40, 20)


def test_windows_that_cannot_be_read_are_set_aside_and_counted(store: SqlStore) -> None:
    report(store, 0, "ab")
    report(store, 1, "a")
    with store.database.write() as connection:
        connection.execute(text("UPDATE windows SET sketch = :junk WHERE id <> 1"), {"junk": b"junk"})
    leader = fleet(store)
    leader.step(121.0)
    progress = leader.step(142.0)
    assert (progress.unreadable, len(progress.judged)) == (2, 1)
    assert leader.step(200.0).unreadable == 0
    assert standings(store) == {"judged": 1, "unreadable": 2}


def test_a_replica_whose_clock_is_wrong_delays_and_spoils_nothing(store: SqlStore) -> None:
    """Five minutes behind: its windows are late. Five minutes ahead: they wait for their turn."""
    leader = fleet(store)
    late = 0
    for number in range(10, 20):
        report(store, number, "ab")
        report(store, number - 5, "s")
        report(store, number + 5, "f")
        for seconds in (2.0, 22.0, 43.0):
            late += leader.step((number + 1) * 60.0 + seconds).late
    assert late >= 5
    judged = [[start, received] for start, _, received in seen(store)]
    assert len(judged) == len({str(start) for start, _ in judged})
    assert [received for start, received in judged if 900.0 <= float(str(start)) < 1200.0] == [30] * 5
    assert sum(standings(store).values()) == 40


def test_a_long_backlog_is_judged_in_whole_periods(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.fleet.fleet.MOST_WAITING", 7)
    for number in range(6):
        report(store, number, "abc")
    leader = fleet(store)
    for now in range(1000, 1200, 10):
        assert leader.step(float(now)).late == 0
    assert seen(store) == [[number * 60.0, "1", 30] for number in range(6)]


def test_lag_is_the_age_of_the_oldest_period_that_waits(store: SqlStore) -> None:
    leader = fleet(store)
    report(store, 0, "a")
    assert leader.step(70.0).lag_seconds == 10.0
    assert leader.step(95.0).lag_seconds == 0.0


@pytest.mark.parametrize("end", ["released", "silent"])
def test_leadership_passes_on(url: str, end: str) -> None:
    stores = [open_store(url) for _ in range(2)]
    first, second = (leadership(store.database, f"p{number}") for number, store in enumerate(stores))
    assert first.held(0.0)
    assert not second.held(1.0)
    assert first.held(2.0)
    if end == "released":
        first.release()
        assert second.held(3.0)
        assert not first.held(4.0)
    elif stores[0].database.is_sqlite:
        assert not second.held(2.0 + OVERDUE_SECONDS)
        assert second.held(2.1 + OVERDUE_SECONDS)
    for store, lock in zip(stores, (first, second), strict=True):
        lock.release()
        store.close()
