"""`make run` as a test: the whole story in short windows, over real processes and sockets."""

import asyncio
import io
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from sentinel.demo.driver import Pace
from sentinel.demo.model import BADLY_QUANTISED, GOOD
from sentinel.demo.place import Place, parse_ports
from sentinel.demo.sidecar import Timing
from sentinel.demo.staging import Plan
from sentinel.demo.story import Outcome, tell
from sentinel.demo.telling import Teller
from tests.support.leftovers import Mark
from tests.support.processes import wait_until

WINDOW_SECONDS = 1.0


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, str, Mark]:
    """The story, told once for all the tests of this file."""
    mark, page = Mark(), io.StringIO()
    mark.set()
    timing = Timing(window_seconds=WINDOW_SECONDS)
    plan = Plan(Place(tmp_path_factory.mktemp("story")), parse_ports("auto"), timing, Pace())
    outcome = asyncio.run(tell(plan, Teller(Console(file=page, width=120))))
    return outcome, page.getvalue(), mark


def test_no_request_fails(told: tuple[Outcome, str, Mark]) -> None:
    tally = told[0].tally
    assert tally.failed == 0
    assert set(tally.statuses) == {200}
    assert tally.versions[BADLY_QUANTISED] > 0


def test_nothing_is_paged_while_all_is_well(told: tuple[Outcome, str, Mark]) -> None:
    seen = told[0].seen
    released = next(w.window.start for w in seen.windows if w.window.key.version == BADLY_QUANTISED)
    assert {w.state for w in seen.windows if w.window.end <= released} <= {"ok", "insufficient"}
    assert all(incident.opened_at >= released for incident in seen.incidents.values())


def test_the_faulty_release_is_rolled_back_once(told: tuple[Outcome, str, Mark]) -> None:
    seen = told[0].seen
    assert [(a["model"], a["from_version"], a["to_version"]) for a in seen.accepted] == [
        ("employment", BADLY_QUANTISED, GOOD)
    ]
    assert "prediction_drift" in {i.cause for i in seen.incidents.values() if i.version == BADLY_QUANTISED}
    assert Counter(d.outcome for d in seen.decisions)["triggered"] == 1


def test_the_shifted_world_is_paged_and_not_rolled_back(told: tuple[Outcome, str, Mark]) -> None:
    seen = told[0].seen
    rolled_back_at = seen.accepted[0]["at"]
    paged = [i for i in seen.incidents.values() if i.opened_at > rolled_back_at]
    assert "input_drift" in {i.cause for i in paged}
    assert {"age", "schooling_years", "marital_status"} & {f for i in paged for f in i.features}
    assert {i.version for i in paged} == {GOOD}


def test_the_transcript_tells_it(told: tuple[Outcome, str, Mark]) -> None:
    page = told[1]
    told_in_order = [
        "Act 1",
        "Act 2",
        "page: prediction drift",
        "triggered",
        "rolled back",
        "Act 3",
        "page: input drift",
    ]
    places = [page.index(words) for words in told_in_order]
    assert places == sorted(places)
    assert "1 accepted by the deployment side" in page
    assert "What to open next" in page


def test_no_process_is_left(told: tuple[Outcome, str, Mark]) -> None:
    assert told[2].living() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupting_it_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    mark, page = Mark(), tmp_path / "page"
    command = [
        sys.executable,
        "-m",
        "sentinel.cli",
        "demo",
        "--fast",
        "--ports",
        "auto",
        "--folder",
        str(tmp_path / "d"),
    ]
    with page.open("wb") as output, subprocess.Popen(command, stdout=output, env=mark.environment) as demo:
        wait_until(lambda: "Act 1" in page.read_text() or demo.poll() is not None, "the first act", 60)
        assert demo.poll() is None
        assert len(mark.living()) >= 5  # demo, server, deployer, supervisor and its children
        demo.send_signal(number)
        status = demo.wait(30)
    assert status == (1 if number != signal.SIGKILL else -signal.SIGKILL)
    wait_until(lambda: not mark.living(), "every process to end")
