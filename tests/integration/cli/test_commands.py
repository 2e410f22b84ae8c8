"""windows, rollback, reference and db as real processes over the store that a sidecar has filled."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from sentinel.store import open_store
from sentinel.store.contract import Intent
from tests.support.cli import answer, sentinel
from tests.support.lived import PER_WINDOW, ROWS, START, Lived

REQUEST = Intent("r1", "i1", "deployer", "fraud", "2", "1", START, START + 600, b'{"v": 1}', state="dead")


@pytest.fixture
def folder(life: Lived, tmp_path: Path) -> Path:
    """A copy that the test may change."""
    shutil.copytree(life.folder, tmp_path / "copy")
    return tmp_path / "copy"


# -- windows ---------------------------------------------------------------------------------------------------


def test_windows_list_shows_each_window_with_its_verdict(life: Lived) -> None:
    done = sentinel("windows", "list", "--json", cwd=life.folder)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(r["started_at"], r["version"], r["rows"], r["state"]) for r in rows] == [
        (j.window.start, j.window.key.version, j.window.rows, str(j.verdict.state)) for j in life.judged
    ]


def test_windows_list_chooses_and_merges(life: Lived) -> None:
    done = sentinel("windows", "list", "--merge", "--version", "1", "--to", f"{START + 600}", "--json", cwd=life.folder)
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert row["rows"] == 10 * PER_WINDOW * ROWS
    assert "no windows match" in sentinel("windows", "list", "--model", "other", cwd=life.folder).stdout


def test_windows_show_has_the_scores_of_features(life: Lived) -> None:
    done = sentinel("windows", "show", "--to", f"{START + 60}", "--json", cwd=life.folder)
    rows = {row["feature"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert rows["amount"]["role"] == "input"
    assert rows["amount"]["psi"] == pytest.approx(life.judged[0].scores["amount"].distances["psi"])
    assert rows["score"]["role"] == "prediction"


@pytest.mark.parametrize("name", ["windows.json", "windows.parquet"])
def test_windows_export_writes_what_list_shows(life: Lived, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    done = sentinel("windows", "export", "--output", path, cwd=life.folder)
    assert done.stdout == f"{path}: {len(life.judged)} rows\n", done.stderr
    if name.endswith("json"):
        rows = [json.loads(line)["rows"] for line in path.read_text().splitlines()]
    else:
        rows = pq.read_table(path)["rows"].to_pylist()
    assert rows == [judgement.window.rows for judgement in life.judged]


# -- rollback --------------------------------------------------------------------------------------------------


def test_rollback_status_says_what_was_decided(life: Lived) -> None:
    found = answer("rollback", "status", cwd=life.folder)
    assert found["decisions"]
    written = {record.outcome for judgement in life.judged for record in judgement.plan.audit}
    assert {decision["outcome"] for decision in found["decisions"]} <= written
    assert "mode: dry_run" in sentinel("rollback", "status", cwd=life.folder).stdout


def test_a_pause_holds_until_resumed_and_both_are_audited(folder: Path) -> None:
    assert sentinel("rollback", "pause", "--reason", "moving", "--actor", "ann", cwd=folder).returncode == 0
    assert "moving" in answer("rollback", "status", cwd=folder)["paused"]
    assert sentinel("rollback", "resume", "--reason", "moved", "--actor", "bob", cwd=folder).returncode == 0
    assert not answer("rollback", "status", cwd=folder)["paused"]
    with closing(open_store(f"sqlite:///{folder}/sentinel.db")) as store:
        resumed, paused = store.audit_trail(2)
        assert (paused.actor, resumed.actor) == ("ann", "bob")
        assert store.verify_audit() == ""


def test_a_changed_audit_is_found(folder: Path) -> None:
    for command in ("pause", "resume"):
        assert sentinel("rollback", command, "--reason", "moving", "--actor", "ann", cwd=folder).returncode == 0
    assert "audit: whole" in sentinel("rollback", "status", cwd=folder).stdout
    with closing(sqlite3.connect(folder / "sentinel.db")) as database, database:
        database.execute("UPDATE audit SET actor = 'bob' WHERE action = 'rollback.pause'")
    done = sentinel("rollback", "status", cwd=folder)
    assert done.returncode == 1
    assert "(rollback.pause rollback) was changed after it was written" in done.stdout
    told = sentinel("rollback", "status", "--json", cwd=folder)
    assert (told.returncode, json.loads(told.stdout)["audit_broken"] in done.stdout) == (1, True)


def test_a_reason_is_required(folder: Path) -> None:
    done = sentinel("rollback", "pause", cwd=folder)
    assert done.returncode == 2
    assert "--reason" in done.stderr


def test_a_dead_letter_is_sent_again_and_an_unknown_one_is_refused(folder: Path) -> None:
    with closing(open_store(f"sqlite:///{folder}/sentinel.db")) as store:
        store.commit_decision(intents=[REQUEST])
    assert [i["id"] for i in answer("rollback", "status", cwd=folder)["dead"]] == ["r1"]
    done = sentinel("rollback", "replay", "r1", "--reason", "the deployer is back", cwd=folder)
    assert done.returncode == 0, done.stderr
    found = answer("rollback", "status", cwd=folder)
    assert ([i["id"] for i in found["pending"]], found["dead"]) == (["r1"], [])
    unknown = sentinel("rollback", "replay", "r2", "--reason", "a try", cwd=folder)
    assert unknown.returncode == 1
    assert "r2" in unknown.stderr


# -- reference -------------------------------------------------------------------------------------------------


def test_a_reference_is_built_shown_and_compared(tmp_path: Path) -> None:
    for name, centre in (("old", 0.0), ("new", 1.0)):
        values = np.random.default_rng(4).normal(centre, size=2000).tolist()
        lines = [f"{value!r},{'yes' if i % 4 else 'no'}" for i, value in enumerate(values)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["amount,label", *lines]) + "\n")
        options = ("--prediction", "label", "--name", "loans", "--output", f"{name}.sentinel")
        done = sentinel("reference", "build", f"{name}.csv", *options, cwd=tmp_path)
        assert "2,000 rows, 2 features" in done.stdout, done.stderr
    shown = answer("reference", "show", "old.sentinel", cwd=tmp_path)
    assert (shown["name"], shown["rows"]) == ("loans", 2000)
    features = {feature["name"]: feature for feature in shown["features"]}
    assert features["label"]["role"] == "prediction"
    assert features["label"]["categories"]["no"] == pytest.approx(0.25)
    assert "amount" in {d["feature"] for d in answer("reference", "diff", "old.sentinel", "new.sentinel", cwd=tmp_path)}
    same = sentinel("reference", "diff", "old.sentinel", "old.sentinel", cwd=tmp_path)
    assert (same.returncode, same.stdout) == (0, "the references are equal\n")


def test_a_table_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = sentinel("reference", "build", "nowhere.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr


# -- db --------------------------------------------------------------------------------------------------------


def test_db_upgrade_makes_a_store_once(tmp_path: Path) -> None:
    assert "was empty" in sentinel("db", "upgrade", cwd=tmp_path).stdout
    assert "was" not in sentinel("db", "upgrade", cwd=tmp_path).stdout
    assert sentinel("db", "check", cwd=tmp_path).returncode == 0


def test_db_check_finds_a_changed_audit(folder: Path) -> None:
    assert sentinel("db", "check", cwd=folder).stdout == "the schema is current, and the audit chain is whole\n"
    with closing(sqlite3.connect(folder / "sentinel.db")) as database:
        changed = database.execute("UPDATE audit SET sentence = 'nothing happened' WHERE id = 1").rowcount
        database.commit()
    assert changed == 1
    done = sentinel("db", "check", cwd=folder)
    assert done.returncode == 1
    assert done.stdout


def test_db_check_of_no_store_fails_and_makes_none(tmp_path: Path) -> None:
    done = sentinel("db", "check", cwd=tmp_path)
    assert done.returncode == 1
    assert "no" in done.stderr
    assert list(tmp_path.iterdir()) == []
