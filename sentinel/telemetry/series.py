"""The state behind the metrics: plain numbers by metric and label values. No clock, no exposition format."""

from collections.abc import Collection, Iterable

from sentinel.telemetry.catalogue import MODEL_LABELS, Metric
from sentinel.telemetry.histograms import DURATION_BOUNDS, Histogram
from sentinel.telemetry.labels import OTHER, label

Labels = tuple[str, ...]

MOST_REASONS = 32  # distinct reasons of one metric; they are fixed words, so this is only a fence


class Series:
    """Counters, gauges and histograms. Label values are given in the order of the metric's labels."""

    def __init__(self) -> None:
        self.values: dict[Metric, dict[Labels, float]] = {}
        self.histograms: dict[Metric, dict[Labels, Histogram]] = {}
        self.exemplars: dict[Metric, dict[Labels, str]] = {}

    def add(self, metric: Metric, labels: Labels = (), amount: float = 1) -> None:
        """Count; the child begins at 0."""
        children = self.values.setdefault(metric, {})
        children[labels] = children.get(labels, 0) + amount

    def put(self, metric: Metric, labels: Labels = (), value: float = 0) -> None:
        """Set a gauge."""
        self.values.setdefault(metric, {})[labels] = value

    def histogram(self, metric: Metric, labels: Labels = (), bounds: tuple[float, ...] = DURATION_BOUNDS) -> Histogram:
        """The child with these labels, made with `bounds` when it is new."""
        children = self.histograms.setdefault(metric, {})
        if labels not in children:
            children[labels] = Histogram(bounds)
        return children[labels]

    def get(self, metric: Metric, labels: Labels = ()) -> float:
        """Value of a child; 0 when there is none."""
        return self.values.get(metric, {}).get(labels, 0)

    def count(self, without: Collection[Metric] = ()) -> int:
        """Number of series that a scrape would hold; a histogram has its buckets, its count and its sum."""
        plain = sum(len(children) for metric, children in self.values.items() if metric not in without)
        return plain + sum(h.size for children in self.histograms.values() for h in children.values())

    def forget(self, pair: Labels) -> None:
        """Remove everything of one model version."""
        for state in (self.values, self.histograms, self.exemplars):
            for metric, children in state.items():
                if metric.labels[:2] == MODEL_LABELS:
                    for labels in [labels for labels in children if labels[:2] == pair]:
                        del children[labels]

    def withdraw(self, metrics: Iterable[Metric], prefix: Labels = ()) -> None:
        """Take away the children of `metrics` whose labels begin with `prefix`: their values are no longer valid."""
        for metric in metrics:
            children = self.values.get(metric, {})
            for labels in [labels for labels in children if labels[: len(prefix)] == prefix]:
                del children[labels]


def fenced(series: Series, metric: Metric, reason: str) -> str:
    """The last label's value for this word; `OTHER` for one that comes beyond the fence."""
    word = label(reason)
    known = {labels[-1] for labels in series.values.get(metric, {})}
    return word if word in known or len(known) < MOST_REASONS else OTHER
