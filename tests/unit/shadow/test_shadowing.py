"""What the sidecar tells of its second model: to the audit once for each change, also over an absence of the store."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sentinel.app.shadowing import Shadowing
from sentinel.config.settings import CaptureSettings, Settings, ShadowSettings
from sentinel.decode import DecodeOptions
from sentinel.decode.rows import Decoded
from sentinel.shadow.book import SCALE_ROWS, Answer
from sentinel.store.contract import AuditRecord
from sentinel.store.errors import StoreUnavailable
from sentinel.telemetry.recorder import Recorder

SETTINGS = Settings(capture=CaptureSettings(shadow=ShadowSettings(url="https://int8", margin_ratio=0.1)))


@dataclass
class Store:
    """Keeps one setting and the audit; away when told so."""

    kept: str | None = None
    audit: list[AuditRecord] = field(default_factory=list)
    away: bool = False
    writes: int = 0

    def call(self, use: Callable[[Any], Any]) -> "Future[Any]":
        future: Future[Any] = Future()
        if self.away:
            future.set_exception(StoreUnavailable("away"))
        else:
            future.set_result(use(self))
        return future

    def setting(self, _name: str) -> str | None:
        return self.kept

    def put_setting(self, _name: str, value: str, *, audit: tuple[AuditRecord, ...] = ()) -> None:
        self.kept, self.writes = value, self.writes + 1
        self.audit += audit

    @property
    def outcomes(self) -> list[str]:
        return [record.outcome for record in self.audit]


def shadowing(store: Store) -> Shadowing:
    made = Shadowing(SETTINGS, DecodeOptions(), store, Recorder(SETTINGS, started_at=0.0))  # type: ignore[arg-type]
    made.resume()
    return made


def answer(values: Any) -> Answer:
    return Answer(Decoded(len(values), {}, {"y": np.array(values, dtype=float)}), 0.01)


def pairs(made: Shadowing, count: int, differing: bool = False) -> None:
    for _ in range(count):
        made.book.pair("m", "1", answer([0.0]), answer([9.0 if differing else 0.0]))


def learnt(store: Store) -> Shadowing:
    made = shadowing(store)
    spread = answer([0.0, 2.0] * (SCALE_ROWS // 2))
    made.book.pair("m", "1", spread, spread)
    return made


def test_each_change_is_one_record() -> None:
    store = Store()
    made = learnt(store)
    for count, differing in ((5, False), (100, False), (5, False), (200, True)):
        pairs(made, count, differing)
        made.settle(1.0)
        made.settle(2.0)
    assert store.outcomes == ["equivalent", "different"]
    assert store.writes == 4, "nothing is written where nothing changed"


def test_what_the_store_could_not_take_is_told_when_it_is_back() -> None:
    store = Store()
    made = learnt(store)
    pairs(made, 100)
    store.away = True
    made.settle(1.0)
    made.settle(2.0)
    store.away = False
    made.settle(3.0)
    made.settle(4.0)
    assert store.outcomes == ["equivalent"]


def test_a_restart_tells_nothing_twice() -> None:
    store = Store()
    made = learnt(store)
    pairs(made, 100)
    made.settle(1.0)
    again = shadowing(store)
    pairs(again, 10)
    again.settle(2.0)
    assert store.outcomes == ["equivalent"]
    (standing,) = again.book.standings()
    assert standing.result.account.pairs.answered == 110
