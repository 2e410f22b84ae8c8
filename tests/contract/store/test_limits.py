"""Limits on requests hold in the transaction that writes them, whoever else decided in the same instant."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from sentinel.store import SqlStore, open_store
from sentinel.store.contract import AuditRecord, Intent, RequestLimits, WindowRecord
from tests.support import store_values as values

MODELS = 12
LIMITED = AuditRecord(1.0, "sentinel", "rollback.decision", "d", "suppressed_rate_limit", "A limit is reached.")
TRIGGERED = replace(LIMITED, outcome="triggered", sentence="Asked for.")
LIMITS = RequestLimits(most_per_hour=2, most_per_day=3, quiet_seconds=1800.0, otherwise=(LIMITED,))


def request(model: str, version: str = "2", at: float = 100_000.0, target: str = "deployer") -> Intent:
    made = values.intent(f"{model} {version} {target}")
    return replace(
        made, model=model, from_version=version, target=target, incident_id=f"{model} {version}", created_at=at
    )


def ask(store: SqlStore, *intents: Intent, limits: RequestLimits | None = LIMITS) -> None:
    store.commit_decision(intents=intents, audit=(TRIGGERED,), limits=limits)


def asked(store: SqlStore) -> set[tuple[str, str]]:
    return {(intent.model, intent.from_version) for intent in store.intents()}


def outcomes(store: SqlStore) -> list[str]:
    return sorted(record.outcome for record in store.audit_trail())


def test_many_models_at_once_pass_a_limit_together_as_little_as_one_by_one(store: SqlStore, url: str) -> None:
    def one(number: int) -> None:
        with closing(open_store(url)) as own:
            ask(own, request(f"m{number}"))

    with ThreadPoolExecutor(MODELS) as pool:
        list(pool.map(one, range(MODELS)))
    assert len(asked(store)) == LIMITS.most_per_hour
    assert outcomes(store) == ["suppressed_rate_limit"] * (MODELS - 2) + ["triggered"] * 2
    assert store.verify_audit() == ""


def test_targets_and_replicas_of_one_request_are_one(store: SqlStore) -> None:
    both = request("a"), request("a", target="git")
    ask(store, *both)
    ask(store, *both)
    ask(store, request("b"))
    ask(store, request("c"))
    assert asked(store) == {("a", "2"), ("b", "2")}
    assert len(store.intents()) == 3


@pytest.mark.parametrize(("later", "written"), [(60.0, False), (1801.0, True)])
def test_quiet_time_of_a_model(store: SqlStore, later: float, written: bool) -> None:
    ask(store, request("a", "2"))
    ask(store, request("a", "3", at=100_000.0 + later))
    assert (("a", "3") in asked(store)) == written


def test_a_day_of_one_model_and_an_hour_of_all(store: SqlStore) -> None:
    for hour in range(5):
        ask(store, request("a", str(hour), at=100_000.0 + 3700 * hour))
    assert len(asked(store)) == LIMITS.most_per_day
    ask(store, request("b", at=100_000.0 + 3700 * 4))
    assert ("b", "2") in asked(store)


def test_the_window_is_written_all_the_same(store: SqlStore) -> None:
    ask(store, request("a"))
    ask(store, request("b"))
    record = WindowRecord(values.window(), intents=(request("c"),), audit=(TRIGGERED,), limits=LIMITS)
    assert store.commit_window(record)
    assert ("c", "2") not in asked(store)
    assert outcomes(store) == ["suppressed_rate_limit", "triggered", "triggered"]


def test_without_limits_everything_is_written(store: SqlStore) -> None:
    for number in range(5):
        ask(store, request(f"m{number}"), limits=None)
    assert len(asked(store)) == 5
