"""`sentinel fleet`: judges the merged windows of all replicas, delivers rollback requests, serves fleet-wide metrics.

The same `Judging` and the same `Desk` as in a sidecar; only where windows come from and who may commit differs
(`sentinel.fleet`). Any number of these processes may run; the one that leads judges, all can deliver.
"""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sentinel.app.assembly import load_reference
from sentinel.app.verdicts import Judging, policy_options
from sentinel.config import Settings
from sentinel.fleet import Fleet, Progress
from sentinel.fleet.lock import leadership
from sentinel.fleet.periods import Timing
from sentinel.judge.policy import PolicyOptions
from sentinel.judge.verdict import Verdict
from sentinel.reference.frozen import FrozenReference
from sentinel.rollback.deliverer import Deliverer, DelivererOptions, DeliveryEvent
from sentinel.rollback.desk import Desk
from sentinel.rollback.planning import Plan
from sentinel.rollback.targets.building import build_targets
from sentinel.store import Retention, SqlStore, StoreError, WindowRecord, open_store
from sentinel.windows.closed import ClosedWindow

logger = logging.getLogger("sentinel.fleet")

STEP_SECONDS = 1.0
"""Between two looks at the store: a part of what may pass between a breach and the first request."""


@dataclass(slots=True)
class _Past:
    """`sentinel.app.verdicts.Memory` of one model: the state that the fleet read, and the desk."""

    state: bytes | None
    desk: Desk | None

    def judge_state(self, model: str) -> bytes | None:
        return self.state

    def decide(self, verdict: Verdict, window: ClosedWindow, now: float) -> Plan:
        return self.desk.decide(verdict, now, window) if self.desk else Plan()


@dataclass(slots=True)
class FleetJudge:
    """`sentinel.fleet.PeriodJudge`. Judges stay in memory while the store holds the state that they left there."""

    reference: FrozenReference | None
    options: PolicyOptions
    desk: Desk | None = None
    _judging: dict[str, tuple[bytes, Judging]] = field(default_factory=dict)

    def judge(self, window: ClosedWindow, state: bytes | None, now: float) -> WindowRecord:
        model = window.key.model
        left, judging = self._judging.pop(model, (None, None))
        if judging is None or left != state:
            judging = Judging(self.reference, self.options, _Past(state, self.desk))
        judgement = judging.judge(window, now)
        self._judging[model] = (judgement.judge_state, judging)
        return judgement.record


def timing(settings: Settings) -> Timing:
    return Timing(settings.window.seconds, settings.fleet.settle_seconds, settings.fleet.straggler_seconds)


class FleetProcess:
    """One life of `sentinel fleet`. `report` hears what each step did, on the thread that did it."""

    def __init__(
        self,
        settings: Settings,
        report: Callable[[Progress], None],
        delivered: Callable[[DeliveryEvent], None] = lambda event: None,
    ) -> None:
        """Raises ConfigurationError and StoreError for what cannot be used."""
        self.settings = settings
        self.stop = asyncio.Event()
        self._report = report
        self._delivered = delivered
        reference = load_reference(settings)
        self._store = open_store(settings.store.url)
        desk = Desk(open_store(settings.store.url), settings.rollback, "fleet")
        holder = f"{socket.gethostname()}:{os.getpid()}"
        lock = leadership(self._store.database, holder)
        judge = FleetJudge(reference, policy_options(settings), desk)
        self._fleet = Fleet(self._store.database, judge, lock, timing(settings), reference)

    async def run(self) -> None:
        """Judge until SIGTERM or `stop`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        delivery = loop.create_task(self._deliver(), name="deliverer")
        try:
            while not self.stop.is_set():
                await asyncio.to_thread(self._step)
                await _wait(self.stop, STEP_SECONDS)
        finally:
            delivery.cancel()
            await asyncio.gather(delivery, return_exceptions=True)
            self._fleet.release()
            self._store.close()

    def _step(self) -> None:
        try:
            progress = self._fleet.step(time.time())
            self._report(progress)
            if progress.leading:
                self._store.forget(time.time(), _retention(self.settings))
        except StoreError as error:
            logger.warning("the fleet waits for its store: %s", error)

    async def _deliver(self) -> None:
        rollback = self.settings.rollback
        if rollback.mode == "off":
            return
        options = DelivererOptions(enforce=rollback.mode == "enforce", pause_file=rollback.pause_file)
        store: SqlStore = await asyncio.to_thread(open_store, self.settings.store.url)
        try:
            await Deliverer(store, build_targets(rollback), options, self._delivered).run()
        finally:
            store.close()


def _retention(settings: Settings) -> Retention:
    kept = settings.store
    return Retention(kept.retention_days, kept.hour_days, kept.day_days)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
