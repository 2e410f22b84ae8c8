"""What every store promises (sentinel/store/contract.py), over every database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from sentinel.judge.verdict import State
from sentinel.store import SqlStore, StoreError, WindowRecord, open_store
from tests.support import store_values as some


def test_a_window_comes_back_as_it_was(store: SqlStore) -> None:
    record = some.record(3)
    assert store.commit_window(record)
    [found] = store.windows()
    assert found.window == record.window
    assert (found.state, found.explanation) == ("ok", "ok at 180")


def test_committing_twice_changes_nothing(store: SqlStore) -> None:
    assert store.commit_window(some.record(0, state=b"first"))
    again = some.record(0, state=b"second", intents=(some.intent(),), audit=(some.audit("twice"),))
    assert not store.commit_window(again)
    assert store.judge_state("fraud") == b"first"
    assert store.intents() == []
    assert [record.action for record in store.audit_trail()] == ["page"]


@pytest.mark.parametrize("different", [{"model": "x"}, {"version": "2"}, {"replica": "b"}])
def test_each_part_of_the_key_tells_windows_apart(store: SqlStore, different: dict[str, str]) -> None:
    assert store.commit_window(some.record(0))
    assert store.commit_window(some.record(0, window=some.window(0, **different)))
    assert len(list(store.windows())) == 2
    assert len(list(store.windows(**different))) == 1  # type: ignore[arg-type]


def test_all_or_nothing(store: SqlStore) -> None:
    broken = some.record(0, intents=(some.intent(), replace(some.intent("intent-2"), body=None)))  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        store.commit_window(broken)
    assert list(store.windows()) == []
    assert store.verdicts() == []
    assert store.intents() == []
    assert store.audit_trail() == []
    assert store.judge_state("fraud") is None
    assert store.commit_window(some.record(0))


def test_windows_in_time_order_half_open_and_paged(store: SqlStore) -> None:
    for number in (5, 1, 3, 2, 4):
        store.commit_window(some.record(number))
    starts = [found.window.start for found in store.windows(since=60.0, until=300.0)]
    assert starts == [60.0, 120.0, 180.0, 240.0]
    assert [found.window.start for found in store.windows(limit=2)] == [60.0, 120.0]


def test_paging_passes_every_window_once(store: SqlStore) -> None:
    for number in range(130):
        store.commit_window(WindowRecord(some.window(number // 2, replica="ab"[number % 2])))
    assert len({(found.window.key.replica, found.window.start) for found in store.windows()}) == 130
    assert len(list(store.windows(limit=101))) == 101


def test_judge_state_of_the_last_window_of_a_replica_or_of_any(store: SqlStore) -> None:
    assert store.judge_state("fraud") is None
    store.commit_window(some.record(1, state=b"a1"))
    store.commit_window(some.record(2, state=b"b2", window=some.window(2, replica="b")))
    store.commit_window(some.record(3, state=b""))
    assert store.judge_state("fraud") == b"b2"
    assert store.judge_state("fraud", "a") == b"a1"
    assert store.judge_state("fraud", "c") is None


def test_verdicts_newest_first_and_whole(store: SqlStore) -> None:
    for number in range(3):
        store.commit_window(some.record(number))
    judged = store.verdicts(model="fraud", limit=2)
    assert judged == [some.verdict(some.window(2)), some.verdict(some.window(1))]
    assert store.verdicts(model="other") == []


def test_incidents_open_once_and_resolve_once(store: SqlStore) -> None:
    opened = some.incident(0)
    breach = some.verdict(some.window(0), State.BREACH, opened=(opened,), open=(opened,))
    store.commit_window(some.record(0, verdict=breach))
    assert store.incidents(open_only=True) == [opened]
    closed = replace(opened, resolved_at=300.0)
    store.commit_window(some.record(1, verdict=some.verdict(some.window(1), resolved=(closed,))))
    assert store.incidents() == [closed]
    assert store.incidents(open_only=True) == []
    store.commit_decision(incidents=(opened, replace(opened, resolved_at=900.0)))
    assert store.incidents(model="fraud") == [closed]


def test_an_open_incident_takes_on_what_is_known_now(store: SqlStore) -> None:
    store.commit_decision(incidents=(some.incident(0),))
    later = replace(some.incident(0), evidence=3.0, rollback_evidence=2.0, features=("amount",), explanation="worse")
    store.commit_window(some.record(1, verdict=some.verdict(some.window(1), State.BREACH, open=(later,))))
    assert store.incidents() == [later]


def test_an_open_incident_is_known_even_when_its_first_window_was_lost(store: SqlStore) -> None:
    standing = some.incident(0)
    store.commit_window(some.record(5, verdict=some.verdict(some.window(5), State.BREACH, open=(standing,))))
    assert store.incidents(open_only=True) == [standing]


def test_the_same_intent_is_written_once(store: SqlStore) -> None:
    store.commit_window(some.record(0, intents=(some.intent(),)))
    store.commit_window(some.record(0, window=some.window(0, replica="b"), intents=(some.intent(created_at=99.0),)))
    assert store.intents(state="pending") == [some.intent()]


def test_a_due_intent_is_claimed_for_the_lease(store: SqlStore, url: str) -> None:
    other = open_store(url)
    store.commit_decision(intents=(some.intent(next_attempt_at=100.0),))
    assert store.due_intents(99.0) == []
    assert [intent.id for intent in store.due_intents(100.0, lease_seconds=30.0)] == ["intent-1"]
    assert other.due_intents(129.0) == []
    assert [intent.id for intent in other.due_intents(130.0)] == ["intent-1"]
    other.close()


def test_two_processes_never_claim_the_same_intent(store: SqlStore, url: str) -> None:
    store.commit_decision(intents=[some.intent(f"intent-{number}") for number in range(40)])
    stores = [open_store(url) for _ in range(4)]

    def claim(mine: SqlStore) -> list[str]:
        return [intent.id for _ in range(20) for intent in mine.due_intents(100.0, limit=1)]

    with ThreadPoolExecutor(4) as threads:
        claimed = [name for names in threads.map(claim, stores) for name in names]
    assert sorted(claimed) == sorted(f"intent-{number}" for number in range(40))
    for opened in stores:
        opened.close()


def test_a_delivery_ends_the_claim_and_sets_the_next_attempt(store: SqlStore) -> None:
    store.commit_decision(intents=(some.intent(),))
    store.due_intents(60.0)
    store.record_delivery(some.delivery(1), "pending", 75.0)
    assert store.due_intents(74.0) == []
    [again] = store.due_intents(75.0)
    assert (again.attempts, again.last_result, again.next_attempt_at) == (1, "http_5xx", 75.0)
    store.record_delivery(some.delivery(2, "delivered"), "delivered", 0.0)
    assert store.due_intents(1e9) == []
    assert [attempt.result for attempt in store.deliveries("intent-1")] == ["http_5xx", "delivered"]


def test_what_was_delivered_stays_delivered(store: SqlStore) -> None:
    store.commit_decision(intents=(some.intent(),))
    store.record_delivery(some.delivery(1, "delivered"), "delivered", 0.0)
    store.record_delivery(some.delivery(1, "timeout"), "pending", 0.0)
    assert not store.settle_intent("intent-1", "pending", "replay")
    assert [intent.state for intent in store.intents()] == ["delivered"]
    assert [attempt.result for attempt in store.deliveries("intent-1")] == ["delivered"]


def test_settling_without_an_attempt(store: SqlStore) -> None:
    store.commit_decision(intents=(some.intent(),))
    assert store.settle_intent("intent-1", "dead", "expired")
    assert store.due_intents(1e9) == []
    assert store.settle_intent("intent-1", "pending", "replay", next_attempt_at=900.0, expires_at=1500.0)
    [again] = store.due_intents(900.0)
    assert (again.expires_at, again.last_result) == (1500.0, "replay")
    assert not store.settle_intent("nothing", "dead", "expired")


def test_a_delivery_of_an_unknown_intent_is_refused(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="no intent"):
        store.record_delivery(some.delivery(), "delivered", 0.0)


def test_the_audit_trail_is_a_chain(store: SqlStore) -> None:
    for number in range(3):
        store.audit(some.audit(f"step-{number}", number=number, ratio=0.1))
    assert [record.action for record in store.audit_trail(limit=2)] == ["step-2", "step-1"]
    assert store.verify_audit() == ""


@pytest.mark.parametrize(
    ("tampering", "sentence"),
    [
        ("UPDATE audit SET outcome = 'refused' WHERE id = 2", "audit record 2 (step-1 fraud/1) was changed"),
        ("DELETE FROM audit WHERE id = 2", "audit record 3 does not follow"),
        ("DELETE FROM audit WHERE id = 1", "audit record 2 does not follow"),
    ],
)
def test_tampering_with_the_audit_trail_is_seen(store: SqlStore, tampering: str, sentence: str) -> None:
    for number in range(3):
        store.audit(some.audit(f"step-{number}"))
    with store.database.write() as connection:
        connection.execute(text(tampering))
    assert sentence in store.verify_audit()


def test_concurrent_writers_keep_one_chain(store: SqlStore, url: str) -> None:
    stores = [open_store(url) for _ in range(4)]

    def write(mine: SqlStore) -> None:
        for number in range(10):
            mine.audit(some.audit(f"step-{number}"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, stores))
    assert store.verify_audit() == ""
    assert len(store.audit_trail()) == 40
    for opened in stores:
        opened.close()


def test_concurrent_commits_of_one_window_give_one(store: SqlStore, url: str) -> None:
    stores = [open_store(url) for _ in range(4)]
    record = some.record(0, intents=(some.intent(),))
    with ThreadPoolExecutor(4) as threads:
        written = list(threads.map(lambda mine: mine.commit_window(record), stores))
    assert sorted(written) == [False, False, False, True]
    assert len(list(store.windows())) == 1
    assert len(store.audit_trail()) == 1
    for opened in stores:
        opened.close()


def test_settings_survive(store: SqlStore, url: str) -> None:
    assert store.setting("rollback.paused") is None
    store.put_setting("rollback.paused", "yes")
    store.put_setting("rollback.paused", "no")
    other = open_store(url)
    assert other.setting("rollback.paused") == "no"
    other.close()


def test_settings_are_found_by_how_their_names_begin(store: SqlStore) -> None:
    for name in ("a_/1", "a_/2", "ab/1", "a_"):
        store.put_setting(name, f"of {name}")
    assert store.settings("a_/") == {"a_/1": "of a_/1", "a_/2": "of a_/2"}
    store.drop_setting("a_/1")
    store.drop_setting("a_/never")
    assert list(store.settings("a_/")) == ["a_/2"]


def test_hostile_words_and_numbers_are_stored(store: SqlStore) -> None:
    closed = some.window(0, version="v\0\n'; DROP TABLE windows;--")
    strange = replace(some.scores(), feature="a\0b", distances={"psi": float("nan"), "ks": float("inf")})
    judged = some.verdict(closed, evidence=float("nan"), explanation="x\0\ud800")
    assert store.commit_window(some.record(0, window=closed, verdict=judged, scores={"a\0b": strange}))
    [found] = store.windows()
    assert found.window == closed
    assert found.explanation == "x\ufffd?"
    assert not store.commit_window(some.record(0, window=closed))


def test_plain_columns_hold_the_conservation_law(store: SqlStore) -> None:
    store.commit_window(some.record(0))
    with store.database.read() as connection:
        row = connection.execute(text("SELECT * FROM windows")).mappings().one()
    parts = ("analysed", "sampled_out", "dropped", "undecodable")
    assert row["received"] == sum(row[name] for name in parts) == 10
    assert (row["code_2xx"], row["code_5xx"], row["code_none"]) == (8, 1, 1)
    assert row["latency_p50"] == pytest.approx(0.0183, rel=0.02)
    assert row["latency_p999"] == pytest.approx(0.135, rel=0.02)
