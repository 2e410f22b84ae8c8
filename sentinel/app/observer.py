"""The observer process: hears from the relays, closes windows on time, has them judged and stored, serves telemetry.

The event loop takes samples and serves HTTP. Closed windows are judged on one thread of their own and stored on another
(`sentinel.store.writer`), so neither a slow database nor a thousand features delay the taking of samples.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from sentinel.app.assembly import Parts
from sentinel.app.attribution import Pair
from sentinel.app.counting import Added, Counting
from sentinel.app.deciding import READ_BACK, Deciding
from sentinel.app.delivering import Delivering
from sentinel.app.heap import give_back
from sentinel.app.labelling import Labelling
from sentinel.app.pipeline import DROPPED, UNDECODABLE, Outcome
from sentinel.app.replay import traffic_of
from sentinel.app.serving import serving
from sentinel.app.verdicts import Judgement
from sentinel.app.work import Work
from sentinel.intake.push import Pushed
from sentinel.intake.receiver import Callbacks, Receiver
from sentinel.store import Store, writer
from sentinel.store.contract import AuditRecord, Retention
from sentinel.telemetry.gpu import GpuReader
from sentinel.telemetry.pictures import pictures
from sentinel.telemetry.view import FeaturePicture
from sentinel.traffic import Exchange, Route, RouteTraffic, TrafficSummary, ledger
from sentinel.traffic.handover import Handover
from sentinel.windows.kept import KeptRows
from sentinel.windows.window import storable

logger = logging.getLogger("sentinel.observer")

GPU_SECONDS = 5.0
"""Between two GPU readings: as fine as a scrape needs, rare enough that reading costs nothing."""
W3C_PARTS = 4
"""version-traceid-parentid-flags (W3C Trace Context)."""
RETENTION_SECONDS = 300.0
"""Between two small steps of merging or deleting what is past its time."""


class Observer:
    """One life of the observer, from its handover to its end."""

    def __init__(self, parts: Parts, handover: Handover) -> None:
        self.settings = settings = parts.settings
        self.parts = parts
        self.recorder = parts.recorder
        self._lifeline = handover.lifeline
        callbacks = Callbacks(self._exchange, self._summary, self._unparsed, self._lost, self._extra)
        self.receiver = Receiver(handover, callbacks, settings.capture.max_body_bytes)
        boots = self.receiver.ledger.boots() if handover.generation > 1 else frozenset()
        self.counting = Counting(boots)
        self.deciding = Deciding(self.recorder)
        self._judging = ThreadPoolExecutor(1, thread_name_prefix="sentinel-judge")
        self._stop = asyncio.Event()
        self._work = Work(self._stop)
        self._windows_lost = 0
        self.delivering = Delivering(settings, parts.targets, parts.recorder)
        self.recorder.sidecar.configuration(True, time.time())
        self.recorder.sidecar.restarts("observer", handover.generation - 1)

    async def run(self) -> None:
        """Observe until SIGTERM or until the supervisor is gone; then judge and store what is there.

        Raises CannotListen, and WorkFailed when a part of the work ended by itself.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_reader(self._lifeline, self._stop.set)
        async with AsyncExitStack() as stack:
            pushed = Pushed(self._pushed, self._pushed_half, self._pushed_beyond_room, self.recorder.sampled_by_sender)
            await stack.enter_async_context(
                serving(self.parts, pushed, self.delivering.wake, self._decided, self._not_ready)
            )
            self.receiver.start()
            self.recorder.sidecar.ready(True)
            give_back()
            stack.push_async_callback(self._work.cancel)
            self._begin()
            await self._stop.wait()
            loop.remove_reader(self._lifeline)
            await self.receiver.stop()
            if self.parts.shadowing is not None:
                await self.parts.shadowing.mirror.drain()
            await self._judge(self.parts.pipeline.close_all())
        self._judging.shutdown()
        self.parts.writer.close()
        self._work.check()

    def _begin(self) -> None:
        """Start all that is done beside receiving."""
        begin, parts, settings = self._work.keep, self.parts, self.settings
        self._work.start("windows", self._close_windows())
        if not settings.fleet.member:  # the fleet's leader does it for all
            begin("retention", self._forget)
        if parts.labelling is not None:
            begin("labels", parts.labelling.run)
        if parts.shadowing is not None:
            begin("shadow", parts.shadowing.mirror.run)
        if settings.gpu.enabled:
            begin("gpu", self._read_gpus)
        if settings.rollback.mode != "off" and not settings.fleet.member:
            begin("deliverer", self.delivering.run)

    # -- what the receiver says ---------------------------------------------------------------------------------

    def _exchange(self, exchange: Exchange) -> str | None:
        return self._taken(exchange).reason or None

    def _taken(self, exchange: Exchange) -> Outcome:
        outcome = self.parts.pipeline.exchange(exchange)
        if self.parts.shadowing is not None:
            self.parts.shadowing.offer(exchange, outcome)
        self.recorder.exchange(outcome.outcome, outcome.model, outcome.version, outcome.reason)
        if self.parts.labelling is not None:
            self._keep(self.parts.labelling, outcome)
        if trace := trace_of(exchange):
            at = exchange.started_at + exchange.duration_seconds
            self.recorder.trace(outcome.model, outcome.version, trace, exchange.duration_seconds, at)
        if outcome.usage is not None:
            self.recorder.generation(outcome.model, outcome.version, outcome.usage)
        return outcome

    def _keep(self, labelling: Labelling, outcome: Outcome) -> None:
        """Its predictions, for labels that come later."""
        labelling.keep(outcome.kept)
        if outcome.unnamed:
            self.recorder.labels.kept(1, "unnamed")

    def _extra(self, count: int) -> None:
        """Exchanges found in one sample, because a client pipelined: the relay had counted one."""
        self._received(count)

    def _received(self, count: int) -> None:
        for (model, version), part in self.parts.pipeline.received(count):
            self.recorder.received(model, version, part)

    def _pushed(self, exchange: Exchange) -> None:
        """An exchange that no relay saw: counted as received here, with its status and, where it was told, its time."""
        outcome = self._taken(exchange)
        whose = outcome.model, outcome.version
        self.recorder.received(*whose, 1)
        if exchange.status:
            route = Route(storable(exchange.method), storable(exchange.path), exchange.protocol)
            traffic, at = traffic_of(exchange, storable(trace_of(exchange))), exchange.started_at
            self._count(route, traffic, at + exchange.duration_seconds, whose)
            self.recorder.exemplars(route, traffic.exemplars, at)

    def _pushed_half(self, reason: str) -> None:
        self._unparsed(reason)
        self._received(1)

    def _pushed_beyond_room(self, reason: str) -> None:
        self._passed_over(0, {reason: 1}, time.time())
        self._received(1)

    def _passed_over(self, sampled_out: int, dropped: Mapping[str, int], at: float) -> None:
        for outcome, count in self.parts.pipeline.passed_over(sampled_out, dropped, at):
            self.recorder.exchange(outcome.outcome, outcome.model, outcome.version, outcome.reason, count)

    def _count(self, route: Route, traffic: RouteTraffic, at: float, whose: Pair | None = None) -> None:
        for (model, version), part in self.parts.pipeline.route_traffic(route, traffic, at, whose):
            self.recorder.traffic(model, version, route.protocol, part)

    def _unparsed(self, reason: str) -> None:
        outcome = self.parts.pipeline.unparsed(reason, time.time())
        self.recorder.exchange(UNDECODABLE, outcome.model, outcome.version, reason)

    def _lost(self, count: int) -> None:
        """Counted with the next summary, whose ledger has it under observer_restart."""
        logger.warning("%d samples were lost with an earlier observer", count)

    def _summary(self, summary: TrafficSummary) -> None:
        told = self.receiver.ledger.observer
        self.recorder.sidecar.reloads(
            told[ledger.RELOADS], told[ledger.RELOADS_REFUSED], bool(told[ledger.LAST_RELOAD_REFUSED])
        )
        added = self.counting.add(summary)
        if added.restarted:
            self.recorder.sidecar.restarts("relay")
        self.recorder.connections(self.counting.connections_open, added.connections, added.opaque)
        self.recorder.buffered(self.counting.buffered_bytes, added.slow_readers_reset)
        self.recorder.sidecar.lag(max(0.0, time.time() - added.at))
        if added.earlier:
            self._count_earlier(added)
        else:
            self._count_new(added)
        self.parts.pipeline.counted()

    def _count_new(self, added: Added) -> None:
        for route, delta in added.routes.items():
            self._count(route, delta, added.at)
            self.recorder.exemplars(route, delta.exemplars, added.at)
        self._passed_over(added.sampled_out, added.dropped, added.at)
        self._received(added.received)

    def _count_earlier(self, added: Added) -> None:
        """What passed before this observer: into the counters, into no window."""
        model, version = self.parts.pipeline.attribution.latest()
        for route, delta in added.routes.items():
            self.recorder.traffic(model, version, route.protocol, delta)
        self.recorder.received(model, version, added.received)
        for outcome, count in (
            ("sampled_out", added.sampled_out),
            ("analysed", added.analysed),
            (UNDECODABLE, added.undecodable),
        ):
            reason = "before_restart" if outcome == UNDECODABLE else ""
            self.recorder.exchange(outcome, model, version, reason, count)
        for reason, count in added.dropped.items():
            self.recorder.exchange(DROPPED, model, version, reason, count)

    # -- windows ------------------------------------------------------------------------------------------------

    async def _close_windows(self) -> None:
        while True:
            await asyncio.sleep(self.parts.pipeline.seconds_to_close(time.time()))
            closed = self.parts.pipeline.close_due(time.time())
            self.recorder.window_ended()
            await self._judge(closed)
            give_back()

    async def _judge(self, closed: list[Any]) -> None:
        """Judge and store, in order, without holding up the loop."""
        loop = asyncio.get_running_loop()
        for window in closed:
            handed = await loop.run_in_executor(self._judging, self.parts.queue.take, window, time.time())
            for judgement, written in handed:
                self._tell(judgement)
                self._time_commit(written)
        for sample in self.parts.pipeline.take_kept():
            self.parts.writer.call(partial(_keep, sample)).add_done_callback(_rows_kept)
        self._report_store()
        self._read_back()
        if self.parts.shadowing is not None:
            self.parts.shadowing.settle(time.time())

    def _decided(self, audit: Sequence[AuditRecord]) -> None:
        """A request from outside was decided."""
        self.deciding.made(audit)
        self._read_back()

    def _read_back(self) -> None:
        """Tell of decisions once the store, which is asked after it was given them, has them."""
        if not self.deciding.waiting:
            return
        loop = asyncio.get_running_loop()

        def done(future: "Future[list[AuditRecord]]") -> None:
            if not future.cancelled() and future.exception() is None:
                loop.call_soon_threadsafe(self.deciding.written, future.result(), time.time())

        self.parts.writer.call(lambda store: store.audit_trail(READ_BACK)).add_done_callback(done)

    def _time_commit(self, written: "Future[writer.Outcome]") -> None:
        """Measure the time from the handing over of a window until it is in the store."""
        begun = time.monotonic()
        loop = asyncio.get_running_loop()

        def done(future: "Future[writer.Outcome]") -> None:
            if not future.cancelled() and future.exception() is None and future.result() == "written":
                loop.call_soon_threadsafe(self.recorder.sidecar.store, True, time.monotonic() - begun)

        written.add_done_callback(done)

    def _report_store(self) -> None:
        writer = self.parts.writer
        self.recorder.sidecar.store(not writer.counts.away)
        lost = writer.lost
        self.recorder.sidecar.spool(writer.spooled.records, lost - self._windows_lost)
        self._windows_lost = lost

    def _tell(self, judgement: Judgement) -> None:
        verdict = judgement.verdict
        self.recorder.window(judgement.window, judgement.scores, verdict, self._pictures(judgement))
        self.deciding.made(judgement.plan.audit)
        for effect in judgement.plan.effects:
            asked = effect.request
            logger.warning(
                "rollback of %s from %s: %s after %.0f s",
                asked.model,
                asked.from_version,
                effect.outcome,
                effect.seconds,
            )
        if judgement.plan.intents:
            self.delivering.wake()
        logger.info(
            "%s %s [%s]: %s",
            verdict.model,
            verdict.version,
            verdict.state,
            verdict.explanation,
            extra={
                "window": verdict.start,
                "model": verdict.model,
                "version": verdict.version,
                "verdict": str(verdict.state),
                "evidence": round(verdict.evidence, 6),
                "rows": verdict.rows,
            },
        )

    def _pictures(self, judgement: Judgement) -> list[FeaturePicture]:
        reference = self.parts.reference
        return pictures(reference, judgement.window, judgement.verdict) if reference else []

    # -- beside the windows -------------------------------------------------------------------------------------

    async def _read_gpus(self) -> None:
        reader = GpuReader()
        while True:
            self.recorder.gpu(await asyncio.to_thread(reader.read))
            await asyncio.sleep(GPU_SECONDS)

    async def _forget(self) -> None:
        kept = self.settings.store
        retention = Retention(kept.retention_days, kept.hour_days, kept.day_days, kept.rows_days)
        while True:
            await asyncio.sleep(RETENTION_SECONDS)
            self.parts.writer.call(lambda store: store.forget(time.time(), retention))

    def _not_ready(self) -> str:
        return "the observer is stopping" if self._stop.is_set() else ""


def trace_of(exchange: Exchange) -> str:
    """The trace id of a request (W3C traceparent), else its request id, else ""."""
    headers = exchange.request.headers
    parts = headers.get("traceparent", "").split("-")
    return parts[1] if len(parts) == W3C_PARTS else headers.get("x-request-id", "")


def _keep(sample: KeptRows, store: Store) -> None:
    store.keep_rows(sample)


def _rows_kept(written: "Future[None]") -> None:
    if (error := written.exception()) is not None:
        logger.warning("a sample of rows was lost: %s", error)
