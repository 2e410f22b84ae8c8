"""The observer's part in late labels: bounded while the store is away, nothing counted twice, no window held up."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from sentinel.app.labelling import MOST_PENDING, Labelling, LabelWork, Told
from sentinel.app.scoring import Scorer
from sentinel.config.settings import LabelSettings
from sentinel.intake.labels import NotNow
from sentinel.labels.keys import KeyOptions
from sentinel.labels.reading import read
from sentinel.labels.values import KeptPrediction, Report, Span
from sentinel.store import open_store
from tests.support.processes import wait_until

SETTINGS = LabelSettings(enabled=True, score_seconds=0.1)


class Heard:
    """What is told, summed."""

    def __init__(self) -> None:
        self.kept: Counter[str] = Counter()
        self.labels: Counter[str] = Counter()
        self.quality: list[Report] = []

    def told(self) -> Told:
        def kept(count: int, outcome: str) -> None:
            self.kept[outcome] += count

        def labels(counts: Counter) -> None:  # type: ignore[type-arg]
            for (_, outcome), number in counts.items():
                self.labels[outcome] += number

        return Told(kept, labels, lambda counts: None, self.quality.append)


def predictions(count: int) -> list[KeptPrediction]:
    """Of a window that ended a minute ago: older ones would be forgotten, younger ones not yet scored."""
    start = time.time() - 120.0
    ids = (f"r-{n}" for n in range(count))
    return [KeptPrediction("m", "1", i, 0, start, start, start + 60, predicted="1") for i in ids]


async def until(condition: "object") -> None:
    await asyncio.to_thread(wait_until, condition, "the labelling")


async def test_predictions_wait_for_a_store_that_is_away_and_no_more_than_fit(tmp_path: Path) -> None:
    heard = Heard()
    url = f"sqlite:///{tmp_path}/later/sentinel.db"
    labelling = Labelling(url, SETTINGS, Scorer(SETTINGS), heard.told())
    labelling.keep(predictions(MOST_PENDING + 5))
    assert heard.kept["dropped"] == 5
    task = asyncio.create_task(labelling.run())
    with pytest.raises(NotNow, match="labels cannot be taken now"):
        await labelling.take(read([{"id": "r-1", "label": 0}], KeyOptions()))
    (tmp_path / "later").mkdir()
    await until(lambda: heard.kept["kept"] == MOST_PENDING)
    await labelling.take(read([{"id": "r-1", "label": 0}, {"id": "x"}], KeyOptions()))
    await until(lambda: heard.labels["late"] == 1)
    await until(lambda: any(report.labelled == 1 for report in heard.quality))
    assert (heard.labels["received"], heard.labels["refused"]) == (2, 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_left_at_the_end_is_flushed_and_what_is_known_is_not_new(tmp_path: Path) -> None:
    heard = Heard()
    url = f"sqlite:///{tmp_path}/sentinel.db"
    for _ in range(2):
        labelling = Labelling(url, SETTINGS, Scorer(SETTINGS), heard.told(), works=False)
        task = asyncio.create_task(labelling.run())
        await asyncio.sleep(0)
        labelling.keep(predictions(10))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert heard.kept == {"kept": 10, "repeated": 10}
    store = open_store(url)
    assert len(store.labels.answered("m", "1", 0.0, 1e12, 100_000)) == 10
    store.close()


def test_a_window_that_cannot_be_scored_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(f"sqlite:///{tmp_path}/sentinel.db")
    other = [KeptPrediction("m", "2", "z", 0, 1.0, 0.0, 60.0, predicted="1")]
    store.labels.keep(predictions(3) + other)
    work = LabelWork(store, SETTINGS, Scorer(SETTINGS))
    honest = Scorer.realised

    def spoiled(self: Scorer, span: Span, rows: object, kept: int, labelled: int) -> Report:
        if kept == 3:
            raise ZeroDivisionError
        return honest(self, span, rows, kept, labelled)  # type: ignore[arg-type]

    monkeypatch.setattr(Scorer, "realised", spoiled)
    assert "2" in {report.span.version for report in work.score(1e12)}
    assert store.labels.due(1e12) == []
    store.close()
