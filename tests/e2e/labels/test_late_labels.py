"""Labels end to end: a real model server, a real sidecar that is killed on the way, a real store.

Of 400 sampled predictions labels come for nine in ten: 30 % of these late (after their windows were scored), 5 % twice,
and another 5 % are orphans. The counts add up exactly, and the quality is that of the full join.
"""

import http.client
import json
import os
import random
import signal
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sklearn import metrics
from sqlalchemy import select

from sentinel.store import open_store
from sentinel.store.labels import LabelStore
from sentinel.store.schema import predictions
from tests.support.labelled_model import labelled_model, probability
from tests.support.processes import children_of, command_line, wait_until
from tests.support.sidecar_process import Sidecar, configuration, running

TOKEN = "let me in"
REQUESTS, ROWS = 200, 2
LABELLED, LATE, TWICE, ORPHANS = 0.9, 0.3, 0.05, 0.05


def send(sidecar: Sidecar, number: int, values: list[float]) -> None:
    tensor = {"name": "x", "datatype": "FP64", "shape": [len(values)], "data": values}
    body = json.dumps({"id": f"call-{number}", "inputs": [tensor]}).encode()
    assert sidecar.post(body, "/v2/models/fraud/infer") == 200


def post_labels(sidecar: Sidecar, body: bytes, kind: str = "application/json", token: str = TOKEN) -> tuple[int, Any]:
    headers = {"content-type": kind, "authorization": f"Bearer {token}"}
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.telemetry, timeout=120)
    connection.request("POST", "/v1/labels", body, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def label(number: int, row: int, truth: int) -> dict[str, object]:
    return {"id": f"call-{number}", "row": row, "label": truth}


def counts(kept: LabelStore) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, outcome), number in kept.counts().items():
        found[outcome] += number
    return found


def kill_observer(sidecar: Sidecar) -> None:
    """kill -9, and wait for the next one."""
    [observer] = [pid for pid in children_of(sidecar.process.pid) if "sentinel.app" in command_line(pid)]
    os.kill(observer, signal.SIGKILL)
    wait_until(lambda: answers(sidecar), "the next observer")


def answers(sidecar: Sidecar) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/readyz", timeout=120) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


class Story:
    """What is asked, what is true, and which labels come when."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(seed)
        self.inputs = {(n, row): rng.gauss(0, 1) for n in range(REQUESTS) for row in range(ROWS)}
        self.truths = {at: int(rng.random() < probability(x) * 0.8 + 0.1) for at, x in self.inputs.items()}
        self.known = [at for at in self.inputs if rng.random() < LABELLED]
        self.late = rng.sample(self.known, int(LATE * len(self.known)))
        self.prompt = [at for at in self.known if at not in self.late]
        self.twice = rng.sample(self.known, int(TWICE * len(self.known)))
        self.orphans = [10_000 + n for n in range(int(ORPHANS * len(self.known)))]

    @property
    def sent(self) -> int:
        return len(self.known) + len(self.twice) + len(self.orphans)

    def labels(self, places: list[tuple[int, int]]) -> list[dict[str, object]]:
        return [label(*at, self.truths[at]) for at in places]


@pytest.mark.slow
def test_late_double_and_orphaned_labels_add_up_and_tell_the_quality_of_the_full_join(url: str, tmp_path: Path) -> None:
    story, token = Story(5), tmp_path / "token"
    token.write_text(TOKEN)
    labels = {"enabled": True, "token_file": str(token), "wait_seconds": 3.0, "score_seconds": 0.2}
    store = open_store(url)
    kept = store.labels
    with labelled_model() as upstream:
        document = configuration(tmp_path, upstream, store={"url": url}, labels=labels, window={"seconds": 1.0})
        with running(tmp_path, document) as sidecar:
            for number in range(REQUESTS):
                send(sidecar, number, [story.inputs[number, row] for row in range(ROWS)])
            wait_until(
                lambda: len(kept.answered("fraud", "1", 0, 1e12, 100_000)) == len(story.inputs),
                "predictions to be kept",
            )

            prompt = story.labels(story.prompt)
            assert post_labels(sidecar, json.dumps(prompt[:100]).encode())[0] == 202
            kill_observer(sidecar)
            rest = "\n".join(map(json.dumps, prompt[100:])).encode()
            status, told = post_labels(sidecar, rest, "application/x-ndjson")
            assert (status, told["received"], told["refused"]) == (202, len(prompt) - 100, 0)
            events = [{"specversion": "1.0", "id": f"e-{n}", "data": label(n, 0, 1)} for n in story.orphans]
            assert post_labels(sidecar, json.dumps(events).encode(), "application/cloudevents-batch+json")[0] == 202
            wait_until(lambda: joined(kept) == len(prompt) and not kept.due(1e12), "all windows to be scored")

            second = story.labels(story.late + story.twice)
            assert post_labels(sidecar, json.dumps(second).encode())[0] == 202
            kill_observer(sidecar)
            wait_until(lambda: joined(kept) == len(story.known) and not counts(kept)["waiting"], "all labels")
            wait_until(lambda: not kept.due(1e12), "the windows to be scored again")
            assert_counts(story, kept)
            assert_quality(story, kept)
            everything = join(story, kept)
            shown = sum(predicted == truth for _, predicted, _, truth in everything) / len(everything)
            wait_until(lambda: sidecar_accuracy(sidecar) == pytest.approx(shown), "the metric of the full join")
    store.close()


def joined(kept: LabelStore) -> int:
    return counts(kept)["joined"] + counts(kept)["late"]


def assert_counts(story: Story, kept: LabelStore) -> None:
    found = counts(kept)
    assert found["received"] == story.sent
    assert found["joined"] + found["late"] == len(story.known)
    assert found["late"] >= len(story.late)
    assert found["duplicate"] == len(story.twice)
    assert found["orphan"] == len(story.orphans)
    assert found["corrected"] == found["outdated"] == found["ambiguous"] == found["refused"] == found["waiting"] == 0
    labelled, wrong = kept.labelled("fraud", "1")
    assert labelled == len(story.known)
    assert wrong == sum(predicted != truth for _, predicted, _, truth in join(story, kept))


def join(story: Story, kept: LabelStore) -> list[tuple[float, int, float, int]]:
    """(window, predicted class, its model's probability of class 1, truth) of all that have a label, made from what
    this test knows; the store says only in which window a prediction fell.
    """
    with kept.database.read() as connection:
        starts = {(r.request_id, r.row_index): r.started_at for r in connection.execute(select(predictions))}
    rows = []
    for number, row in story.known:
        p = probability(story.inputs[number, row])
        rows.append((starts[f"call-{number}", row], int(p > 0.5), p, story.truths[number, row]))
    return rows


def assert_quality(story: Story, kept: LabelStore) -> None:
    """Every window's stored quality is that of the full join."""
    stored = {(q["started_at"], q["metric"]): q for q in kept.qualities("fraud", limit=10_000) if not q["class"]}
    everything = join(story, kept)
    windows = {start for start, *_ in everything}
    assert len(windows) >= 1
    for window in windows:
        predicted, scores, truths = zip(*(row[1:] for row in everything if row[0] == window), strict=True)
        expected = {
            "accuracy": metrics.accuracy_score(truths, predicted),
            "f1": metrics.f1_score(truths, predicted, average="macro", zero_division=0),
            "log_loss": metrics.log_loss(truths, scores, labels=[0, 1]),
        }
        for name, value in expected.items():
            assert stored[window, name]["value"] == pytest.approx(value), name
            assert stored[window, name]["labelled"] == len(truths)


def sidecar_accuracy(sidecar: Sidecar) -> float:
    text = urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/metrics", timeout=120).read().decode()
    found = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "sentinel_realised_quality"
        and (sample.labels["metric"], sample.labels["bound"]) == ("accuracy", "value")
    ]
    return found[0] if found else -1.0


