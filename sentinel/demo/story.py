"""The main job in three acts, over real processes: health, a faulty release taken back, a world that shifts.

Belongs here: what happens in which order and what is waited for. The processes are `staging`, the words are `telling`,
and what the sidecar says is read by `watching`; nothing here decides what it should have said.
"""

import asyncio
import math
from dataclasses import dataclass

import aiohttp

from sentinel.demo.dataset import HEALTHY, SHIFTED, Population, load
from sentinel.demo.driver import Tally
from sentinel.demo.model import BADLY_QUANTISED, GOOD, MODEL_NAME, prepare
from sentinel.demo.place import DemoError, check_free
from sentinel.demo.staging import Plan, Stage, staged, switch
from sentinel.demo.telling import Teller
from sentinel.demo.watching import Seen, metric_sums, reasons

HEALTHY_WINDOWS = 4  # healthy windows in a row before an act ends
WITHHELD_WINDOWS = 3  # windows after the last page in which no rollback must come


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened: everything seen, and what the driver got back."""

    seen: Seen
    tally: Tally


async def tell(plan: Plan, teller: Teller) -> Outcome:
    """The whole story; every process it started has ended when it returns or raises."""
    check_free(plan.ports, ("server", "traffic", "deployer", "telemetry", "admin"))
    with plan.place.claimed():
        with teller.waiting("training the example model (first run: a few seconds)"):
            artifacts = await asyncio.to_thread(prepare, plan.place.folder)
        populations = load()
        async with staged(plan, artifacts, populations[HEALTHY], teller) as stage:
            await _healthy(stage, teller)
            await _faulty_release(stage, teller)
            await _shifted_world(stage, teller, populations[SHIFTED])
            await _epilogue(stage, teller)
            return Outcome(stage.seen, stage.driver.tally)


async def _healthy(stage: Stage, teller: Teller) -> None:
    teller.act(1, "healthy", f"version {GOOD} answers for households it has never seen, a year after its training data")
    await stage.until("healthy verdict", lambda seen: _all_ok(seen, HEALTHY_WINDOWS))


async def _faulty_release(stage: Stage, teller: Teller) -> None:
    teller.act(
        2, "a faulty release", f"version {BADLY_QUANTISED} is released: int8, calibrated on the oldest people only"
    )
    await switch(stage.plan.ports, BADLY_QUANTISED)
    await stage.until("rollback", lambda seen: bool(seen.accepted))
    await stage.until("healthy verdict after the rollback", lambda seen: _all_ok(seen, HEALTHY_WINDOWS))


async def _shifted_world(stage: Stage, teller: Teller, shifted: Population) -> None:
    teller.act(3, "the world shifts", "the service is opened to people in college dormitories and other group quarters")
    stage.driver.population = shifted
    await stage.until(
        "page for input drift", lambda seen: any(i.cause == "input_drift" for i in seen.incidents.values())
    )
    paged = _busy_windows(stage.seen)
    await stage.until("further window", lambda seen: _busy_windows(seen) >= paged + WITHHELD_WINDOWS)
    if len(stage.seen.accepted) > 1:
        raise DemoError(
            "a second rollback came, for inputs that drift under either version; this is a fault of sentinel"
        )
    async with aiohttp.ClientSession() as session:
        teller.moved("What moved, by GET /v1/verdict:", await reasons(session, stage.plan.ports, GOOD))
    teller.step("The inputs moved, not the model: people are paged, and rightly nothing is rolled back.")


def _busy_windows(seen: Seen) -> int:
    """Windows that saw something; a version that fell silent still gets a few empty ones."""
    return sum(stored.window.rows > 0 for stored in seen.windows)


async def _epilogue(stage: Stage, teller: Teller) -> None:
    ports, place = stage.plan.ports, stage.plan.place
    async with aiohttp.ClientSession() as session:
        outcomes = await metric_sums(session, ports, "sentinel_exchanges_total", "outcome")
    accounted = ", ".join(f"{count:,.0f} {outcome}" for outcome, count in sorted(outcomes.items()))
    tally = stage.driver.tally
    teller.close(
        "What happened",
        [
            f"requests      {tally.answered:,} answered through the sidecar, {tally.failed:,} failed",
            f"exchanges     {accounted}",
            f"incidents     {len(stage.seen.incidents)}",
            f"rollbacks     {len(stage.seen.accepted)} accepted by the deployment side",
        ],
    )
    option = f"--config {place.configuration}"
    lasting = [
        f"windows       sentinel windows list {option}",
        f"rollbacks     sentinel rollback status {option}",
        f"configuration {place.configuration}",
        f"logs          {place.run / 'logs'}",
        "dashboards    dashboards/ (Grafana), alerts/ (Prometheus rules, runbooks)",
    ]
    live = [
        f"status page   {ports.url('telemetry')}/",
        f"metrics       {ports.url('telemetry')}/metrics",
        f"verdict       {ports.url('telemetry')}/v1/verdict/{MODEL_NAME}",
    ]
    teller.close("What to open next", [*live, *lasting] if stage.plan.keep else lasting)
    if stage.plan.keep:
        teller.step("Everything stays up; Ctrl-C stops it.")
        await stage.until("end", lambda _: False, patience_windows=math.inf)


def _all_ok(seen: Seen, count: int) -> bool:
    return bool(tail := seen.last(GOOD, count)) and all(window.state == "ok" for window in tail)
