"""`sentinel labels load`: files of truths into a real store, as a user meets it; and `labels show`."""

import csv
import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentinel.labels.values import KeptPrediction
from sentinel.store import open_store
from tests.support.cli import sentinel
from tests.support.processes import wait_until

ROWS = 300


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with predictions 0 … ROWS − 1, all of class 1; the ids have leading zeros, as order numbers do."""
    made = f"sqlite:///{tmp_path}/sentinel.db"
    store = open_store(made)
    scores = {"0": 0.3, "1": 0.7}
    store.labels.keep(
        [KeptPrediction("fraud", "1", f"{n:06}", 0, n, 0.0, 300.0, predicted="1", scores=scores) for n in range(ROWS)]
    )
    store.close()
    return made


def write_csv(path: Path, rows: int = ROWS) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order", "outcome", "known_at", "amount"])
        writer.writerows([f"{n:06}", n % 3 != 0, 1_000 + n, 9.5] for n in range(rows))
    return path


def counts(url: str) -> Counter[str]:
    store = open_store(url)
    found: Counter[str] = Counter()
    for (_, outcome), number in store.labels.counts().items():
        found[outcome] += number
    store.close()
    return found


def load(url: str, path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    columns = ("--id", "order", "--label", "outcome", "--time", "known_at")
    return sentinel("labels", "load", path, "--store", url, *columns, *more)


def test_a_csv_file_is_loaded_joined_and_scored(url: str, tmp_path: Path) -> None:
    done = load(url, write_csv(tmp_path / "truths.csv"))
    assert done.returncode == 0, done.stderr
    assert f"{ROWS} labels: {ROWS} late" in done.stdout
    shown = sentinel("labels", "show", "--store", url, "--json")
    rows = {row["metric"]: row for row in map(json.loads, shown.stdout.splitlines()) if not row["class"]}
    assert rows["accuracy"]["value"] == pytest.approx(2 / 3)
    assert (rows["accuracy"]["kind"], rows["accuracy"]["labelled"]) == ("realised", ROWS)
    assert "0.6667" in sentinel("labels", "show", "--store", url).stdout


def test_loading_again_changes_nothing(url: str, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "truths.csv")
    load(url, path)
    again = load(url, path)
    assert again.returncode == 0, again.stderr
    assert f"{ROWS} duplicate" in again.stdout
    found = counts(url)
    assert (found["received"], found["late"], found["duplicate"]) == (2 * ROWS, ROWS, ROWS)


def test_a_parquet_file_is_loaded(url: str, tmp_path: Path) -> None:
    table = pa.table({"order": [f"{n:06}" for n in range(ROWS)], "outcome": [1] * ROWS, "known_at": [5.0] * ROWS})
    pq.write_table(table, tmp_path / "truths.parquet")
    done = load(url, tmp_path / "truths.parquet")
    assert done.returncode == 0, done.stderr
    assert counts(url)["late"] == ROWS


def test_rows_that_cannot_be_read_are_named_and_the_rest_is_loaded(url: str, tmp_path: Path) -> None:
    path = tmp_path / "truths.csv"
    path.write_text("order,outcome,known_at\n000001,1,5\n,1,5\n000002,,5\n000003,1,soon\n")
    done = load(url, path)
    assert done.returncode == 1
    assert "row 2: id is missing" in done.stderr
    assert "row 3: label is missing" in done.stderr
    assert "row 4: time must be RFC 3339" in done.stderr
    assert (counts(url)["late"], counts(url)["refused"]) == (1, 3)


def test_an_unknown_column_is_named(url: str, tmp_path: Path) -> None:
    done = sentinel("labels", "load", write_csv(tmp_path / "truths.csv"), "--store", url, "--label", "outcome")
    assert done.returncode == 1
    assert "no column 'id'; it has order, outcome, known_at, amount" in done.stderr


def test_a_load_that_was_killed_goes_on_where_it_was(url: str, tmp_path: Path) -> None:
    rows = 60_000
    path = write_csv(tmp_path / "truths.csv", rows)
    command = [sys.executable, "-m", "sentinel.cli", "labels", "load", path, "--store", url]
    command += ["--id", "order", "--label", "outcome", "--time", "known_at"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: counts(url)["received"] > 0, "the first labels")
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = counts(url)
    done = load(url, path)
    assert done.returncode == 0, done.stderr
    assert before["received"] == rows or f"{before['received']:,} rows were loaded before" in done.stderr
    found = counts(url)
    received = found.pop("received")
    assert received == rows, "every row once"
    assert received == found.total()
    assert found["late"] == ROWS
