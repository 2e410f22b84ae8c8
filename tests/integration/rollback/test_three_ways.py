"""A release made worse three ways, and a world that moved: the real judge, a real store, the desk. Each bad release is
taken back once; the moved world is paged and nothing is taken back.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from sentinel.config.settings import RollbackSettings, RuleSettings
from sentinel.judge.binding import Roles
from sentinel.judge.judge import Judge
from sentinel.judge.policy import Policy, ServiceLevels
from sentinel.rollback.desk import Desk
from sentinel.rollback.trial import Predictions
from sentinel.store import SqlStore, WindowRecord, open_store
from sentinel.traffic.buckets import bucket_of
from sentinel.windows.window import TrafficCounts
from tests.support import judge_world as world
from tests.support.rollback_delivery import target

REFERENCE = world.reference(20_000)
OBJECTIVES = ServiceLevels(error_ratio=0.02, latency_seconds=0.25)
SECONDS = 60.0
BEFORE, AFTER = 20, 30


@dataclass(frozen=True)
class World:
    """A window of a version: drift of the inputs (sd), share approved, share failed, seconds an answer takes.

    Of a version that fails every request no row is ever read.
    """

    shift: float = 0.0
    approved: float = 0.3
    failed: float = 0.0
    seconds: float = 0.02


@dataclass
class Service:
    """One replica of the service: judge, desk and store, minute by minute."""

    store: SqlStore
    settings: RollbackSettings
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    paged: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.judge = Judge(REFERENCE, service_levels=OBJECTIVES)
        predictions = Predictions(REFERENCE, Roles(REFERENCE, Policy()))
        self.desk = Desk(self.store, self.settings, predictions=predictions)

    def minute(self, number: int, version: str, state: World) -> int:
        """Serve 300 requests; the number of rollbacks asked for."""
        read = 0 if state.failed == 1 else 300
        rows = world.columns(self.rng, read, shift=state.shift, approved=state.approved)
        failed = int(self.rng.binomial(300, state.failed))
        traffic = TrafficCounts(
            received=300,
            analysed=read,
            undecodable={"error_response": 300 - read},
            codes={"2xx": 300 - failed, "5xx": failed},
            latency={bucket_of(state.seconds): 300},
        )
        closed = world.window(REFERENCE, rows, number, version=version, seconds=SECONDS, traffic=traffic)
        verdict = self.judge.observe(closed)
        self.paged |= {incident.cause for incident in verdict.opened}
        plan = self.desk.decide(verdict, closed.end, closed)
        self.store.commit_window(WindowRecord(closed, {}, verdict, b"", plan.intents, plan.audit))
        return len(plan.intents)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    settings = RollbackSettings(mode="enforce", targets=(target("http://localhost:1/", tmp_path),))
    yield Service(store, settings)
    store.close()


def released(service: Service, after: World) -> int:
    """Version 1 serves well; version 2 comes and is taken back when that is asked for; the rollbacks asked for."""
    asked, version = 0, "1"
    for number in range(BEFORE):
        asked += service.minute(number, "1", World())
    version = "2"
    for number in range(BEFORE, BEFORE + AFTER):
        if service.minute(number, version, after if version == "2" else World()):
            asked, version = asked + 1, "1"
    return asked


WORSE = {
    "errors": (World(failed=0.2), "error_ratio"),
    "nothing but errors": (World(failed=1.0), "error_ratio"),
    "latency": (World(seconds=0.6), "latency"),
    "wrong predictions": (World(approved=0.75), "prediction_drift"),
}


@pytest.mark.parametrize("name", WORSE)
def test_a_worse_release_is_taken_back_once(service: Service, name: str) -> None:
    after, cause = WORSE[name]
    assert released(service, after) == 1
    assert cause in service.paged
    (intent,) = service.store.intents()
    assert (intent.from_version, intent.to_version) == ("2", "1")
    outcomes = [record.outcome for record in reversed(service.store.audit_trail())]
    assert outcomes.count("triggered") == 1
    assert outcomes[-1] == "effective"


def test_a_release_like_the_one_before_it_is_left_alone(service: Service) -> None:
    assert released(service, World()) == 0
    assert service.store.audit_trail() == []


@pytest.mark.parametrize(("minutes", "asked"), [(1, 0), (3, 1)])
def test_an_outage_that_is_over_takes_nothing_back_where_a_breach_must_stand(
    service: Service, minutes: int, asked: int
) -> None:
    """With `for_seconds` of a window: some failing minutes of a good release."""
    service.settings = replace(service.settings, rules=(RuleSettings("error_ratio", for_seconds=SECONDS),))
    service.desk = Desk(service.store, service.settings)
    for number in range(BEFORE):
        service.minute(number, "1", World())
    out = range(BEFORE + 5, BEFORE + 5 + minutes)
    found = [service.minute(n, "2", World(failed=0.2 * (n in out))) for n in range(BEFORE, BEFORE + 10)]
    assert sum(found) == asked
    assert "error_ratio" in service.paged, "people are told all the same"
    outcomes = {record.outcome for record in service.store.audit_trail()}
    assert ("suppressed_recovering" in outcomes) == (not asked)


@pytest.mark.parametrize("beside", [False, True], ids=["after the release", "under both versions"])
def test_a_world_that_moves_is_paged_and_nothing_is_taken_back(service: Service, beside: bool) -> None:
    """Inputs and predictions of every version move together, soon after a release."""
    for number in range(BEFORE):
        service.minute(number, "1", World())
    for number in range(BEFORE, BEFORE + AFTER):
        now = World(shift=1.0, approved=0.6) if number > BEFORE + 5 else World()
        for version in ("1", "2") if beside else ("2",):
            assert service.minute(number, version, now) == 0
    assert "input_drift" in service.paged
    assert service.store.intents() == []
    assert {record.outcome for record in service.store.audit_trail()} >= {"suppressed_cause"}
