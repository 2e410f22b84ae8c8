"""`sentinel fleet`: judges the merged windows of all replicas, delivers rollback requests, serves fleet-wide metrics.

The same `Judging` and the same `Desk` as in a sidecar; only where windows come from and who may commit differs
(`sentinel.fleet`). Any number of these processes may run; the one that leads judges, all of them can deliver.
"""

import asyncio
import logging
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from sentinel.app.assembly import judging_options, load_reference, predictions_of
from sentinel.app.deciding import READ_BACK, Deciding
from sentinel.app.delivering import Delivering
from sentinel.app.labelling import Counts, LabelWork
from sentinel.app.scoring import Scorer
from sentinel.app.serving import listening
from sentinel.app.shadow_fleet import FleetShadows
from sentinel.app.verdicts import Judging, accepted_wrong_ratio
from sentinel.app.work import Work
from sentinel.config import Settings
from sentinel.config.times import parse_time
from sentinel.fleet import Fleet, PeriodJudge, Progress
from sentinel.fleet.leadership import leadership
from sentinel.fleet.metrics import FleetMetrics
from sentinel.fleet.periods import Timing
from sentinel.fleet.siblings import Siblings
from sentinel.judge.policy import Policy, PolicyOptions
from sentinel.judge.replicas import ODD_REPLICA_SHARE
from sentinel.judge.verdict import Verdict
from sentinel.labels.values import Report
from sentinel.reference.frozen import FrozenReference
from sentinel.rollback.desk import Desk
from sentinel.rollback.planning import Plan
from sentinel.rollback.targets.building import build_targets
from sentinel.shadow.book import Standing
from sentinel.store import Retention, Store, StoreError, WindowRecord, open_store
from sentinel.store.contract import AuditRecord
from sentinel.store.query import windows_json
from sentinel.telemetry.recorder import Recorder
from sentinel.telemetry.server import Sources, telemetry_app
from sentinel.telemetry.verdict_api import analysis
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

    def labelled(self, model: str, version: str) -> tuple[int, int] | None:
        return self.desk.labelled(model, version) if self.desk else None

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


@dataclass(frozen=True, slots=True)
class Forwarder:
    """`sentinel.fleet.PeriodJudge` of a fleet below another: hands merged windows up, as those of one replica.

    The parent has the window before this fleet's own store says so; a window handed up twice is refused by its key.
    """

    parent: Store
    region: str

    def judge(self, window: ClosedWindow, state: bytes | None, now: float) -> WindowRecord:
        self.parent.commit_window(WindowRecord(replace(window, key=replace(window.key, replica=self.region))))
        return WindowRecord(window)


@dataclass(slots=True)
class _Done:
    """What one step did, as far as it came. away: the store could not be reached. settled, reports, waiting: of labels.

    standings: of the second model, where they were read anew. trail: the newest audit records, where some are awaited.
    """

    away: bool = False
    progress: Progress | None = None
    settled: Counts | None = None
    reports: Sequence[Report] = ()
    waiting: Counter[tuple[str, str]] | None = None
    standings: Sequence[Standing] | None = None
    trail: Sequence[AuditRecord] = ()


def run(settings: Settings) -> int:
    """What `sentinel fleet` does. Raises ConfigurationError, StoreError and CannotListen for what cannot be used."""
    asyncio.run(FleetProcess(settings).run())
    return 0


