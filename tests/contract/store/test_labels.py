"""What every store promises about predictions and the labels that come for them (sentinel/store/labels.py)."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from sentinel.labels.values import KeptPrediction, Label, Quality, Report, Span
from sentinel.store import open_store
from sentinel.store.labels import LabelStore, Progress

MINUTE = 60.0
WAIT = 30.0


@pytest.fixture
def kept(url: str) -> Iterator[LabelStore]:
    opened = open_store(url)
    yield LabelStore(opened.database)
    opened.close()


def prediction(number: int = 0, *, row: int = 0, version: str = "1", **values: object) -> KeptPrediction:
    at = number * 10.0
    start = at // MINUTE * MINUTE
    made = {"predicted": "yes", "scores": {"no": 0.2, "yes": 0.8}} | values
    return KeptPrediction("fraud", version, f"id-{number}", row, at, start, start + MINUTE, **made)  # type: ignore[arg-type]


def label(number: int = 0, truth: str = "yes", *, row: int = 0, truth_at: float | None = None) -> Label:
    return Label("fraud", f"id-{number}", row, truth, truth_at)


def missed(predicted: str | None, value: float | None, truth: str) -> bool | None:
    return predicted != truth


def settle(kept: LabelStore, now: float) -> dict[str, int]:
    counts = kept.settle(now, WAIT, missed)
    return {outcome: number for (_, outcome), number in counts.items()}


def adds_up(kept: LabelStore) -> bool:
    counts: Counter[str] = Counter()
    for (_, outcome), number in kept.counts().items():
        counts[outcome] += number
    received = counts.pop("received", 0)
    return received == counts.total()


def truths(kept: LabelStore) -> list[str | None]:
    return [answered.truth for answered in kept.answered("fraud", "1", 0.0, 1e9)]


def test_a_label_finds_its_prediction(kept: LabelStore) -> None:
    assert kept.keep([prediction(0), prediction(1)]) == 2
    kept.put([label(1, "no")], now=20.0)
    assert settle(kept, 20.0) == {"joined": 1}
    assert sorted(map(str, truths(kept))) == ["None", "no"]
    assert kept.labelled("fraud", "1") == (1, 1)
    assert adds_up(kept)


def test_a_label_after_the_window_is_late_and_makes_it_due_again(kept: LabelStore) -> None:
    kept.keep([prediction(0)])
    [due] = kept.due(until=60.0)
    kept.score(due, [], 60.0)
    assert kept.due(until=1e9) == []
    kept.put([label(0)], now=61.0)
    assert settle(kept, 61.0) == {"late": 1}
    assert [d.span for d in kept.due(until=1e9)] == [Span("fraud", "1", 0.0, 60.0)]


def test_a_label_that_comes_first_waits(kept: LabelStore) -> None:
    kept.put([label(0)], now=1.0)
    assert settle(kept, 2.0) == {}
    assert kept.counts()["fraud", "waiting"] == 1
    kept.keep([prediction(0)])
    assert settle(kept, 3.0) == {"joined": 1}
    assert adds_up(kept)


def test_a_label_without_prediction_waits_no_longer_than_it_may(kept: LabelStore) -> None:
    kept.put([label(0)], now=1.0)
    assert settle(kept, 1.0 + WAIT - 0.5) == {}
    assert settle(kept, 1.0 + WAIT) == {"orphan": 1}
    kept.keep([prediction(0)])
    assert settle(kept, 40.0) == {}
    assert adds_up(kept)


def test_duplicates_and_corrections_joined_or_waiting(kept: LabelStore) -> None:
    kept.put([label(0), label(0), label(0, "no")], now=1.0)
    kept.put([label(0, "no"), label(0, "maybe")], now=2.0)
    kept.keep([prediction(0)])
    assert settle(kept, 3.0) == {"joined": 1}
    assert truths(kept) == ["maybe"]
    kept.put([label(0, "maybe")], now=4.0)
    assert settle(kept, 4.0) == {"duplicate": 1}
    kept.put([label(0, "yes")], now=5.0)
    assert settle(kept, 5.0) == {"corrected": 1}
    assert truths(kept) == ["yes"]
    counts = kept.counts()
    assert [counts["fraud", word] for word in ("received", "duplicate", "corrected")] == [7, 3, 3]
    assert adds_up(kept)
    assert kept.labelled("fraud", "1") == (1, 1), "first truths count, and only once"
    assert kept.wrong_by_window("fraud", "1", 0.0) == {0.0: (1, 0)}


def test_an_older_truth_does_not_replace_a_newer_one(kept: LabelStore) -> None:
    kept.keep([prediction(0)])
    kept.put([label(0, "no", truth_at=100.0)], now=200.0)
    assert settle(kept, 200.0) == {"late": 1}
    kept.put([label(0, "yes", truth_at=50.0)], now=201.0)
    assert settle(kept, 201.0) == {"outdated": 1}
    assert truths(kept) == ["no"]


def test_other_ids_name_the_same_call_and_doubt_is_never_resolved_by_guessing(kept: LabelStore) -> None:
    kept.keep([prediction(n, alias=f"x-{n}", trace="t") for n in range(3)])
    kept.put([Label("fraud", "x-1", 0, "no"), Label("fraud", "t", 0, "no")], now=40.0)
    assert settle(kept, 40.0) == {"joined": 1, "ambiguous": 1}
    kept.put([label(1, "no")], now=41.0)
    assert settle(kept, 41.0) == {"duplicate": 1}
    assert adds_up(kept)


def test_two_ids_of_one_call_in_one_look(kept: LabelStore) -> None:
    kept.keep([prediction(0, alias="x-0")])
    kept.put([label(0, "no")], now=40.0)
    kept.put([Label("fraud", "x-0", 0, "yes")], now=41.0)
    assert settle(kept, 41.0) == {"joined": 1, "corrected": 1}
    assert truths(kept) == ["yes"]


def test_processes_side_by_side_join_each_label_once(kept: LabelStore, url: str) -> None:
    kept.keep([prediction(n) for n in range(300)])
    stores = [open_store(url) for _ in range(4)]

    def work(mine: int) -> None:
        for start in range(0, 300, 30):
            truths = [label(n, "no" if mine % 2 else "yes") for n in range(start, start + 30)]
            stores[mine].labels.put(truths, now=10_000.0)
            stores[mine].labels.settle(10_000.0, WAIT, missed)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    while settle(kept, 10_000.0):
        continue
    assert adds_up(kept)
    counts = kept.counts()
    assert (counts["fraud", "received"], counts["fraud", "late"]) == (1200, 300)
    assert kept.labelled("fraud", "1")[0] == 300
    for opened in stores:
        opened.close()


def test_rows_of_a_batch_and_models_are_told_apart(kept: LabelStore) -> None:
    kept.keep([prediction(0, row=0), prediction(0, row=1)])
    kept.put([label(0, "no", row=1), Label("other", "id-0", 0, "no")], now=1.0)
    assert settle(kept, 1.0) == {"joined": 1}
    assert kept.counts()["other", "waiting"] == 1


def test_a_prediction_is_kept_once(kept: LabelStore) -> None:
    assert kept.keep([prediction(0), prediction(1)]) == 2
    assert kept.keep([prediction(1, predicted="no"), prediction(2)]) == 1
    assert [answered.predicted for answered in kept.answered("fraud", "1", 0.0, 1e9)] == ["yes"] * 3


def test_many_labels_are_joined_over_several_looks(kept: LabelStore) -> None:
    many = 4_500
    kept.keep([prediction(n) for n in range(many)])
    kept.put([label(n) for n in range(many)], now=1e6)
    counts: Counter[str] = Counter()
    while found := settle(kept, 1e6 + 1):
        counts.update(found)
    assert counts == {"late": many}
    assert kept.labelled("fraud", "1") == (many, 0)
    assert adds_up(kept)


def test_what_comes_while_a_window_is_scored_keeps_it_due(kept: LabelStore) -> None:
    kept.keep([prediction(0)])
    [due] = kept.due(until=60.0)
    kept.keep([prediction(1)])
    kept.score(due, [], 60.0)
    assert len(kept.due(until=60.0)) == 1


def test_a_score_replaces_the_one_before(kept: LabelStore) -> None:
    kept.keep([prediction(0)])
    [due] = kept.due(until=60.0)
    for value in (0.5, float("nan")):
        qualities = (Quality("accuracy", value, 0.1, 0.9), Quality("recall", value, 0.1, 0.9, of="yes"))
        kept.score(due, [Report(due.span, "estimate", 10, 0, qualities, trusted=False, why_not="drift")], 61.0)
    first, second = kept.qualities("fraud")
    assert (first["metric"], first["value"], first["trusted"], first["why_not"]) == ("accuracy", None, 0, "drift")
    assert (second["metric"], second["class"], second["kind"]) == ("recall", "yes", "estimate")


def test_refused_rows_are_counted_with_the_rest(kept: LabelStore) -> None:
    kept.put([label(0)], now=1.0, refused=2)
    assert kept.counts()["", "refused"] == 2
    assert adds_up(kept)


def test_progress_of_a_file_is_written_with_its_labels(kept: LabelStore) -> None:
    assert kept.progress("a") == 0
    kept.put([label(0)], now=1.0, progress=Progress("a", 1))
    assert kept.progress("a") == 1
    kept.put([], now=1.0, progress=Progress("a", None))
    assert kept.progress("a") == 0


def test_the_oldest_are_forgotten_by_age_and_number(kept: LabelStore) -> None:
    kept.keep([prediction(n) for n in range(10)])
    assert kept.forget(before=25.0, most=100, scores_before=0.0) == 3
    assert kept.forget(before=0.0, most=4, scores_before=0.0) == 3
    assert kept.forget(before=0.0, most=4, scores_before=0.0) == 0
    assert len(truths(kept)) == 4


def _work(url: str, started: int) -> None:
    """Keep, label and settle, with duplicates, corrections and orphans, until killed."""
    store = LabelStore(open_store(url).database)
    number = int(time.monotonic_ns())
    while True:
        number += 1
        store.keep([prediction(number), prediction(number + 1_000_000)])
        truths = [label(number), label(number), label(number, "no"), label(-number)]
        store.put(truths, now=number * 10.0)
        store.settle(number * 10.0, 15.0, missed)
        os.write(started, b".")


def test_counts_add_up_after_every_kill(url: str) -> None:
    moments = random.Random(3)
    store = open_store(url)
    kept = LabelStore(store.database)
    context = multiprocessing.get_context("fork")
    for _ in range(15):
        heard, started = os.pipe()
        child = context.Process(target=_work, args=(url, started))
        child.start()
        os.close(started)
        assert os.read(heard, 1) == b"."
        time.sleep(moments.uniform(0, 0.05))  # the random moment is what is tested
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        os.close(heard)
        assert adds_up(kept)
    kept.settle(1e30, 0.0, missed)
    assert adds_up(kept)
    counts = kept.counts()
    labelled, wrong = kept.labelled("fraud", "1")
    assert labelled == counts["fraud", "joined"] + counts["fraud", "late"] > 0
    assert wrong == labelled
    store.close()
