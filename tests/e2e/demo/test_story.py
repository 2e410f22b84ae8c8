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

from sentinel.demo.driver import Pace, Tally
from sentinel.demo.model import BADLY_QUANTISED, GOOD
from sentinel.demo.place import Place
from sentinel.demo.sidecar import Timing
from sentinel.demo.staging import Plan
from sentinel.demo.story import tell
from sentinel.demo.telling import Teller
from sentinel.demo.watching import Seen
from tests.support.leftovers import Mark
from tests.support.ports import demo_ports
from tests.support.processes import wait_until

WINDOW_SECONDS = 1.0


def test_the_story(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, page = Mark(), io.StringIO()
    monkeypatch.setenv(*mark.variable)
    plan = Plan(Place(demo_folder), demo_ports(), Timing(window_seconds=WINDOW_SECONDS), Pace())
    outcome = asyncio.run(tell(plan, Teller(Console(file=page, width=120))))
    no_request_failed(outcome.tally)
    nothing_was_paged_while_all_was_well(outcome.seen)
    the_faulty_release_was_rolled_back_once(outcome.seen)
    the_shifted_world_was_paged_and_not_rolled_back(outcome.seen)
    the_page_tells_it_in_order(page.getvalue())
    assert mark.living() == []


def no_request_failed(tally: Tally) -> None:
    assert tally.failed == 0
    assert set(tally.statuses) == {200}
    assert tally.versions[BADLY_QUANTISED] > 0


def nothing_was_paged_while_all_was_well(seen: Seen) -> None:
    released = next(w.window.start for w in seen.windows if w.window.key.version == BADLY_QUANTISED)
    assert {w.state for w in seen.windows if w.window.end <= released} <= {"ok", "insufficient"}
    assert all(incident.opened_at >= released for incident in seen.incidents.values())


def the_faulty_release_was_rolled_back_once(seen: Seen) -> None:
    switches = [(a["model"], a["from_version"], a["to_version"]) for a in seen.accepted]
    assert switches == [("employment", BADLY_QUANTISED, GOOD)]
    assert "prediction_drift" in {i.cause for i in seen.incidents.values() if i.version == BADLY_QUANTISED}
    assert Counter(d.outcome for d in seen.decisions)["triggered"] == 1


def the_shifted_world_was_paged_and_not_rolled_back(seen: Seen) -> None:
    rolled_back_at = seen.accepted[0]["at"]
    paged = [i for i in seen.incidents.values() if i.opened_at > rolled_back_at]
    assert "input_drift" in {i.cause for i in paged}
    assert {"age", "schooling_years", "marital_status"} & {f for i in paged for f in i.features}
    assert {i.version for i in paged} == {GOOD}


def the_page_tells_it_in_order(page: str) -> None:
    order = ["Act 1", "Act 2", "page: prediction drift", "triggered", "rolled back", "Act 3", "page: input drift"]
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    assert "1 accepted by the deployment side" in page
    assert "What to open next" in page


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupting_it_leaves_no_process(demo_folder: Path, number: signal.Signals) -> None:
    mark, page = Mark(), demo_folder / "page"
    command = [sys.executable, "-m", "sentinel.cli", "demo", "--fast", "--ports", "auto", "--folder", str(demo_folder)]
    with page.open("wb") as output, subprocess.Popen(command, stdout=output, env=mark.environment) as demo:
        wait_until(lambda: "Act 1" in page.read_text() or demo.poll() is not None, "the first act")
        assert demo.poll() is None
        assert len(mark.living()) >= 5  # demo, server, deployer, supervisor and its children
        demo.send_signal(number)
        status = demo.wait(120)
    assert status == (1 if number != signal.SIGKILL else -signal.SIGKILL)
    wait_until(lambda: not mark.living(), "every process to end")
