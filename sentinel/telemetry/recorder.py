"""Where the application tells what happened; the metrics and the status page are made from what is kept here.

Traffic, windows and incidents are here; `labels`, `rollbacks`, `shadow` and `sidecar` are parts of their own.
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
from sentinel.telemetry.catalogue import Metric, drift, gpu, internals, rollback, serving
from sentinel.telemetry.children import Pair, create_children
from sentinel.telemetry.generation import record
from sentinel.telemetry.label_gauges import LabelGauges
from sentinel.telemetry.labels import label, trace_id
from sentinel.telemetry.readings import GpuReadings
from sentinel.telemetry.rollback_counts import RollbackCounts
from sentinel.telemetry.series import Series, fenced
from sentinel.telemetry.shadow_gauges import ShadowGauges
from sentinel.telemetry.sidecar_gauges import SidecarGauges
from sentinel.telemetry.totals import conservation, gpu_views
from sentinel.telemetry.versions import Versions
from sentinel.telemetry.view import TIMELINE_EVENTS, Event, FeaturePicture, ModelView, StatusView
from sentinel.telemetry.window_gauges import WindowGauges
from sentinel.traffic import Route, RouteTraffic, upper_bound
from sentinel.traffic.summary import Exemplar
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.exemplars import Told, foremost


class Recorder:
    """Fed by the application, read by the collector and the status page. Not thread-safe: one event loop."""

    def __init__(self, settings: Settings, *, started_at: float) -> None:
        self.settings = settings
        self.started_at = started_at
        self.series = Series()
        self.timeline: deque[Event] = deque(maxlen=TIMELINE_EVENTS)
        self.incidents: dict[str, Incident] = {}
        self._versions = Versions(self.series, settings)
        self._slow_seconds = settings.slo.latency_p99_seconds
        self._windows = WindowGauges(self.series, settings.telemetry.max_series)
        self._gpu = GpuReadings(up=False)
        self.labels = LabelGauges(self.series)
        self.sidecar = SidecarGauges(self.series)
        self.rollbacks = RollbackCounts(self.series, self._versions, self._event)
        self.shadow = ShadowGauges(self.series, self._versions, self._event)
        self._exemplars: tuple[Told, ...] = ()
        self._last_exemplars: tuple[Told, ...] = ()
        create_children(self.series, settings, __version__)
        if settings.labels.enabled:
            self.labels.open(settings.model.name)
        self.sidecar.configuration(True, started_at)

    # -- traffic ------------------------------------------------------------------------------------------------

    def traffic(self, model: str, version: str, protocol: str, delta: RouteTraffic) -> None:
        """Count what passed since the last call (differences, not cumulative counts)."""
        pair = self._versions.pair(model, version)
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
            self.series.add(serving.OPAQUE, (fenced(self.series, serving.OPAQUE, reason),), count)

    def buffered(self, waiting_bytes: int, slow_readers_reset: int) -> None:
        """Bytes that wait for slow readers now, and the readers given up since the last call."""
        self.series.put(serving.BUFFERED, (), waiting_bytes)
        self.series.add(serving.SLOW_READERS_RESET, (), slow_readers_reset)

    def received(self, model: str, version: str, count: int = 1) -> None:
        """Count exchanges that were seen, before it is known what becomes of them."""
        self.series.add(serving.RECEIVED, self._versions.pair(model, version), count)

    def sampled_by_sender(self, ratio: float) -> None:
        """The share of requests that whoever pushes them says it pushes."""
        self.series.put(serving.SENDER_RATIO, (), ratio)

    def exchange(self, outcome: str, model: str, version: str, reason: str = "", count: int = 1) -> None:
        """Count exchanges by what became of them: analysed, sampled_out, dropped or undecodable (with the reason)."""
        pair = self._versions.pair(model, version)
        self.series.add(serving.EXCHANGES, (*pair, outcome), count)
        if outcome == "dropped":
            self.series.add(serving.DROPPED, (fenced(self.series, serving.DROPPED, reason),), count)
        elif outcome == "undecodable":
            self.series.add(serving.UNDECODABLE, (*pair, fenced(self.series, serving.UNDECODABLE, reason)), count)

    def trace(self, model: str, version: str, trace: str, seconds: float, at: float) -> None:
        """Remember the trace or request id of an exchange as exemplar of its duration; ill-formed ids are ignored."""
        if (known := trace_id(trace)) is not None:
            pair = self._versions.pair(model, version)
            self._versions.traces[pair] = known
            self.series.histogram(serving.REQUEST_DURATION, pair).mark((known, seconds, at))

    def generation(self, model: str, version: str, usage: LlmUsage) -> None:
        """Count one analysed call of a generative model."""
        pair = self._versions.pair(model, version)
        self._versions.generates(pair)
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
        pair = self._versions.pair(closed.key.model, closed.key.version)
        if pair not in self._versions.views:
            self._event(Event(closed.start, "version", "First window of this version", "", *pair))
        view = self._versions.views.setdefault(pair, ModelView(*pair))
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
        pair = self._versions.pair(incident.model, incident.version)
        labels = (*pair, incident.cause)
        self.series.add(drift.INCIDENTS, labels)
        if pair in self._versions.traces:
            self.series.exemplars.setdefault(drift.INCIDENTS, {})[labels] = self._versions.traces[pair]
        self.series.put(drift.INCIDENT_LAST, pair, incident.opened_at)
        self._event(Event(incident.opened_at, "incident", _title(incident), incident.explanation, *_of(incident)))

    def _stand(self, verdict: Verdict) -> None:
        """Replace the open incidents of this model by those that the verdict says stand."""
        for known in [i for i in self.incidents.values() if i.model == verdict.model]:
            del self.incidents[known.id]
        self.incidents.update({incident.id: incident for incident in verdict.open})
        for pair in self._versions.of(verdict.model):
            for cause in drift.CAUSES:
                self.series.put(drift.INCIDENTS_OPEN, (*pair, cause), 0)
        for incident in verdict.open:
            pair = self._versions.pair(incident.model, incident.version)
            self.series.add(drift.INCIDENTS_OPEN, (*pair, incident.cause))

    def quality(self, report: Report) -> None:
        """What recent predictions of a version are worth: by their labels, or as an estimate."""
        pair = self._versions.pair(report.span.model, report.span.version)
        self.labels.quality(pair, report)
        if (view := self._versions.views.get(pair)) is not None:
            view.quality = {**view.quality, report.kind: report}

    # -- devices ------------------------------------------------------------------------------------------------

    def gpu(self, readings: GpuReadings) -> None:
        """Replace all GPU values: what a driver did not tell this time disappears."""
        self._gpu = readings
        for metric in GPU_METRICS:
            self.series.values[metric] = dict(readings.samples.get(metric, {}))
        self.series.put(gpu.COLLECTOR_UP, (), int(readings.up))

    # -- what the page shows ------------------------------------------------------------------------------------

    def view(self) -> StatusView:
        """The status page's values at this moment."""
        get = self.series.get
        return StatusView(
            models=tuple(self._versions.views.values()),
            incidents=tuple(self.incidents.values()),
            timeline=tuple(reversed(self.timeline)),
            conservation=conservation(self.series),
            shadows=self.shadow.now if self.settings.capture.shadow.urls else None,
            exemplars=self._last_exemplars,
            gpu_up=self._gpu.up,
            gpus=gpu_views(self.series),
            ready=bool(get(internals.READY)),
            armed=bool(get(rollback.ARMED)),
            rollback_mode=self.settings.rollback.mode,
            pending=int(get(rollback.PENDING)),
            dead_letters=int(get(rollback.DEAD_LETTERS)),
            store_up=self.series.values.get(internals.STORE_UP, {}).get((), 1) == 1,
            window_seconds=self.settings.window.seconds,
            started_at=self.started_at,
        )

    def _event(self, event: Event) -> None:
        self.timeline.append(event)


GPU_METRICS = tuple(value for value in vars(gpu).values() if isinstance(value, Metric))


def _title(incident: Incident) -> str:
    return incident.cause.replace("_", " ").capitalize()


def _of(incident: Incident) -> Pair:
    return label(incident.model), label(incident.version)
