"""`sentinel replay` over files of every kind, standard input and folders; what-if; killed and resumed."""

import gzip
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sentinel.reference.files import save
from tests.support import captured, lived
from tests.support.browser import opened
from tests.support.cli import sentinel
from tests.support.lived import START, Lived

MODEL = ("--reference", "reference.sentinel", "--model", "fraud", "--set", "decode.columns=[amount]")


def verdicts(*arguments: str | Path, cwd: Path) -> list[dict[str, Any]]:
    done = sentinel("replay", *arguments, *MODEL, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def captures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same twelve windows in every format; drift from the seventh."""
    folder = tmp_path_factory.mktemp("captures")
    save(lived.reference(), folder / "reference.sentinel")
    exchanges = list(lived.exchanges(START, 12, drifts_at=6, new_version_at=1000))
    for name in ("lines", "kserve", "sagemaker"):
        documents = list(getattr(captured, name)(exchanges))
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    (folder / "triton.json").write_text(json.dumps(list(captured.triton(exchanges)), indent=1))
    with gzip.open(folder / "kserve.jsonl.gz", "wt") as file:
        file.write((folder / "kserve.jsonl").read_text())
    lines = (folder / "sagemaker.jsonl").read_text().splitlines(keepends=True)
    for hour, part in enumerate((lines[:20], lines[20:])):
        path = folder / "hours" / f"{hour:02}" / "capture.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(part))
    return folder


def test_every_capture_pages_as_the_plain_exchanges_do(captures: Path) -> None:
    """One line a document, one array, gzipped, a folder of hours."""
    found = {source: brief(source, captures) for source in ("lines.jsonl", "triton.json", "kserve.jsonl.gz", "hours")}
    expected = found["lines.jsonl"]
    assert len(expected) == 12
    assert expected[-1][2] == "breach"
    assert all(judged == expected for judged in found.values())


def brief(source: str, folder: Path) -> list[tuple[Any, ...]]:
    return [(v["start"], v["rows"], v["state"], v["evidence"]) for v in verdicts(source, cwd=folder)]


def test_rows_come_by_standard_input(captures: Path) -> None:
    rows = [{"amount": 0.1 * (i % 20), "score": 0.5, "at": START + i} for i in range(300)]
    command = [sys.executable, "-m", "sentinel.cli", "replay", "-", *MODEL, "--time-column", "at", "--json"]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=captures, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["rows"] for line in done.stdout.splitlines()] == [60] * 5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}\nnot json\n", "line 2 of bad.jsonl is not JSON"),
        ("[1, 2]", "is no JSON object"),
        ('{"captureData": {}}', "document 1: an event of SageMaker's data capture has"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_sentence(captures: Path, tmp_path: Path, text: str, why: str) -> None:
    shutil.copy(captures / "reference.sentinel", tmp_path)
    (tmp_path / "bad.jsonl").write_text(text)
    done = sentinel("replay", "bad.jsonl", *MODEL, cwd=tmp_path)
    assert done.returncode == 1
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_people_see_a_plot_and_what_would_have_been_decided(life: Lived) -> None:
    done = sentinel("replay", "--reference", "reference.sentinel", cwd=life.folder)
    assert done.returncode == 0, done.stderr
    pages = next(line for line in done.stdout.splitlines() if line.strip().startswith("pages"))
    assert pages.count("▲") == 1
    assert "suppressed_cause: A breach of input_drift pages only" in done.stdout


def test_other_rules_are_tried_by_setting_them(life: Lived) -> None:
    rules = ("--set", "rollback.triggers=[input_drift]", "--set", "rollback.deploy_window_seconds=100000")
    done = sentinel("replay", "--reference", "reference.sentinel", *rules, cwd=life.folder)
    assert done.returncode == 0, done.stderr
    assert "suppressed_cause" not in done.stdout
    wrong = sentinel("replay", "--set", "rollback.trigger=[input_drift]", cwd=life.folder)
    assert wrong.returncode == 2
    assert "did you mean triggers?" in wrong.stderr


def test_what_would_have_happened_is_a_report(life: Lived, tmp_path: Path) -> None:
    page = tmp_path / "what-if.html"
    done = sentinel("replay", "--reference", "reference.sentinel", "--html", page, cwd=life.folder)
    assert done.returncode == 0, done.stderr
    seen = opened(page, tmp_path)
    assert (seen.console, seen.asked) == ([], [])
    assert "What drifted" in seen.document


def test_a_replay_that_is_killed_goes_on_to_the_same_answer(life: Lived, tmp_path: Path) -> None:
    """Killed again and again, at whatever point; the state file holds whole windows only."""
    folder = tmp_path / "copy"
    shutil.copytree(life.folder, folder)
    command = ["replay", "--reference", "reference.sentinel", "--json", "--state", "state.db"]
    whole = sentinel(*command[:-2], cwd=folder).stdout
    kills = 0
    for wanted in (2, 9, 20):
        process = subprocess.Popen(
            [sys.executable, "-m", "sentinel.cli", *command], cwd=folder, stdout=subprocess.DEVNULL
        )
        while process.poll() is None and judged(folder / "state.db") < wanted:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    assert kills >= 1
    done = sentinel(*command, cwd=folder)
    assert done.stdout == whole, done.stderr
    again = sentinel(*command, cwd=folder)
    assert again.stdout == whole, "nothing is judged twice"


def judged(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM windows").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_a_state_of_another_replay_is_refused(life: Lived, tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    command = ("replay", "--reference", "reference.sentinel", "--state", state)
    assert sentinel(*command, cwd=life.folder).returncode == 0
    other = sentinel(*command, "--tolerance", "sd:2", cwd=life.folder)
    assert other.returncode == 1
    assert "belongs to a replay of another source or with other options" in other.stderr
    own = sentinel("replay", "--reference", "reference.sentinel", "--state", "sentinel.db", cwd=life.folder)
    assert own.returncode == 1
    assert "is the store of a sidecar" in own.stderr
