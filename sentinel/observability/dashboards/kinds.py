"""The kinds of panels that the dashboards are made of, with what they have in common."""

from collections.abc import Mapping
from typing import Any

from sentinel.observability.panel import GREEN, RED, Panel, Query, Step
from sentinel.observability.query import RATE

VERSION_NAME = "{{model}} {{model_version}}"
STACKED: Mapping[str, Any] = {"custom": {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40}}
SURE = 1000.0  # evidence beyond this is drawn there: it would only flatten what lies below
HARDLY_ANY = 0.001
LOGARITHMIC: Mapping[str, Any] = {"scaleDistribution": {"type": "log", "log": 10}}
THRESHOLD_LINE: Mapping[str, Any] = {"custom": {"thresholdsStyle": {"mode": "dashed"}}}


def stat(
    title: str,
    description: str,
    expr: str,
    steps: tuple[Step, ...],
    *,
    unit: str = "short",
    legend: str = "",
    width: int = 4,
    words: Mapping[str, tuple[str, str]] | None = None,
    alerts: tuple[str, ...] = (),
) -> Panel:
    """One number, coloured by its steps; several queries' worth of series give several numbers."""
    return Panel(
        title,
        description,
        "stat",
        [Query(expr, legend or VERSION_NAME, instant=True)],
        unit=unit,
        width=width,
        height=5,
        steps=steps,
        words=words or {},
        alerts=alerts,
    )


def lines(
    title: str,
    description: str,
    expr: str,
    legend: str,
    unit: str,
    more: Mapping[str, Any] | None = None,
    *,
    empty: str = "",
    alerts: tuple[str, ...] = (),
) -> Panel:
    """Lines of one query over time."""
    return Panel(
        title, description, "timeseries", [Query(expr, legend)], unit=unit, empty=empty, alerts=alerts, more=more or {}
    )


def quantiles(
    title: str, description: str, buckets: str, unit: str = "s", empty: str = "No streamed answers in this time range"
) -> Panel:
    """p50, p95 and p99 of a histogram."""
    queries = [
        Query(f"histogram_quantile({q}, sum by (le) (rate({buckets}[{RATE}])))", name)
        for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    ]
    return Panel(title, description, "timeseries", queries, unit=unit, empty=empty)


def evidence(title: str, description: str, expr: str, legend: str, width: int = 8) -> Panel:
    """Evidence on a logarithmic axis with the line at which it acts."""
    return Panel(
        title,
        f"{description} Drawn from {HARDLY_ANY:g} to {SURE:g} on a logarithmic axis.",
        "timeseries",
        [Query(f"clamp({expr}, {HARDLY_ANY:g}, {SURE:g})", legend)],
        unit="none",
        width=width,
        steps=(Step(None, GREEN), Step(1, RED)),
        least=HARDLY_ANY,
        most=SURE,
        more={"custom": {**LOGARITHMIC, **THRESHOLD_LINE["custom"]}},
    )
