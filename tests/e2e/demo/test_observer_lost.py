"""The observing side is killed or frozen in the middle of the story: no request fails, and the story goes on."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sentinel.demo.model import BADLY_QUANTISED, GOOD
from sentinel.demo.staging import Stage, switch
from tests.support.demo_stage import WINDOW_SECONDS, further_windows, healthy
from tests.support.processes import children_of, command_line

FROZEN_WINDOWS = 3


def observer(stage: Stage) -> int:
    """Pid of the sidecar's observer."""
    [pid] = [pid for pid in children_of(stage.children.pid("sentinel run")) if "sentinel.app" in command_line(pid)]
    return pid


async def kill(stage: Stage) -> None:
    os.kill(observer(stage), signal.SIGKILL)


async def freeze(stage: Stage) -> None:
    pid = observer(stage)
    os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(FROZEN_WINDOWS * WINDOW_SECONDS)  # the length of the hang, not a wait for something
    os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("harm", [kill, freeze])
async def test_no_request_fails_and_the_release_is_rolled_back_once(
    demo_folder: Path, harm: Callable[[Stage], Awaitable[None]]
) -> None:
    async with healthy(demo_folder) as stage:
        await switch(stage.plan.ports, BADLY_QUANTISED)
        await harm(stage)
        await stage.until("rollback", lambda seen: bool(seen.accepted))
        await further_windows(stage)
        accepted, tally = stage.seen.accepted, stage.driver.tally
    assert [(a["from_version"], a["to_version"]) for a in accepted] == [(BADLY_QUANTISED, GOOD)]
    assert tally.failed == 0
    assert set(tally.statuses) == {200}
    accounted_for(stage.plan.place.log("sidecar"))


def accounted_for(log: Path) -> None:
    """received = analysed + sampled_out + dropped + undecodable, by the supervisor's own last line."""
    lines = map(json.loads, filter(lambda line: line.startswith("{"), log.read_text().splitlines()))
    last = next(line for line in lines if line["event"] == "stopped")
    assert last["received"] > 0
    assert last["received"] == sum(last[part] for part in ("analysed", "sampled_out", "dropped", "undecodable"))
