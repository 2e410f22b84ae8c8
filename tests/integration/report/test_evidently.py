"""`sentinel report --evidently`: Evidently's page over kept rows or rows drawn from sketches, opened in a browser."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sentinel.report.tables import NoRows, tables
from sentinel.store import open_store
from sentinel.store.contract import Selection
from sentinel.windows.kept import KeptRows
from sentinel.windows.window import WindowKey
from tests.support.browser import opened
from tests.support.cli import sentinel
from tests.support.lived import START, Lived, write_csv


@pytest.fixture
def keeping(drifting: Lived, tmp_path: Path) -> Path:
    """A copy of the drifting life that kept ten rows of each of two windows."""
    folder = tmp_path / "keeping"
    shutil.copytree(drifting.folder, folder)
    with closing(open_store(f"sqlite:///{folder}/sentinel.db")) as store:
        for start in (START, START + 60):
            rows = tuple({"amount": 0.1 * i, "score": 0.5, "unknown": "x"} for i in range(10))
            store.keep_rows(KeptRows(WindowKey("fraud", "1", "pod-0"), start, start + 60, 400, rows, ("score",)))
    return folder


def test_evidently_s_page_opens_quietly_and_says_what_is_synthetic(drifting: Lived, tmp_path: Path) -> None:
    page = tmp_path / "evidently.html"
    done = sentinel("report", "--evidently", page, cwd=drifting.folder)
    assert done.returncode == 0, done.stderr
    assert "The current rows are synthetic" in done.stdout
    seen = opened(page, tmp_path)
    assert seen.console == []
    assert seen.asked == []
    assert "The reference rows are synthetic" in seen.document
    assert "(1 out of 2)" in seen.document


def test_kept_rows_are_taken_where_there_are_any(keeping: Path, drifting: Lived, tmp_path: Path) -> None:
    write_csv(tmp_path / "training.csv", 6000, drifts_at=6000)
    with closing(open_store(f"sqlite:///{keeping}/sentinel.db")) as store:
        found = tables(store, Selection(), drifting.reference, tmp_path / "training.csv")
    assert found.numeric == ("amount", "score")
    assert set(found.range["amount"]) <= {0.1 * i for i in range(10)}
    assert len(found.normal["amount"]) == 5000
    assert found.notices == (
        "The reference rows are a uniform sample of 5,000 rows of training.csv.",
        "The current rows are a uniform sample of 20 of 800 rows (capture.keep_rows).",
    )


def test_an_empty_range_is_said(drifting: Lived) -> None:
    with closing(open_store(drifting.url)) as store, pytest.raises(NoRows, match="no rows of this range"):
        tables(store, Selection(since=START + 1e9), drifting.reference, None)


def test_without_the_extra_the_command_to_install_it_is_named(drifting: Lived, tmp_path: Path) -> None:
    (tmp_path / "evidently.py").write_text("raise ModuleNotFoundError('none', name='evidently')\n")
    done = subprocess.run(
        [sys.executable, "-m", "sentinel.cli", "report", "--evidently", str(tmp_path / "e.html")],
        capture_output=True,
        text=True,
        cwd=drifting.folder,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        timeout=120,
    )
    assert done.returncode == 1
    assert done.stderr == "sentinel: Evidently's plots need evidently: pip install 'sentinel-sidecar[report]'\n"
