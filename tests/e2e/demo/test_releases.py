"""New versions that are worse in different ways, each rolled back once; a world that drifts under both is only paged.

Errors and delay are injected by the example server; wrong predictions after a bad quantisation are the story itself
(`test_story`); the drifting world is real rows of other people.
"""

from functools import partial
from pathlib import Path

import pytest

from sentinel.demo.dataset import SHIFTED, load
from sentinel.demo.model import BADLY_QUANTISED, GOOD, WELL_QUANTISED
from sentinel.demo.staging import switch
from sentinel.demo.watching import Seen
from tests.support.demo_stage import beside, further_windows, healthy, ok


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


@pytest.mark.parametrize(
    ("version", "fault", "cause"),
    [(WELL_QUANTISED, {"error_ratio": 0.5}, "error_ratio"), (BADLY_QUANTISED, {}, "prediction_drift")],
    ids=["errors", "wrong predictions"],
)
async def test_a_worse_canary_is_taken_back_and_its_neighbour_is_not_blamed(
    demo_folder: Path, version: str, fault: dict[str, float], cause: str
) -> None:
    async with healthy(demo_folder) as stage:
        await switch(stage.plan.ports, version, share=0.5, **fault)
        await stage.until("rollback", lambda seen: bool(seen.accepted))
        await further_windows(stage)
        accepted, incidents = stage.seen.accepted, stage.seen.incidents.values()
    assert [(a["from_version"], a["to_version"]) for a in accepted] == [(version, GOOD)]
    assert accepted[0]["body"]["data"]["reason"]["rule"] == cause
    assert {incident.version for incident in incidents if incident.cause == cause} == {version}


@pytest.mark.parametrize("canary", [False, True], ids=["after a release", "beside a canary"])
async def test_a_world_that_drifts_under_both_versions_is_paged_only(demo_folder: Path, canary: bool) -> None:
    async with healthy(demo_folder) as stage:
        await switch(stage.plan.ports, WELL_QUANTISED, share=0.5 if canary else 1.0)
        well = partial(beside, versions=(GOOD, WELL_QUANTISED)) if canary else partial(ok, version=WELL_QUANTISED)
        await stage.until("healthy windows of the new version", well)
        stage.driver.population = load()[SHIFTED]
        await stage.until("page", lambda seen: any(i.cause == "input_drift" for i in seen.incidents.values()))
        await further_windows(stage)
        accepted, decisions = stage.seen.accepted, stage.seen.decisions
    assert accepted == [], [(d.outcome, d.sentence) for d in decisions]
    told = [(d.inputs["incident_id"], d.outcome) for d in decisions]
    assert len(told) == len(set(told)), "the audit tells a story, not a heartbeat"


async def test_an_outage_under_a_canary_and_its_baseline_is_paged_only(demo_folder: Path) -> None:
    outage = {"error_ratio": 0.4}
    async with healthy(demo_folder) as stage:
        ports = stage.plan.ports
        await switch(ports, WELL_QUANTISED, share=0.5)
        await stage.until("healthy windows of both", partial(beside, versions=(GOOD, WELL_QUANTISED)))
        await switch(ports, GOOD, **outage)
        await switch(ports, WELL_QUANTISED, share=0.5, **outage)
        await stage.until("pages for both", lambda seen: failing(seen) == {GOOD, WELL_QUANTISED})
        await further_windows(stage)
        accepted, decisions = stage.seen.accepted, stage.seen.decisions
    assert accepted == [], [(d.outcome, d.sentence) for d in decisions]
    assert {"suppressed_baseline_bad", "suppressed_baseline_unknown"} & {d.outcome for d in decisions}


def failing(seen: Seen) -> set[str]:
    """Versions with an incident of errors."""
    return {incident.version for incident in seen.incidents.values() if incident.cause == "error_ratio"}
