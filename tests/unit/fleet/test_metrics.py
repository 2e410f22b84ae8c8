"""The fleet's metrics: what a step did."""

from sentinel.fleet import Progress
from sentinel.fleet.metrics import FleetMetrics
from sentinel.telemetry.catalogue import fleet
from sentinel.telemetry.catalogue.metric import Metric
from sentinel.telemetry.series import Series


def test_counts_add_up_and_gauges_show_the_last_step() -> None:
    series = Series()
    metrics = FleetMetrics(series)
    metrics.report(Progress(leading=True, replicas={"fraud": 3}, missing={"fraud": 1}, late=2, lag_seconds=5.0))
    metrics.report(Progress(leading=True, late=1, foreign=4, unreadable=1, overtaken=1))
    assert series.get(fleet.REPLICAS, ("fraud",)) == 3
    assert series.get(fleet.MISSING, ("fraud",)) == 1
    assert [series.get(metric) for metric in (fleet.LATE, fleet.FOREIGN, fleet.UNREADABLE)] == [3, 4, 1]
    assert (series.get(fleet.LEADER), series.get(fleet.LAG), series.get(fleet.OVERTAKEN)) == (1, 0, 1)
    metrics.report(Progress(leading=False))
    assert series.get(fleet.LEADER) == 0
    assert not series.values[fleet.REPLICAS]


def test_what_has_no_model_is_there_from_the_start() -> None:
    series = Series()
    FleetMetrics(series)
    own = [metric for metric in vars(fleet).values() if isinstance(metric, Metric)]
    assert {metric for metric in own if not metric.labels} == set(series.values)
