"""A release that is wrong more often, as its labels tell: taken back once where the version before was better on its
own labels; paged and left where that was as bad. The real judge, a real store, the desk.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from sentinel.config.settings import RollbackSettings, TargetSettings
from sentinel.judge.judge import Judge
from sentinel.judge.policy import ServiceLevels
from sentinel.labels.values import KeptPrediction, Label
from sentinel.rollback.desk import Desk
from sentinel.store import SqlStore, WindowRecord, open_store
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import TrafficCounts, WindowKey

MINUTE, ROWS = 60.0, 100
BEFORE, AFTER = 20, 30


@dataclass
class Service:
    """One replica: predictions and their labels each minute, judge, desk and store."""

    store: SqlStore
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(3))
    paged: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = RollbackSettings(
            mode="enforce",
            targets=(TargetSettings(name="deployer", url="https://deployer.example/"),),
            triggers=("realised_quality",),
            minimum_rows=200,
        )
        self.judge = Judge(service_levels=ServiceLevels(wrong_ratio=0.1), minimum_rows=1)
        self.desk = Desk(self.store, settings)

    def minute(self, number: int, version: str, wrong: float) -> int:
        """Serve a minute of which all labels come; the number of rollbacks asked for."""
        start = number * MINUTE
        ids = [f"{number}-{n}" for n in range(ROWS)]
        kept = [KeptPrediction("fraud", version, i, 0, start, start, start + MINUTE, predicted="1") for i in ids]
        self.store.labels.keep(kept)
        truths = np.where(self.rng.random(ROWS) < wrong, "0", "1").tolist()
        self.store.labels.put([Label("", i, 0, truth) for i, truth in zip(ids, truths, strict=True)], start + 30)
        self.store.labels.settle(start + 30, 60.0, lambda predicted, _, truth: predicted != truth)
        traffic = TrafficCounts(received=ROWS, analysed=ROWS, codes={"2xx": ROWS})
        window = ClosedWindow(WindowKey("fraud", version, "a"), start, start + MINUTE, ROWS, "", traffic=traffic)
        verdict = self.judge.observe(window, labelled=self.desk.labelled("fraud", version))
        plan = self.desk.decide(verdict, window.end, window)
        self.paged += [f"{incident.version}: {incident.cause}" for incident in verdict.opened]
        self.outcomes += [decision.outcome for decision in plan.decisions]
        state = self.judge.state()
        self.store.commit_window(WindowRecord(window, {}, verdict, state, plan.intents, plan.audit))
        return len(plan.intents)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path}/sentinel.db")
    yield opened
    opened.close()


def release(service: Service, before: float, after: float) -> int:
    asked = sum(service.minute(n, "1", before) for n in range(BEFORE))
    return asked + sum(service.minute(n, "2", after) for n in range(BEFORE, BEFORE + AFTER))


def test_a_release_that_is_wrong_more_often_is_taken_back_once(store: SqlStore) -> None:
    service = Service(store)
    assert release(service, 0.05, 0.3) == 1
    assert service.paged == ["2: realised_quality"]
    assert service.outcomes[-1] == "triggered"
    [intent] = store.intents()
    assert (intent.from_version, intent.to_version) == ("2", "1")
    assert b"realised_quality" in intent.body


def test_where_the_version_before_was_as_wrong_nothing_is_taken_back(store: SqlStore) -> None:
    service = Service(store)
    assert release(service, 0.3, 0.3) == 0
    assert "2: realised_quality" in service.paged
    assert "triggered" not in service.outcomes


def test_labels_that_keep_to_what_is_accepted_page_nothing(store: SqlStore) -> None:
    service = Service(store)
    assert release(service, 0.08, 0.08) == 0
    assert service.paged == []
