"""New versions that are worse in different ways, each rolled back once; a world that drifts under both is only paged.

Errors and delay are injected by the example server; wrong predictions after a bad quantisation are the story itself
(`test_story`); the drifting world is real rows of other people.
"""

import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rich.console import Console

from sentinel.demo.dataset import HEALTHY, SHIFTED, load
from sentinel.demo.model import GOOD, WELL_QUANTISED, prepare
from sentinel.demo.place import Place, parse_ports
from sentinel.demo.sidecar import Timing
from sentinel.demo.staging import Plan, Stage, staged, switch
from sentinel.demo.telling import Teller
from sentinel.demo.watching import Seen

WINDOW_SECONDS = 1.0
HEALTHY_WINDOWS = 3
FURTHER_WINDOWS = 4


@contextlib.asynccontextmanager
async def healthy(folder: Path) -> AsyncIterator[Stage]:
    """A stage on which version 1 has been serving well."""
    plan = Plan(Place(folder), parse_ports("auto"), Timing(window_seconds=WINDOW_SECONDS))
    teller = Teller(Console(file=io.StringIO()))
    with plan.place.claimed():
        async with staged(plan, prepare(folder), load()[HEALTHY], teller) as stage:
            await stage.until("healthy windows", lambda seen: ok(seen, GOOD))
            yield stage


def ok(seen: Seen, version: str) -> bool:
    tail = seen.last(version, HEALTHY_WINDOWS)
    return bool(tail) and all(window.state == "ok" for window in tail)


async def further_windows(stage: Stage) -> None:
    count = len(stage.seen.windows) + FURTHER_WINDOWS
    await stage.until("further windows", lambda seen: len(seen.windows) >= count)


@pytest.mark.parametrize(
    ("fault", "cause"),
    [({"error_ratio": 0.3}, "error_ratio"), ({"delay_seconds": 0.4}, "latency")],
    ids=["errors", "latency"],
)
async def test_a_worse_version_is_rolled_back_once(demo_folder: Path, fault: dict[str, float], cause: str) -> None:
    async with healthy(demo_folder) as stage:
        await switch(stage.plan.ports, WELL_QUANTISED, **fault)
        await stage.until("rollback", lambda seen: bool(seen.accepted))
        await further_windows(stage)
        accepted = stage.seen.accepted
    assert [(a["from_version"], a["to_version"]) for a in accepted] == [(WELL_QUANTISED, GOOD)]
    assert accepted[0]["body"]["data"]["reason"]["rule"] == cause


async def test_a_world_that_drifts_under_both_versions_is_paged_only(demo_folder: Path) -> None:
    async with healthy(demo_folder) as stage:
        await switch(stage.plan.ports, WELL_QUANTISED)
        await stage.until("healthy windows of the new version", lambda seen: ok(seen, WELL_QUANTISED))
        stage.driver.population = load()[SHIFTED]
        await stage.until("page", lambda seen: any(i.cause == "input_drift" for i in seen.incidents.values()))
        await further_windows(stage)
        accepted, decisions = stage.seen.accepted, stage.seen.decisions
    assert accepted == [], [(d.outcome, d.sentence) for d in decisions]
    told = [(d.inputs["incident_id"], d.outcome) for d in decisions]
    assert len(told) == len(set(told)), "the audit tells a story, not a heartbeat"
