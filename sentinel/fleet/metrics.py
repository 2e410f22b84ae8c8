"""What the fleet's leader does, as metrics. A collector fed by `Fleet.step`; model metrics are the recorder's."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sentinel.fleet.fleet import Progress

COUNTERS = {
    "late_windows": "Windows that came after their period was judged: kept for history, not judged.",
    "foreign_windows": "Windows counted against another reference than the fleet's: only their traffic was used.",
    "unreadable_windows": "Windows that could not be read: damaged, or written by a newer sentinel. Not judged.",
    "judged_periods": "Periods of a version judged and committed by this process.",
    "overtaken_periods": "Periods that another leader committed first.",
}


@dataclass(eq=False)
class FleetMetrics(Collector):
    """Register it beside the recorder's collector and give `report` to the fleet."""

    latest: Progress = field(default_factory=Progress)
    replicas: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def report(self, progress: Progress) -> None:
        self.latest = progress
        if not progress.leading:
            self.replicas, self.missing = {}, {}
        self.replicas = self.replicas | progress.replicas
        self.missing = self.missing | progress.missing
        self.counts["late_windows"] += progress.late
        self.counts["foreign_windows"] += progress.foreign
        self.counts["unreadable_windows"] += progress.unreadable
        self.counts["judged_periods"] += len(progress.judged)
        self.counts["overtaken_periods"] += progress.overtaken

    def collect(self) -> Iterator[Metric]:
        latest = self.latest
        yield _gauge("leader", "1 while this process leads the fleet.", float(latest.leading))
        yield _gauge("lag_seconds", "Age of the oldest ended period that still waits to be judged.", latest.lag_seconds)
        yield _by_model("replicas", "Replicas in the last judged period.", self.replicas)
        yield _by_model(
            "missing_replicas", "Replicas expected in the last judged period but not heard of.", self.missing
        )
        for name, help_text in COUNTERS.items():
            yield CounterMetricFamily(f"sentinel_fleet_{name}", help_text, value=self.counts[name])


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"sentinel_fleet_{name}", help_text, value=value)


def _by_model(name: str, help_text: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(f"sentinel_fleet_{name}", help_text, labels=["model"])
    for model, value in sorted(values.items()):
        family.add_metric([model], value)
    return family
