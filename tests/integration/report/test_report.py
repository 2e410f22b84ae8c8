"""`sentinel report` over a real store: the facts are those of the store, and the pages open in a real browser."""

import json
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sentinel.judge.verdict import State
from sentinel.report import page
from sentinel.report.gather import gather
from sentinel.store import open_store
from sentinel.store.contract import Selection
from tests.support.browser import opened
from tests.support.cli import answer, sentinel
from tests.support.lived import PER_WINDOW, ROWS, START, Lived
from tests.support.tools import need


def test_the_facts_are_those_of_the_store(drifting: Lived) -> None:
    facts = answer("report", cwd=drifting.folder)
    assert (facts["model"], facts["since"], facts["until"]) == ("fraud", START, START + 3600)
    assert facts["all"]["rows"] == 60 * PER_WINDOW * ROWS == sum(j.window.rows for j in drifting.judged)
    assert facts["all"]["received"] == facts["conservation"]["received"] == 60 * PER_WINDOW
    assert facts["all"]["seconds"] == 3600
    assert sum(facts["windows_by_state"].values()) == len(drifting.judged)
    assert facts["state"] == State.BREACH
    assert sum(point["received"] for point in facts["points"]) == 60 * PER_WINDOW
    assert facts["breach"]["received"] + facts["rest"]["received"] == facts["all"]["received"]
    assert {version["name"] for version in facts["versions"]} == {"1", "2"}


def test_what_drifted_since_when_and_how_sure(drifting: Lived) -> None:
    facts = answer("report", cwd=drifting.folder)
    amount, score = facts["features"]
    assert (amount["picture"]["feature"], score["picture"]["feature"]) == ("amount", "score")
    assert amount["since"] == START + 35 * 60, "the window in which the drift begins"
    opened_at = next(i.opened_at for j in drifting.judged for i in j.verdict.opened)
    assert amount["paged_at"] == opened_at
    assert amount["picture"]["evidence"] == pytest.approx(
        max(f.evidence for j in drifting.judged for f in j.verdict.findings if f.feature == "amount")
    )
    assert "mean +0.8" in amount["picture"]["change"]
    assert (score["since"], score["paged_at"]) == (None, None)
    assert facts["pages"] == 1
    (sentence,) = facts["summary"]
    assert sentence.startswith("Input drift since about 01 Jan 00:35:00, paged")


def test_what_was_done_is_told(drifting: Lived) -> None:
    kinds = [event["kind"] for event in answer("report", cwd=drifting.folder)["timeline"]]
    assert {"incident", "decision", "version"} <= set(kinds)


def test_a_range_and_a_version_are_reported_alone(drifting: Lived) -> None:
    end = START + 600
    facts = answer("report", "--from", f"{START}", "--to", f"{end}", cwd=drifting.folder)
    assert (facts["until"], facts["all"]["windows"], facts["incidents"]) == (end, 10, [])
    assert "Nothing paged in 10 min" in facts["summary"][0]
    assert [v["name"] for v in answer("report", "--version", "2", cwd=drifting.folder)["versions"]] == ["2"]


def test_a_healthy_life_says_so(healthy: Lived) -> None:
    facts = answer("report", cwd=healthy.folder)
    assert facts["state"] == State.OK
    assert facts["breach"]["windows"] == 0
    said = sentinel("report", cwd=healthy.folder).stdout
    assert "Nothing paged" in said
    assert "Evidence pages at 1 and stayed below." in said


def test_without_a_reference_traffic_is_reported_and_the_lack_said(drifting: Lived, tmp_path: Path) -> None:
    facts = answer("report", "--store", drifting.url, cwd=tmp_path)
    assert facts["all"]["rows"] == 60 * PER_WINDOW * ROWS
    assert facts["features"] == []
    assert "no reference" in facts["notices"][0]


def test_nothing_stored_is_one_sentence(healthy: Lived, tmp_path: Path) -> None:
    done = sentinel("report", "--from", "2030-01-01", cwd=healthy.folder)
    assert done.returncode == 1
    assert done.stderr == "sentinel: no stored window matches: see sentinel windows list\n"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_quietly_and_asks_nobody(drifting: Lived, tmp_path: Path, scheme: str) -> None:
    path = tmp_path / "report.html"
    done = sentinel("report", "--html", path, cwd=drifting.folder)
    assert done.stdout == f"{path}\n", done.stderr
    dark = ("--force-dark-mode",) if scheme == "dark" else ()
    seen = opened(path, tmp_path, *dark)
    assert seen.console == []
    assert seen.asked == []
    assert "What drifted" in seen.document
    assert "<script" not in path.read_text()


def test_hostile_names_stay_text(drifting: Lived) -> None:
    with closing(open_store(drifting.url)) as store:
        facts = gather(store, Selection(), drifting.reference, now=START, error_ratio=None)
    hostile = "<img src=x onerror=alert(1)>"
    told = tuple(replace(v, name=hostile, explanation=hostile) for v in facts.versions)
    drawn = replace(facts, model=hostile, summary=(hostile,), versions=told, notices=(hostile,))
    assert "<img" not in page.render(drawn)


def test_pdf_and_png_hold_the_whole_page(drifting: Lived, tmp_path: Path) -> None:
    need("chromium")
    pdf, png = tmp_path / "report.pdf", tmp_path / "report.png"
    done = sentinel("report", "--pdf", pdf, "--png", png, cwd=drifting.folder)
    assert done.returncode == 0, done.stderr
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) <= 2
    data = png.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    assert width == 1240
    assert 1000 < height < 3000


def test_a_missing_browser_is_named_with_its_install_command(
    drifting: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = sentinel("report", "--pdf", tmp_path / "report.pdf", cwd=drifting.folder)
    assert done.returncode == 1
    assert "apt-get install chromium" in done.stderr
    assert json.loads(sentinel("report", "--json", cwd=drifting.folder).stdout)["model"] == "fraud"
