"""From training data to a page: calibrated scores, an estimate before labels, an incident after them."""

import csv
import json
import random
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sentinel.store import SqlStore, open_store
from tests.e2e.labels.test_late_labels import TOKEN, label, post_labels, send
from tests.support.cli import sentinel
from tests.support.labelled_model import labelled_model, probability
from tests.support.processes import wait_until
from tests.support.sidecar_process import Sidecar, configuration, running


def truth(rng: random.Random, x: float) -> int:
    """The model is surer than it should be: half of its certainty is earned."""
    return int(rng.random() < 0.25 + 0.5 * probability(x))


def write_training(path: Path, names: tuple[str, str, str]) -> None:
    """20,000 rows: input, truth, the model's probability of class 1."""
    rng = random.Random(1)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        values = [rng.gauss(0, 1) for _ in range(20_000)]
        writer.writerows([repr(x), truth(rng, x), repr(probability(x))] for x in values)


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    write_training(tmp_path / "training.csv", ("x", "truth", "p"))
    columns = ("--label", "truth", "--score", "1=p", "--name", "fraud")
    done = sentinel("reference", "build", tmp_path / "training.csv", "-o", tmp_path / "made.sentinel", *columns)
    assert done.returncode == 0, done.stderr
    assert "quality of 20,000 rows: accuracy 0.6" in done.stdout
    assert "scores calibrated" in done.stdout
    return tmp_path / "made.sentinel"


def gauge(sidecar: Sidecar, name: str, **labels: str) -> float:
    text = urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/metrics", timeout=120).read().decode()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples if s.name == name]
    found = [s.value for s in samples if labels.items() <= s.labels.items()]
    return max(found, default=-1.0)


def accuracy(sidecar: Sidecar, kind: str) -> float:
    return gauge(sidecar, f"sentinel_{kind}_quality", metric="accuracy", bound="value")


def page(sidecar: Sidecar) -> str:
    text: str = urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/", timeout=120).read().decode()
    return text


def estimates(store: SqlStore) -> list[dict[str, object]]:
    rows = store.labels.qualities("fraud")
    return [row for row in rows if row["kind"] == "estimate" and row["metric"] == "accuracy"]


@pytest.mark.slow
def test_an_estimate_before_labels_and_an_incident_after_them(reference: Path, tmp_path: Path) -> None:
    token, rng = tmp_path / "token", random.Random(2)
    token.write_text(TOKEN)
    document = configuration(
        tmp_path,
        "",
        labels={"enabled": True, "token_file": str(token), "score_seconds": 0.2},
        reference={"path": str(reference)},
        window={"seconds": 1.0},
        model={"name": "fraud"},
    )
    with labelled_model() as upstream:
        document["relay"][0]["upstream"] = upstream
        with running(tmp_path, document) as sidecar:
            store = open_store(document["store"]["url"])
            for number in range(1, 31):
                send(sidecar, number, [rng.gauss(0, 1) for _ in range(20)])
            wait_until(lambda: 0.58 < accuracy(sidecar, "estimated") < 0.68, "what was earned, not what is claimed")
            assert gauge(sidecar, "sentinel_estimated_quality_trusted") == 1
            assert accuracy(sidecar, "realised") == -1

            for number in range(31, 41):
                send(sidecar, number, [rng.gauss(30, 1) for _ in range(20)])
            wait_until(lambda: any(not row["trusted"] for row in estimates(store)), "an estimate not to be trusted")
            doubtful = next(row for row in estimates(store) if not row["trusted"])
            assert "x out of range" in str(doubtful["why_not"])

            wrong = [label(n, row, 2) for n in range(1, 31) for row in range(20)]
            assert post_labels(sidecar, json.dumps(wrong).encode())[0] == 202
            wait_until(lambda: gauge(sidecar, "sentinel_incidents_open", cause="realised_quality") == 1, "the incident")
            wait_until(lambda: "kept predictions have a label" in page(sidecar), "the labels on the page")
            assert "Estimate, before labels" in page(sidecar)
            assert "wrong predictions in" in page(sidecar)
            assert store.labels.labelled("fraud", "1") == (600, 600)
            store.close()
