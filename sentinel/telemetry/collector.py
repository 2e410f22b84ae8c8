"""From the recorder's state to Prometheus samples, at scrape time. The only file with prometheus-client's types."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from sentinel.telemetry.catalogue import CATALOGUE, Metric, internals
from sentinel.telemetry.histograms import Histogram
from sentinel.telemetry.recorder import Recorder


class RecorderCollector(Collector):
    """Yields every family of the catalogue that has children, and never more series than the ceiling."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def describe(self) -> Iterator[Family]:
        return (_empty(metric) for metric in CATALOGUE)

    def collect(self) -> Iterator[Family]:
        series, room = self._recorder.series, self._recorder.settings.telemetry.max_series
        series.put(internals.SERIES, (), series.count())
        left_out: dict[str, int] = {}
        for metric in CATALOGUE:
            family = self._family(metric)
            kept = _within(room, family)
            if kept < len(family.samples):
                left_out[metric.name] = len(family.samples) - kept
                del family.samples[kept:]
            room -= kept
            if family.samples:
                yield family
        for name, count in left_out.items():
            series.add(internals.SERIES_DROPPED, (name,), count)

    def _family(self, metric: Metric) -> Family:
        series, family = self._recorder.series, _empty(metric)
        for labels, histogram in series.histograms.get(metric, {}).items():
            _add_histogram(family, dict(zip(metric.labels, labels, strict=True)), histogram)
        exemplars = series.exemplars.get(metric, {})
        for labels, value in series.values.get(metric, {}).items():
            exemplar = Exemplar({"trace_id": exemplars[labels]}, 1) if labels in exemplars else None
            family.add_sample(metric.name, dict(zip(metric.labels, labels, strict=True)), value, exemplar=exemplar)
        return family


def _add_histogram(family: Family, labels: dict[str, str], histogram: Histogram) -> None:
    count = 0.0
    for le, count, mark in histogram.cumulative():
        exemplar = None if mark is None else Exemplar({"trace_id": mark[0]}, mark[1], mark[2])
        family.add_sample(f"{family.name}_bucket", {**labels, "le": le}, count, exemplar=exemplar)
    if histogram.sum is not None:
        family.add_sample(f"{family.name}_count", labels, count)
        family.add_sample(f"{family.name}_sum", labels, histogram.sum)


def registry_of(recorder: Recorder) -> CollectorRegistry:
    """A registry with the recorder's metrics and those of this process (process_resident_memory_bytes and others)."""
    registry = CollectorRegistry()
    registry.register(RecorderCollector(recorder))
    ProcessCollector(registry=registry)
    return registry


def _empty(metric: Metric) -> Family:
    return Family(metric.name.removesuffix("_total"), metric.help, metric.kind)


def _within(room: int, family: Family) -> int:
    """How many of the samples fit; a histogram is shown whole or not at all."""
    if len(family.samples) <= room:
        return len(family.samples)
    return 0 if family.type == "histogram" else max(0, room)