class FleetProcess:
    """One life of `sentinel fleet`. Steps are done on a thread, and told on the loop, on which scrapes are answered."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.stop = asyncio.Event()
        self._work = Work(self.stop)
        self.recorder = Recorder(settings, started_at=time.time())
        self.metrics = FleetMetrics(self.recorder.series)
        self._deciding = Deciding(self.recorder)
        self._delivering = Delivering(settings, build_targets(settings.rollback), self.recorder)
        reference = load_reference(settings)
        self._store = open_store(settings.store.url)
        self._labels = LabelWork(self._store, settings.labels, Scorer(settings.labels, reference))
        self._labels_due = 0.0
        if settings.labels.enabled:
            self.recorder.labels.open(settings.model.name)
            self.recorder.labels.accepted(accepted_wrong_ratio(settings.labels, reference))
        shadowed = bool(settings.capture.shadow.urls)
        self._shadows = FleetShadows(settings, self._store) if shadowed else None
        timing = Timing(settings.window.seconds, settings.fleet.settle_seconds, settings.fleet.straggler_seconds)
        lead = leadership(self._store.database, f"{socket.gethostname()}:{os.getpid()}")
        siblings = Siblings(reference, Policy(**judging_options(settings, reference))) if reference else None
        self._fleet = Fleet(self._store.database, self._judge(reference), lead, timing, reference, siblings)

    def _judge(self, reference: FrozenReference | None) -> PeriodJudge:
        fleet = self.settings.fleet
        if fleet.parent_url:
            region = self.settings.process.replica or socket.gethostname()
            return Forwarder(open_store(fleet.parent_url), region)
        options = _without_replicas_share(judging_options(self.settings, reference))
        predictions = predictions_of(reference, options)
        desk = Desk(open_store(self.settings.store.url), self.settings.rollback, "fleet", predictions)
        return FleetJudge(reference, options, desk)

    async def run(self) -> None:
        """Judge until SIGTERM or `stop`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        async with AsyncExitStack() as stack:
            telemetry = telemetry_app(self.recorder, self._sources())
            await stack.enter_async_context(listening(telemetry, "telemetry.listen", self.settings.telemetry.listen))
            if self.settings.rollback.mode != "off":
                stack.push_async_callback(self._work.cancel)
                self._work.keep("deliverer", self._delivering.run)
            self.recorder.sidecar.ready(True)
            while not self.stop.is_set():
                self._tell(await asyncio.to_thread(self._step))
                await _wait(self.stop, STEP_SECONDS)
        self._fleet.release()
        self._store.close()

    def _step(self) -> _Done:
        done, now = _Done(), time.time()
        try:
            done.progress = self._fleet.step(now)
            if done.progress.leading:
                self._lead(done, now)
            if self._deciding.waiting or any(record.audit for record in done.progress.judged):
                done.trail = self._store.audit_trail(READ_BACK)
        except StoreError as error:
            logger.warning("the fleet waits for its store: %s", error)
            done.away = True
        return done

    def _lead(self, done: _Done, now: float) -> None:
        """What the leader does for all, besides judging. Raises StoreError."""
        kept = self.settings.store
        self._store.forget(now, Retention(kept.retention_days, kept.hour_days, kept.day_days, kept.rows_days))
        if self._shadows is not None:
            done.standings = self._shadows.settle(now)
        if not self.settings.labels.enabled:
            return
        done.settled = self._labels.settle(now)
        if now >= self._labels_due:
            self._labels_due = now + self.settings.labels.score_seconds
            done.reports = self._labels.score(now)
            done.waiting = self._labels.labels.counts()
            self._labels.forget(now)

    def _tell(self, done: _Done) -> None:
        self.recorder.sidecar.store(not done.away)
        if done.progress is not None:
            self._tell_progress(done.progress)
        if done.standings is not None:
            self.recorder.shadow.standings(done.standings, time.time())
        if done.settled is not None:
            self.recorder.labels.labels(done.settled)
        for report in done.reports:
            self.recorder.quality(report)
        if done.waiting is not None:
            self.recorder.labels.waiting(done.waiting)
        self._deciding.written(done.trail, time.time())

    def _tell_progress(self, progress: Progress) -> None:
        self.metrics.report(progress)
        for record in progress.judged:
            self._deciding.made(record.audit)
            verdict = record.verdict
            if verdict is not None:
                self.recorder.window(record.window, record.scores, verdict)
                named = (verdict.model, verdict.version, verdict.state, verdict.explanation)
                logger.info("%s %s [%s]: %s", *named, extra={"window": verdict.start})
        for odd in progress.odd:
            logger.warning("%s %s: %s", odd.verdict.model, odd.verdict.version, odd.verdict.explanation)

    def _sources(self) -> Sources:
        async def windows(query: Mapping[str, str]) -> Any:
            now = time.time()
            return await asyncio.to_thread(windows_json, self._store, query, lambda text: parse_time(text, now))

        async def verdict(model: str, query: Mapping[str, str]) -> Any:
            return analysis(self.recorder.view(), model, query.get("version", ""), time.time())

        return Sources(time.time, windows, verdict, lambda: "")


def _without_replicas_share(options: PolicyOptions) -> PolicyOptions:
    """The budget of the merged windows: the odd replica has the rest."""
    whole = options["budget"]
    return options | {"budget": replace(whole, pages=whole.pages * (1 - ODD_REPLICA_SHARE))}


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
