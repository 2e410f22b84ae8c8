"""New versions that are worse in different ways, each rolled back once; a world that drifts under both is only paged.

Errors and delay are injected by the example server; wrong predictions after a bad quantisation are the story itself
(`test_story`); the drifting world is real rows of other people.
"""

from pathlib import Path

import pytest

from sentinel.demo.dataset import SHIFTED, load
from sentinel.demo.model import GOOD, WELL_QUANTISED
from sentinel.demo.staging import switch
from tests.support.demo_stage import further_windows, healthy, ok


@pytest.mark.parametrize(
    ("fault", "cause"),
    [({"error_ratio": 0.3}, "error_ratio"), ({"error_ratio": 1.0}, "error_ratio"), ({"delay_seconds": 0.4}, "latency")],
    ids=["errors", "nothing but errors", "latency"],
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
