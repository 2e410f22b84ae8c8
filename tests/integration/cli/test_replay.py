"""Replay: over stored windows the verdicts of the live sidecar, bit for bit; over tables the same engine."""

import json
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from sentinel.app.replay import replay_windows
from sentinel.app.verdicts import policy_options
from sentinel.config import Settings
from sentinel.judge.verdict import State
from sentinel.reference.files import save
from sentinel.store import open_store
from sentinel.store.contract import Selection
from sentinel.store.history import closed_windows
from tests.support.cli import sentinel
from tests.support.lived import START, Lived, reference, write_csv


def verdicts(*arguments: str | Path, cwd: Path) -> list[dict[str, Any]]:
    done = sentinel("replay", *arguments, "--reference", "reference.sentinel", "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_life_is_worth_replaying(life: Lived) -> None:
    states = [judgement.verdict.state for judgement in life.judged]
    assert State.OK in states
    assert states[-1] == State.BREACH
    assert {judgement.window.key.version for judgement in life.judged} == {"1", "2"}


def test_stored_windows_give_the_live_verdicts_and_evidence_to_the_bit(life: Lived) -> None:
    with closing(open_store(life.url)) as store:
        stored = list(closed_windows(store.database, Selection(grain="window")))
    assert [w.to_bytes() for w in stored] == [judgement.window.to_bytes() for judgement in life.judged]
    again = list(replay_windows(stored, life.reference, policy_options(Settings())))
    for replayed, lived in zip(again, life.judged, strict=True):
        assert repr(replayed.verdict) == repr(lived.verdict)
        assert replayed.judge_state == lived.judge_state


def test_the_command_says_the_same(life: Lived) -> None:
    expected = [json.loads(json.dumps(asdict(judgement.verdict))) for judgement in life.judged]
    assert verdicts(cwd=life.folder) == expected


def test_a_larger_tolerance_would_not_have_paged(life: Lived) -> None:
    found = verdicts("--tolerance", "sd:2", cwd=life.folder)
    assert len(found) == len(life.judged)
    assert not any(verdict["opened"] for verdict in found)


def test_a_part_of_the_time_is_judged_alone(life: Lived) -> None:
    found = verdicts("--from", f"{START + 60 * 5}", "--to", f"{START + 60 * 10}", cwd=life.folder)
    assert [verdict["start"] for verdict in found] == [START + 60 * i for i in range(5, 10)]


def test_people_read_what_would_have_paged(life: Lived) -> None:
    done = sentinel("replay", "--reference", "reference.sentinel", cwd=life.folder)
    assert done.returncode == 0, done.stderr
    assert "paged at" in done.stdout
    assert f"{len(life.judged)} windows from" in done.stdout


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """12,000 rows, an hour at the default pace; the last half is drifted."""
    save(reference(), tmp_path / "reference.sentinel")
    write_csv(tmp_path / "rows.csv", 12_000, drifts_at=6_000)
    return tmp_path


def test_a_table_pages_after_its_drift_and_not_before(table: Path) -> None:
    found = verdicts("rows.csv", cwd=table)
    assert [verdict["start"] for verdict in found] == [60.0 * i for i in range(60)]
    assert sum(verdict["rows"] for verdict in found) == 12_000
    opened = [verdict["start"] for verdict in found if verdict["opened"]]
    assert opened
    assert min(opened) >= 1800.0


def test_a_table_in_which_nothing_changes_does_not_page(table: Path) -> None:
    write_csv(table / "rows.csv", 12_000, drifts_at=12_000)
    done = sentinel("replay", "rows.csv", "--reference", "reference.sentinel", cwd=table)
    assert done.returncode == 0, done.stderr
    assert "nothing would have paged" in done.stdout


def test_a_column_of_times_is_the_clock(table: Path) -> None:
    lines = (table / "rows.csv").read_text().splitlines()[:601]
    timed = [f"at,{lines[0]}", *(f"{START + i},{line}" for i, line in enumerate(lines[1:]))]
    (table / "timed.csv").write_text("\n".join(timed) + "\n")
    found = verdicts("timed.csv", "--time-column", "at", cwd=table)
    assert [(verdict["start"], verdict["rows"]) for verdict in found] == [(START + 60 * i, 60) for i in range(10)]
    done = sentinel("replay", "rows.csv", "--time-column", "at", "--reference", "reference.sentinel", cwd=table)
    assert done.returncode == 1
    assert "the table has no column 'at'; it has amount, score" in done.stderr


def test_nothing_to_compare_with_is_said(tmp_path: Path) -> None:
    done = sentinel("replay", cwd=tmp_path)
    assert done.returncode == 1
    assert "set reference.path or give --reference" in done.stderr