def test_under_sampling_what_was_sampled_is_joined_and_the_rest_are_orphans(tmp_path: Path) -> None:
    calls, token = 120, tmp_path / "token"
    token.write_text(TOKEN)
    labels = {"enabled": True, "token_file": str(token), "wait_seconds": 2.0, "score_seconds": 0.2}
    capture = {"sample_ratio": 0.4, "seed": 7}
    with labelled_model() as upstream:
        document = configuration(tmp_path, upstream, labels=labels, window={"seconds": 1.0}, capture=capture)
        with running(tmp_path, document) as sidecar:
            for number in range(calls):
                send(sidecar, number, [0.5])
            sampled = sidecar.settled(calls)["analysed"]
            store = open_store(document["store"]["url"])
            wait_until(
                lambda: len(store.labels.answered("fraud", "1", 0, 1e12, 100_000)) == sampled, "predictions to be kept"
            )
            post_labels(sidecar, json.dumps([label(number, 0, 1) for number in range(calls)]).encode())
            wait_until(lambda: joined(store.labels) + counts(store.labels)["orphan"] == calls, "all to be settled")
            assert 0 < joined(store.labels) == sampled < calls
            wait_until(lambda: sidecar.total("sentinel_labelled_ratio") == 1.0, "the share that has a label")
            store.close()


def test_labels_are_refused_without_the_token_and_where_they_are_switched_off(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    labels = {"enabled": True, "token_file": str(token)}
    with labelled_model() as upstream:
        with running(tmp_path, configuration(tmp_path, upstream, labels=labels)) as sidecar:
            assert post_labels(sidecar, b"{}", token="wrong")[0] == 401
            status, told = post_labels(sidecar, b'[{"id": "a"}, {"id": "b", "label": 1}, 7]')
            assert (status, told["received"], told["refused"]) == (202, 1, 2)
            assert [problem["row"] for problem in told["problems"]] == [0, 2]
            assert post_labels(sidecar, b"{]")[0] == 400
            assert post_labels(sidecar, b'{"id": "a"}')[0] == 400
            assert post_labels(sidecar, b"x", "text/plain")[0] == 415
            assert post_labels(sidecar, b" " * (4 * (1 << 20) + 1))[0] == 413
        off = tmp_path / "off"
        off.mkdir()
        with running(off, configuration(off, upstream)) as sidecar:
            status, told = post_labels(sidecar, b'{"id": "b", "label": 1}')
            assert (status, told["error"]) == (403, "closed: set labels.enabled to open it")
