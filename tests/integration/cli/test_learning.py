"""References from live traffic, as commands: learned from kept rows, grown by windows that were normal."""

import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from sentinel.app.assembly import pipeline_options
from sentinel.app.pipeline import Pipeline
from sentinel.config import parse
from sentinel.reference.files import load
from sentinel.store import open_store
from tests.support import lived
from tests.support.cli import answer, sentinel
from tests.support.lived import PER_WINDOW, ROWS, START, Lived


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sidecar without a reference kept 200 of the 400 rows of each of twelve windows; the world shifts after six."""
    folder = tmp_path_factory.mktemp("kept")
    settings = parse({"model": {"name": "fraud"}, "capture": {"keep_rows": 200, "seed": 1}})
    pipeline = Pipeline(None, pipeline_options(settings, "pod-0"))
    for exchange in lived.exchanges(START, 12, drifts_at=6, new_version_at=100):
        pipeline.close_due(exchange.started_at)
        pipeline.exchange(exchange)
    pipeline.close_all()
    with closing(open_store(f"sqlite:///{folder}/sentinel.db")) as store:
        for sample in pipeline.take_kept():
            store.keep_rows(sample)
    return folder


def test_a_reference_is_learned_from_the_first_hours(kept: Path) -> None:
    found = answer("reference", "learn", "--hours", "0.1", cwd=kept)
    assert (found["windows"], found["rows"]) == (6, 1200)
    learned = load(kept / "learned.sentinel")
    assert (learned.name, learned.specs["score"].role, learned.specs["amount"].role) == ("fraud", "prediction", "input")
    median = learned.numeric.quantiles[list(learned.numeric.names).index("amount"), 5]
    assert abs(median) < 0.1, "the first six windows are not drifted"
    whole = answer("reference", "learn", "--output", "all.sentinel", cwd=kept)
    assert (whole["windows"], whole["rows"]) == (12, 2400)


def test_nothing_kept_names_the_setting(life: Lived) -> None:
    done = sentinel("reference", "learn", cwd=life.folder)
    assert done.returncode == 1
    assert "set capture.keep_rows" in done.stderr


@pytest.fixture
def folder(life: Lived, tmp_path: Path) -> Path:
    shutil.copytree(life.folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_reference_grows_by_normal_windows_only(folder: Path, life: Lived) -> None:
    found = answer("reference", "accept", "--reference", "reference.sentinel", cwd=folder)
    normal = {j.window.start for j in life.judged} - {
        j.window.start for j in life.judged if j.verdict.state == "breach"
    }
    rows = sum(j.window.rows for j in life.judged if j.window.start in normal)
    assert found["left_out"] == sum(j.window.start not in normal for j in life.judged) > 0
    before, after = load(folder / "reference.sentinel"), load(folder / "grown.sentinel")
    assert after.rows == before.rows + rows == found["rows"]
    assert after.fingerprint == found["fingerprint"] != before.fingerprint
    assert np.array_equal(after.numeric.edges, before.numeric.edges)


def test_what_is_abnormal_is_taken_only_when_asked(folder: Path, life: Lived) -> None:
    late = ("--from", f"{START + 20 * 60}", "--reference", "reference.sentinel")
    done = sentinel("reference", "accept", *late, cwd=folder)
    assert done.returncode == 1
    assert "were in breach or blind" in done.stderr
    found = answer("reference", "accept", *late, "--abnormal", cwd=folder)
    assert found["rows"] == life.reference.rows + 10 * PER_WINDOW * ROWS
