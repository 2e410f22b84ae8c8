"""The fleet's metrics: what a step did, under the names that docs/scale.md gives."""

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from sentinel.fleet import Progress
from sentinel.fleet.metrics import FleetMetrics

DOCUMENT = (Path(__file__).parents[3] / "docs" / "scale.md").read_text()


def exposed(metrics: FleetMetrics) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(metrics)
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_counts_add_up_and_gauges_show_the_last_step() -> None:
    metrics = FleetMetrics()
    metrics.report(Progress(leading=True, replicas={"fraud": 3}, missing={"fraud": 1}, late=2, lag_seconds=5.0))
    metrics.report(Progress(leading=True, late=1, foreign=4, unreadable=1, overtaken=1))
    shown = exposed(metrics)
    assert shown['sentinel_fleet_replicas{model="fraud"}'] == 3
    assert shown['sentinel_fleet_missing_replicas{model="fraud"}'] == 1
    assert shown["sentinel_fleet_late_windows_total"] == 3
    assert shown["sentinel_fleet_lag_seconds"] == 0
    metrics.report(Progress(leading=False))
    assert exposed(metrics)["sentinel_fleet_leader"] == 0
    assert not any("replicas" in name for name in exposed(metrics))


def test_every_metric_is_documented_and_there_from_the_start() -> None:
    names = set(exposed(FleetMetrics()))
    assert len(names) == 7
    assert all(f"`{name}`" in DOCUMENT for name in names)
