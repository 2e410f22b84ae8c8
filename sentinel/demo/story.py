"""The main job in three acts, over real processes: health, a faulty release taken back, a world that shifts.

Belongs here: what happens in which order and what is waited for. The processes are `children`, the words are `telling`,
and what the sidecar says is read by `watching`; nothing here decides what it should have said.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

import aiohttp

from sentinel.demo import sidecar
from sentinel.demo.children import Children, run_to_end
from sentinel.demo.dataset import HEALTHY, SHIFTED, Population, load
from sentinel.demo.driver import Driver, Pace, Tally
from sentinel.demo.model import BADLY_QUANTISED, GOOD, MODEL_NAME, Artifacts, prepare
from sentinel.demo.place import HOST, DemoError, Place, Ports, check_free
from sentinel.demo.sidecar import Timing
from sentinel.demo.telling import Teller
from sentinel.demo.watching import Seen, Watcher, answers, metric_sums

POLL_SECONDS = 0.25
PATIENCE_WINDOWS = 25  # how long an act may wait for what must come; the breaches come within one or two
HEALTHY_WINDOWS = 4  # healthy windows in a row before an act ends
WITHHELD_WINDOWS = 3  # windows after the last page in which no rollback must come


@dataclass(frozen=True, slots=True)
class Plan:
    """What to tell and where. keep: stay up after the last act."""

    place: Place
    ports: Ports
    timing: Timing = field(default_factory=Timing)
    pace: Pace = field(default_factory=Pace)
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened: everything seen, and what the driver got back."""

    seen: Seen
    tally: Tally


class Stage:
    """The running processes, seen from the story."""

    def __init__(self, plan: Plan, children: Children, watcher: Watcher, driver: Driver, teller: Teller) -> None:
        self.plan = plan
        self.driver = driver
        self._children = children
        self._watcher = watcher
        self._teller = teller

    @property
    def seen(self) -> Seen:
        return self._watcher.seen

    async def until(self, what: str, reached: Callable[[Seen], bool]) -> None:
        """Tell what comes out of the sidecar until `reached`; raises DemoError when it does not come to that."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + PATIENCE_WINDOWS * self.plan.timing.window_seconds
        with self._teller.live(self.driver.tally) as live:
            while not reached(self.seen):
                self._children.check()
                if clock() > deadline:
                    raise DemoError(f"no {what} came in {PATIENCE_WINDOWS} windows; see {self.plan.place.run / 'logs'}")
                await asyncio.sleep(POLL_SECONDS)
                self._teller.pulse(live, self.driver.tally)
                self._teller.news(await self._watcher.refresh())


async def tell(plan: Plan, teller: Teller) -> Outcome:
    """The whole story; every process it started has ended when it returns or raises."""
    check_free(plan.ports, ("server", "traffic", "deployer", "telemetry", "admin"))
    claim = plan.place.claim()
    try:
        with teller.waiting("training the example model (first run: a few seconds)"):
            artifacts = await asyncio.to_thread(prepare, plan.place.folder)
        populations = load()
        async with _stage(plan, artifacts, populations[HEALTHY], teller) as stage:
            await _healthy(stage, teller)
            await _faulty_release(stage, teller)
            await _shifted_world(stage, teller, populations[SHIFTED])
            await _epilogue(stage, teller)
            return Outcome(stage.seen, stage.driver.tally)
    finally:
        os.close(claim)


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
    paged = len(stage.seen.windows)
    await stage.until("further window", lambda seen: len(seen.windows) >= paged + WITHHELD_WINDOWS)
    teller.step("The inputs moved, not the model: people are paged, and rightly nothing is rolled back.")


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
    teller.close(
        "What to open next",
        [
            f"status page   {ports.url('telemetry')}/" + ("" if stage.plan.keep else "   (with --keep)"),
            f"metrics       {ports.url('telemetry')}/metrics",
            f"verdict       {ports.url('telemetry')}/v1/verdict/{MODEL_NAME}",
            f"windows       sentinel windows list {option}",
            f"rollbacks     sentinel rollback status {option}",
            f"configuration {place.configuration}",
            f"logs          {place.run / 'logs'}",
            "dashboards    dashboards/ (Grafana), alerts/ (Prometheus rules, runbooks)",
        ],
    )
    if stage.plan.keep:
        teller.step("Everything stays up; Ctrl-C stops it.")
        await asyncio.Event().wait()


def _all_ok(seen: Seen, count: int) -> bool:
    return bool(tail := seen.last(GOOD, count)) and all(window.state == "ok" for window in tail)


async def switch(ports: Ports, version: str, **fault: float) -> None:
    """Release a version on the model server, as a deployment would; `fault` injects errors or delay."""
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        session.put(f"{ports.url('server')}/admin/serving", json={"version": version, **fault}),
    ):
        pass


@asynccontextmanager
async def _stage(plan: Plan, artifacts: Artifacts, rows: Population, teller: Teller) -> AsyncIterator[Stage]:
    """Start model server, deployment stand-in, sidecar and traffic; stop them all in the end."""
    timeout = aiohttp.ClientTimeout(total=sidecar.ANSWER_SECONDS)
    async with Children.running() as children, aiohttp.ClientSession(timeout=timeout) as session:
        await _start_model_side(plan, children, session, teller)
        sidecar.write_configuration(plan.place, sidecar.demo_configuration(plan.place, plan.ports, plan.timing))
        command = sidecar.reference_command(artifacts.training_csv, plan.place)
        teller.step("sentinel reference build: 24,000 training rows with the model's own predictions")
        await run_to_end("sentinel reference build", command, plan.place.log("reference"))
        await sidecar.start(plan.place, plan.ports, children, session, teller)
        driver = Driver(plan.ports.url("traffic"), rows, plan.pace)
        with closing(Watcher(plan.place, plan.ports, session)) as watcher:
            traffic = asyncio.create_task(driver.run())
            try:
                yield Stage(plan, children, watcher, driver, teller)
            finally:
                traffic.cancel()
                await asyncio.wait([traffic])


async def _start_model_side(plan: Plan, children: Children, session: aiohttp.ClientSession, teller: Teller) -> None:
    place, ports = plan.place, plan.ports
    sidecar.write_secrets(place)
    server = [sys.executable, "-m", "sentinel.demo.server", "--folder", str(place.folder), "--port", str(ports.server)]
    teller.step(f"model server on {ports.address('server')}: onnxruntime, V2 protocol, version {GOOD}")
    await children.start(
        "model server", server, place.log("server"), lambda: answers(session, f"{ports.url('server')}/v2/health/ready")
    )
    deployer = [sys.executable, "-m", "sentinel.demo.deployer", "--host", HOST, "--port", str(ports.deployer)]
    deployer += ["--secret-file", str(place.secret), "--server", ports.url("server")]
    teller.step(f"deployment stand-in on {ports.address('deployer')}, waiting for signed webhooks")
    await children.start(
        "deployment stand-in",
        deployer,
        place.log("deployer"),
        lambda: answers(session, f"{ports.url('deployer')}/healthz"),
    )
