"""`sentinel compare` as a user meets it: real servers, real files, exit codes."""

import csv
import json
from pathlib import Path

import pytest

from sentinel.demo.dataset import FEATURES, HEALTHY, load
from sentinel.demo.model import BADLY_QUANTISED, GOOD, WELL_QUANTISED, Predictor, prepare
from tests.support.cli import sentinel
from tests.support.shadow_served import bodies, model_server, version_path

ROWS = 2000


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    population = load()[HEALTHY]
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FEATURES)
        writer.writerows(zip(*(population.columns[name][:ROWS].tolist() for name in FEATURES), strict=True))
    return path


def predictions(folder: Path, version: str, path: Path) -> Path:
    population = load()[HEALTHY]
    labels, probabilities = Predictor(prepare(folder).models[version]).predict(dict(population.columns))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "label", "probability"))
        writer.writerows(zip(range(population.rows), labels.tolist(), probabilities.tolist(), strict=True))
    return path


def test_two_endpoints(demo_folder: Path, tmp_path: Path, rows: Path) -> None:
    lines = tmp_path / "bodies.ndjson"
    lines.write_bytes(b"\n".join(bodies(700)))
    with model_server(demo_folder) as server:
        one, good, bad = (f"http://{server}{version_path(v)}" for v in (GOOD, WELL_QUANTISED, BADLY_QUANTISED))
        proven = sentinel("compare", one, good, "--requests", rows, "--concurrency", "2")
        worse = sentinel("compare", one, bad, "--requests", rows, "--json")
        as_bodies = sentinel("compare", one, bad, "--requests", lines, "--output", "label", "--json")
        nobody = sentinel("compare", f"http://{server}/nowhere", good, "--requests", rows)
        alone = sentinel("compare", one, f"http://{server}/nowhere", "--requests", rows)
    assert proven.returncode == 0, proven.stderr
    assert proven.stdout.startswith("equivalent: Fewer than 1.00% of rows differ")
    assert "reference  p50" in proven.stdout
    assert worse.returncode == as_bodies.returncode == 1
    told = json.loads(worse.stdout)
    assert (told["verdict"], told["pairs"]) == ("different", ROWS)
    told = json.loads(as_bodies.stdout)
    assert (told["verdict"], told["pairs"], list(told["outputs"])) == ("different", 700, ["label"])
    assert nobody.returncode == 1
    assert "HTTP 404 (250 of 250 requests)" in nobody.stderr
    assert "answered nothing that could be compared with" in nobody.stderr
    assert alone.returncode == 1
    assert "2,000 got an error" in alone.stdout


def test_two_files_of_predictions(demo_folder: Path, tmp_path: Path) -> None:
    one, good, bad = (
        predictions(demo_folder, v, tmp_path / f"{v}.csv") for v in (GOOD, WELL_QUANTISED, BADLY_QUANTISED)
    )
    proven = sentinel("compare", one, good, "--key", "id")
    assert proven.returncode == 0, proven.stderr
    assert "99.8" in proven.stdout
    assert sentinel("compare", one, bad, "--key", "id").returncode == 1
    strict = sentinel("compare", one, good, "--key", "id", "--margin", "0.0005", "--tolerance-sd", "0.01")
    assert strict.returncode == 1
    assert strict.stdout.startswith("DIFFERENT: More than 0.05% of rows differ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("http://127.0.0.1:1/a", "b.csv"), "two addresses or two files"),
        (("http://127.0.0.1:1/a", "http://127.0.0.1:1/b"), "give --requests FILE"),
        (("http://127.0.0.1:1/a", "http://127.0.0.1:1/b", "--requests", "no.csv"), "cannot read requests from no.csv"),
        (("a.csv", "b.csv"), "cannot read a.csv"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = sentinel("compare", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
