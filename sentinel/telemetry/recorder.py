"""Where the application tells what happened; the metrics and the status page are made from what is kept here.

Plain state and arithmetic: no clock (times are given), no exposition, no I/O. Bounded whatever the traffic says:
model versions, reasons and features beyond their room share `__other__`, and that is counted.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from sentinel import __version__
from sentinel.config.settings import Settings
from sentinel.decode.usage import LlmUsage
from sentinel.drift.scores import FeatureScores
from sentinel.judge.verdict import Incident, Verdict
from sentinel.labels.values import Report
from sentinel.shadow.account import Result, latency_quantiles
from sentinel.shadow.book import Standing
from sentinel.telemetry.catalogue import Metric, drift, gpu, internals, rollback, serving, shadow
from sentinel.telemetry.children import Pair, create_children, open_pair
from sentinel.telemetry.generation import SERIES_OF_GENERATION, open_generation, record
from sentinel.telemetry.label_gauges import LabelGauges
from sentinel.telemetry.labels import OTHER, label, trace_id
from sentinel.telemetry.readings import GpuReadings
from sentinel.telemetry.series import Series
from sentinel.telemetry.view import TIMELINE_EVENTS, Conservation, Event, FeaturePicture, GpuView, ModelView, StatusView
from sentinel.telemetry.window_gauges import WindowGauges
from sentinel.traffic import Route, RouteTraffic, upper_bound
from sentinel.traffic.summary import Exemplar
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.exemplars import Told, foremost

SERIES_PER_PAIR = 220  # what one model version takes without its features, rounded up; a test holds it
MOST_REASONS = 32  # distinct reasons of one metric; they are fixed words, so this is only a fence
RETIRED_AFTER_SECONDS = 3600.0  # a version without a window for so long gives its place to a new one


class Recorder:
    """Fed by the application, read by the collector and the status page. Not thread-safe: one event loop."""

    def __init__(self, settings: Settings, *, started_at: float) -> None:
        self.settings = settings
        self.started_at = started_at
        self.series = Series()
        self.timeline: deque[Event] = deque(maxlen=TIMELINE_EVENTS)
        self.incidents: dict[str, Incident] = {}
        self.models: dict[Pair, ModelView] = {}
        self._pairs: dict[tuple[str, str], Pair] = {}
        self._last_trace: dict[Pair, str] = {}
        self._generating: set[Pair] = set()
        self._slow_seconds = settings.slo.latency_p99_seconds
        self._windows = WindowGauges(self.series, settings.telemetry.max_series)
        self._gpu = GpuReadings(up=False)
        self.labels = LabelGauges(self.series)
        self._shadows: tuple[Standing, ...] = ()
        self._exemplars: tuple[Told, ...] = ()
        self._last_exemplars: tuple[Told, ...] = ()
        create_children(self.series, settings, __version__)
        if settings.labels.enabled:
            self.labels.open(settings.model.name)
        self.configuration(True, started_at)

    # -- traffic ------------------------------------------------------------------------------------------------

    def traffic(self, model: str, version: str, protocol: str, delta: RouteTraffic) -> None:
        """Count what passed since the last call (differences, not cumulative counts)."""
        pair = self._pair(model, version)
        for code, count in delta.codes.items():
            self.series.add(serving.REQUESTS, (*pair, label(code), label(protocol)), count)
        durations = self.series.histogram(serving.REQUEST_DURATION, pair)
        durations.add_buckets(delta.latency, delta.latency_sum_seconds)
        for metric, buckets in ((serving.FIRST_BYTE, delta.first_byte), (serving.CHUNK_GAP, delta.gaps)):
            if buckets:
                total = sum(upper_bound(bucket) * count for bucket, count in buckets.items())
                self.series.histogram(metric, pair).add_buckets(buckets, total)
        self.series.add(serving.REQUEST_BYTES, pair, delta.request_bytes)
        self.series.add(serving.RESPONSE_BYTES, pair, delta.response_bytes)
        self._service_levels(pair, delta)

    def _service_levels(self, pair: Pair, delta: RouteTraffic) -> None:
        if self.settings.slo.error_ratio is not None:
            bad = sum(delta.codes.get(code, 0) for code in serving.BAD_CODES)
            self._slo(pair, "errors", sum(delta.codes.values()), bad)
        if self._slow_seconds is not None:
            slow = sum(n for bucket, n in delta.latency.items() if upper_bound(bucket) > self._slow_seconds)
            self._slo(pair, "latency", sum(delta.latency.values()), slow)

    def _slo(self, pair: Pair, slo: str, events: int, bad: int) -> None:
        self.series.add(serving.SLO_EVENTS, (*pair, slo), events)
        self.series.add(serving.SLO_BAD_EVENTS, (*pair, slo), bad)

    def exemplars(self, route: Route, found: Sequence[Exemplar], at: float) -> None:
        """Failures and slowest exchanges of a route in the second that ended at `at`."""
        self._exemplars = foremost((*self._exemplars, *(Told(route, one, at) for one in found)))

    def window_ended(self) -> None:
        """The exemplars of the window under way become those of the last one."""
        self._last_exemplars, self._exemplars = self._exemplars, ()

    def connections(self, open_now: int, accepted: int, opaque: Mapping[str, int]) -> None:
        """Client connections: how many are open, and how many were accepted or turned opaque since the last call."""
        self.series.put(serving.CONNECTIONS_OPEN, (), open_now)
        self.series.add(serving.CONNECTIONS, (), accepted)
        for reason, count in opaque.items():
            self.series.add(serving.OPAQUE, (self._reason(serving.OPAQUE, reason),), count)

    def buffered(self, waiting_bytes: int, slow_readers_reset: int) -> None:
        """Bytes that wait for slow readers now, and the readers given up since the last call."""
        self.series.put(serving.BUFFERED, (), waiting_bytes)
        self.series.add(serving.SLOW_READERS_RESET, (), slow_readers_reset)

    def received(self, model: str, version: str, count: int = 1) -> None:
        """Count exchanges that were seen, before it is known what becomes of them."""
        self.series.add(serving.RECEIVED, self._pair(model, version), count)

    def sampled_by_sender(self, ratio: float) -> None:
        """The share of requests that whoever pushes them says it pushes."""
        self.series.put(serving.SENDER_RATIO, (), ratio)

    def exchange(self, outcome: str, model: str, version: str, reason: str = "", count: int = 1) -> None:
        """Count exchanges by what became of them: analysed, sampled_out, dropped or undecodable (with the reason)."""
        pair = self._pair(model, version)
        self.series.add(serving.EXCHANGES, (*pair, outcome), count)
        if outcome == "dropped":
            self.series.add(serving.DROPPED, (self._reason(serving.DROPPED, reason),), count)
        elif outcome == "undecodable":
            self.series.add(serving.UNDECODABLE, (*pair, self._reason(serving.UNDECODABLE, reason)), count)

    def trace(self, model: str, version: str, trace: str, seconds: float, at: float) -> None:
        """Remember the trace or request id of an exchange as exemplar of its duration; ill-formed ids are ignored."""
        if (known := trace_id(trace)) is not None:
            pair = self._pair(model, version)
            self._last_trace[pair] = known
            self.series.histogram(serving.REQUEST_DURATION, pair).mark((known, seconds, at))

    def generation(self, model: str, version: str, usage: LlmUsage) -> None:
        """Count one analysed call of a generative model."""
        pair = self._pair(model, version)
        if pair not in self._generating:
            self._generating.add(pair)
            open_generation(self.series, pair)
        record(self.series, pair, usage)

    # -- windows and verdicts -----------------------------------------------------------------------------------

    def window(
        self,
        closed: ClosedWindow,
        scores: Mapping[str, FeatureScores],
        verdict: Verdict,
        pictures: Sequence[FeaturePicture] = (),
    ) -> None:
        """Take in a judged window. `pictures`: bins of the features, for the page and the prediction histogram."""
        pair = self._pair(closed.key.model, closed.key.version)
        if pair not in self.models:
            self._event(Event(closed.start, "version", "First window of this version", "", *pair))
        view = self.models.setdefault(pair, ModelView(*pair))
        self._windows.write(pair, view, closed, scores, verdict, pictures)
        self._windows.retire(pair, closed.end)
        for incident in verdict.opened:
            self._opened(incident)
        for incident in verdict.resolved:
            self.incidents.pop(incident.id, None)
            self._event(
                Event(incident.resolved_at or closed.end, "resolved", f"{_title(incident)} is over", "", *_of(incident))
            )
        self._stand(verdict)

    def _opened(self, incident: Incident) -> None:
        pair = self._pair(incident.model, incident.version)
        labels = (*pair, incident.cause)
        self.series.add(drift.INCIDENTS, labels)
        if pair in self._last_trace:
            self.series.exemplars.setdefault(drift.INCIDENTS, {})[labels] = self._last_trace[pair]
        self.series.put(drift.INCIDENT_LAST, pair, incident.opened_at)
        self._event(Event(incident.opened_at, "incident", _title(incident), incident.explanation, *_of(incident)))

    def _stand(self, verdict: Verdict) -> None:
        """Replace the open incidents of this model by those that the verdict says stand."""
        for known in [i for i in self.incidents.values() if i.model == verdict.model]:
            del self.incidents[known.id]
        self.incidents.update({incident.id: incident for incident in verdict.open})
        for pair in [pair for pair in self._pairs.values() if pair[0] == label(verdict.model)]:
            for cause in drift.CAUSES:
                self.series.put(drift.INCIDENTS_OPEN, (*pair, cause), 0)
        for incident in verdict.open:
            self.series.add(drift.INCIDENTS_OPEN, (*self._pair(incident.model, incident.version), incident.cause))

    def quality(self, report: Report) -> None:
        """What recent predictions of a version are worth: by their labels, or as an estimate."""
        pair = self._pair(report.span.model, report.span.version)
        self.labels.quality(pair, report)
        if (view := self.models.get(pair)) is not None:
            view.quality = {**view.quality, report.kind: report}

    # -- rollback -----------------------------------------------------------------------------------------------

    def decision(self, outcome: str, model: str, version: str, at: float, sentence: str = "") -> None:
        """Count a decision about a rollback; `triggered` marks the time for the annotation on dashboards."""
        pair = self._pair(model, version)
        self.series.add(rollback.DECISIONS, (pair[0], self._reason(rollback.DECISIONS, outcome)))
        if outcome == rollback.TRIGGERED:
            self.series.put(rollback.LAST_REQUEST, pair, at)
        self._event(Event(at, "decision", f"Rollback: {outcome.replace('_', ' ')}", sentence, *pair))

    def delivery(self, target: str, result: str, seconds: float, at: float) -> None:
        """Count one attempt to deliver a rollback request, or with `expired` a request that was given up."""
        name = label(target)
        self.series.add(rollback.DELIVERIES, (name, self._reason(rollback.DELIVERIES, result)))
        if result != rollback.EXPIRED:
            self.series.histogram(rollback.DELIVERY_DURATION, (name,)).observe(seconds)
        detail = "" if result == rollback.EXPIRED else f"took {seconds:.2f} s"
        self._event(Event(at, "delivery", f"{name}: {result.replace('_', ' ')}", detail))

    def outbox(self, pending: int, dead_letters: int) -> None:
        """How many rollback requests wait for delivery, and how many were given up."""
        self.series.put(rollback.PENDING, (), pending)
        self.series.put(rollback.DEAD_LETTERS, (), dead_letters)

    def armed(self, armed: bool) -> None:
        """Whether a breach may send a rollback request now."""
        self.series.put(rollback.ARMED, (), int(armed))

    # -- the second model ---------------------------------------------------------------------------------------

    def mirrored(self, outcome: str, model: str, version: str, rows: int = 0, differing: int = 0) -> None:
        """Count an exchange chosen for the second model, and the rows that were compared."""
        pair = self._pair(model, version)
        self.series.add(shadow.REQUESTS, (*pair, outcome))
        self.series.add(shadow.ROWS, (*pair, "same"), rows - differing)
        self.series.add(shadow.ROWS, (*pair, "different"), differing)

    def shadows(self, standings: Sequence[Standing], at: float) -> None:
        """Replace what is known of the second model; a verdict that changed is an event of the timeline."""
        before = {standing.key: standing.result.verdict for standing in self._shadows}
        self._shadows = tuple(standings)
        self.series.withdraw(shadow.GAUGES)
        for standing in standings:
            pair, result = self._pair(standing.model, standing.version), standing.result
            self._shadow(pair, result)
            if result.verdict != before.get(standing.key, "unknown"):
                self._event(Event(at, "shadow", f"Second model: {result.verdict}", result.sentence, *pair))

    def _shadow(self, pair: Pair, result: Result) -> None:
        put, account = self.series.put, result.account
        for verdict in shadow.VERDICTS:
            put(shadow.VERDICT, (*pair, verdict), int(verdict == result.verdict))
        put(shadow.BOUND, (*pair, "lower"), result.lower)
        put(shadow.BOUND, (*pair, "upper"), result.upper)
        if account.pairs.answered:
            put(shadow.DIFFERING, pair, account.pairs.ratio)
        for name, output in account.outputs.items():
            put(shadow.AGREEMENT, (*pair, label(name)), output.agreement_ratio)
            for quantile, distance in output.quantiles().items():
                put(shadow.DISTANCE, (*pair, label(name), f"{quantile:g}"), distance)
        for side in shadow.SIDES:
            for quantile, seconds in latency_quantiles(account, side).items():
                put(shadow.DURATION, (*pair, side, f"{quantile:g}"), seconds)

    # -- the sidecar itself -------------------------------------------------------------------------------------

    def ready(self, ready: bool) -> None:
        """Whether the observer takes exchanges; what /readyz answers."""
        self.series.put(internals.READY, (), int(ready))

    def lag(self, seconds: float) -> None:
        """Age of what the observer is working on."""
        self.series.put(internals.LAG, (), seconds)

    def restarts(self, process: str, count: int = 1) -> None:
        """Count starts of a child after its first."""
        self.series.add(internals.RESTARTS, (process,), count)

    def store(self, up: bool, commit_seconds: float | None = None) -> None:
        """The outcome of a write to the store, with its duration when it was a window's commit."""
        self.series.put(internals.STORE_UP, (), int(up))
        if not up:
            self.series.add(internals.STORE_ERRORS)
        elif commit_seconds is not None:
            self.series.histogram(internals.COMMIT_DURATION).observe(commit_seconds)

    def spool(self, waiting: int, lost: int = 0) -> None:
        """Windows that wait for the store, and those lost since the last call."""
        self.series.put(internals.SPOOLED, (), waiting)
        self.series.add(internals.SPOOL_LOST, (), lost)

    def configuration(self, successful: bool, at: float) -> None:
        """The outcome of reading the configuration (again)."""
        self.series.put(internals.CONFIG_RELOAD, (), int(successful))
        if successful:
            self.series.put(internals.CONFIG_RELOAD_AT, (), at)

    def reloads(self, taken: int, refused: int, last_refused: bool) -> None:
        """How often the configuration was read again since the sidecar started, and how the last time ended."""
        self.series.put(internals.CONFIG_RELOADS, ("taken",), taken)
        self.series.put(internals.CONFIG_RELOADS, ("refused",), refused)
        self.series.put(internals.CONFIG_RELOAD, (), int(not last_refused))

    def gpu(self, readings: GpuReadings) -> None:
        """Replace all GPU values: what NVML did not tell this time disappears."""
        self._gpu = readings
        for metric in GPU_METRICS:
            self.series.values[metric] = dict(readings.samples.get(metric, {}))
        self.series.put(gpu.COLLECTOR_UP, (), int(readings.up))

    # -- what the page shows ------------------------------------------------------------------------------------

    def view(self) -> StatusView:
        """The status page's values at this moment."""
        get = self.series.get
        return StatusView(
            models=tuple(self.models.values()),
            incidents=tuple(self.incidents.values()),
            timeline=tuple(reversed(self.timeline)),
            conservation=self._conservation(),
            shadows=self._shadows if self.settings.capture.shadow.url else None,
            exemplars=self._last_exemplars,
            gpu_up=self._gpu.up,
            gpus=_gpu_views(self.series),
            ready=bool(get(internals.READY)),
            armed=bool(get(rollback.ARMED)),
            rollback_mode=self.settings.rollback.mode,
            pending=int(get(rollback.PENDING)),
            dead_letters=int(get(rollback.DEAD_LETTERS)),
            store_up=self.series.values.get(internals.STORE_UP, {}).get((), 1) == 1,
            window_seconds=self.settings.window.seconds,
            started_at=self.started_at,
        )

    def _conservation(self) -> Conservation:
        reasons = {**self._sums(serving.DROPPED), **self._sums(serving.UNDECODABLE)}
        received = sum(self.series.values.get(serving.RECEIVED, {}).values())
        return Conservation(received, self._sums(serving.EXCHANGES), reasons)

    def _sums(self, metric: Metric) -> dict[str, float]:
        """Totals by the last label."""
        totals: dict[str, float] = {}
        for labels, value in self.series.values.get(metric, {}).items():
            totals[labels[-1]] = totals.get(labels[-1], 0) + value
        return totals

    # -- bounds -------------------------------------------------------------------------------------------------

    def _pair(self, model: str, version: str) -> Pair:
        """The label values of a model version, made with all its children at 0 when it is new."""
        if (known := self._pairs.get((model, version))) is not None:
            return known
        if len(self._pairs) >= self._most_pairs() and not self._make_room():
            return open_pair(self.series, self.settings, (OTHER, OTHER))
        pair = open_pair(self.series, self.settings, (label(model), label(version)))
        self._pairs[(model, version)] = pair
        return pair

    def _most_pairs(self) -> int:
        each = SERIES_PER_PAIR + (SERIES_OF_GENERATION if self._generating else 0)
        return max(2, self.settings.telemetry.max_series // each)

    def _make_room(self) -> bool:
        """Forget the version that has been silent longest, if it has been for long."""
        ends = {key: self.models[pair].history[-1].end for key, pair in self._pairs.items() if pair in self.models}
        if not ends:
            return False
        oldest = min(ends, key=lambda key: ends[key])
        if max(ends.values()) - ends[oldest] < RETIRED_AFTER_SECONDS:
            return False
        pair = self._pairs.pop(oldest)
        self.models.pop(pair, None)
        self._last_trace.pop(pair, None)
        self._generating.discard(pair)
        self.series.forget(pair)
        return True

    def _reason(self, metric: Metric, reason: str) -> str:
        word = label(reason)
        known = {labels[-1] for labels in self.series.values.get(metric, {})}
        return word if word in known or len(known) < MOST_REASONS else OTHER

    def _event(self, event: Event) -> None:
        self.timeline.append(event)


GPU_METRICS = tuple(value for value in vars(gpu).values() if isinstance(value, Metric))


def _title(incident: Incident) -> str:
    return incident.cause.replace("_", " ").capitalize()


def _of(incident: Incident) -> Pair:
    return label(incident.model), label(incident.version)


def _gpu_views(series: Series) -> tuple[GpuView, ...]:
    def of(metric: Metric, device: str) -> float | None:
        return series.values.get(metric, {}).get((device,))

    return tuple(
        GpuView(
            device,
            name,
            of(gpu.UTILIZATION, device),
            of(gpu.MEMORY_USED, device),
            of(gpu.MEMORY_TOTAL, device),
            of(gpu.POWER, device),
            of(gpu.TEMPERATURE, device),
        )
        for device, _, name in series.values.get(gpu.INFO, {})
    )
