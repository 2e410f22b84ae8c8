"""The processes of a story, started and stopped together: model server, deployment stand-in, sidecar, traffic.

Belongs here: who is started in which order, and waiting for what comes out. What is told about it is `story`.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

import aiohttp

from sentinel.demo import sidecar
from sentinel.demo.children import Children, run_to_end
from sentinel.demo.dataset import Population
from sentinel.demo.driver import Driver, Pace
from sentinel.demo.model import GOOD, Artifacts
from sentinel.demo.place import HOST, DemoError, Place, Ports
from sentinel.demo.sidecar import Timing
from sentinel.demo.telling import Teller
from sentinel.demo.watching import Seen, Watcher, answers

POLL_SECONDS = 0.25
PATIENCE_WINDOWS = 25  # how long an act may wait for what must come; the breaches come within one or two
LEAST_PATIENCE_SECONDS = 120.0  # of short windows on a machine that does much else


@dataclass(frozen=True, slots=True)
class Plan:
    """What to tell and where. keep: stay up after the last act."""

    place: Place
    ports: Ports
    timing: Timing = field(default_factory=Timing)
    pace: Pace = field(default_factory=Pace)
    keep: bool = False


class Stage:
    """The running processes, seen from the story."""

    def __init__(self, plan: Plan, children: Children, watcher: Watcher, driver: Driver, teller: Teller) -> None:
        self.plan = plan
        self.driver = driver
        self.children = children
        self._watcher = watcher
        self._teller = teller

    @property
    def seen(self) -> Seen:
        return self._watcher.seen

    async def until(
        self, what: str, reached: Callable[[Seen], bool], patience_windows: float = PATIENCE_WINDOWS
    ) -> None:
        """Tell what comes out of the sidecar until `reached`; raises DemoError when it does not come to that."""
        clock = asyncio.get_running_loop().time
        patience = max(patience_windows * self.plan.timing.window_seconds, LEAST_PATIENCE_SECONDS)
        deadline = clock() + patience
        with self._teller.live(self.driver.tally) as live:
            while not reached(self.seen):
                self.children.check()
                if clock() > deadline:
                    logs = self.plan.place.run / "logs"
                    raise DemoError(f"no {what} came in {patience:.0f} s; see {logs}")
                await asyncio.sleep(POLL_SECONDS)
                self._teller.pulse(live, self.driver.tally)
                self._teller.news(await self._watcher.refresh())


async def switch(ports: Ports, version: str, **fault: float) -> None:
    """Release a version on the model server, as a deployment would; `fault` injects errors or delay."""
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        session.put(f"{ports.url('server')}/admin/serving", json={"version": version, **fault}),
    ):
        pass


@asynccontextmanager
async def staged(plan: Plan, artifacts: Artifacts, rows: Population, teller: Teller) -> AsyncIterator[Stage]:
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
