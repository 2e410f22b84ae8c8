"""A sidecar's life without its sockets: exchanges through the real pipeline, judge, desk and store."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sentinel.app.pipeline import Pipeline
from sentinel.app.verdicts import Judgement, Judging
from sentinel.config.settings import RollbackSettings
from sentinel.judge.policy import PolicyOptions
from sentinel.judge.verdict import Verdict
from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from sentinel.rollback.desk import Desk
from sentinel.rollback.planning import Plan
from sentinel.store import SqlStore
from sentinel.traffic import Exchange, Message
from sentinel.windows.closed import ClosedWindow

START = 1_767_225_600.0
ROWS = 100
PER_WINDOW = 4
SECONDS = 60.0
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Lived:
    """folder: with sentinel.db and reference.sentinel. judged: what the sidecar found, in order."""

    folder: Path
    url: str
    reference: FrozenReference
    judged: Sequence[Judgement]


class StoredPast:
    """`sentinel.app.verdicts.Memory` straight from a store."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._desk = Desk(store, RollbackSettings())

    def judge_state(self, model: str) -> bytes | None:
        return self._store.judge_state(model)

    def decide(self, verdict: Verdict, window: ClosedWindow, now: float) -> Plan:
        return self._desk.decide(verdict, now, window)


def reference() -> FrozenReference:
    rng = np.random.default_rng(1)
    columns = {"amount": rng.normal(size=5000), "score": rng.uniform(size=5000)}
    return build(columns, name="fraud", version="1", predictions=["score"])


def live(
    store: SqlStore, pipeline: Pipeline, options: PolicyOptions, exchanges: Iterator[Exchange], *, restart_every: int
) -> Iterator[Judgement]:
    """What a sidecar that is killed after every `restart_every` windows judges and stores."""
    judging, judged = Judging(pipeline.reference, options, StoredPast(store)), 0
    for exchange in exchanges:
        due = pipeline.close_due(exchange.started_at)
        pipeline.exchange(exchange)
        for window in due:
            judgement = judging.judge(window, window.end)
            assert store.commit_window(judgement.record)
            yield judgement
            judged += 1
            if judged % restart_every == 0:
                judging = Judging(pipeline.reference, options, StoredPast(store))


def exchanges(start: float, windows: int, *, drifts_at: int, new_version_at: int) -> Iterator[Exchange]:
    """PER_WINDOW exchanges of ROWS rows a window; from one window on `amount` is shifted, from another on version 2
    serves beside 1.
    """
    rng = np.random.default_rng(2)
    for i in range(windows * PER_WINDOW):
        window = i // PER_WINDOW
        version = "2" if window >= new_version_at and i % 2 else "1"
        amounts = rng.normal(0.8 if window >= drifts_at else 0.0, 1.0, ROWS).tolist()
        at = start + (i + 0.5) * SECONDS / PER_WINDOW
        yield _exchange(at, version, amounts, rng.uniform(size=ROWS).tolist())


def _exchange(at: float, version: str, amounts: list[float], scores: list[float]) -> Exchange:
    asked = {"inputs": [_tensor("amount", amounts)]}
    answered = {"model_name": "fraud", "model_version": version, "outputs": [_tensor("score", scores)]}
    return Exchange(
        protocol="http/1.1",
        method="POST",
        target="/v2/models/fraud/infer",
        status=200,
        request=Message(_JSON, json.dumps(asked).encode()),
        response=Message(_JSON, json.dumps(answered).encode()),
        started_at=at,
        duration_seconds=0.01,
        first_byte_seconds=0.005,
    )


def _tensor(name: str, values: list[float]) -> dict[str, object]:
    return {"name": name, "shape": [len(values)], "datatype": "FP64", "data": values}


def write_csv(path: Path, rows: int, *, drifts_at: int) -> None:
    """Rows of the reference's columns; `amount` is shifted from row `drifts_at` on."""
    rng = np.random.default_rng(3)
    amounts = rng.normal(size=rows) + 0.8 * (np.arange(rows) >= drifts_at)
    lines = [f"{a!r},{s!r}" for a, s in zip(amounts.tolist(), rng.uniform(size=rows).tolist(), strict=True)]
    path.write_text("\n".join(["amount,score", *lines]) + "\n", encoding="utf-8")
