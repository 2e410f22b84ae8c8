"""The second-model row of the Model dashboard: what is proven of it, how far it differs, how fast it is."""

from sentinel.observability.dashboards.kinds import STACKED
from sentinel.observability.panel import GREEN, GREY, RED, Panel, Query, Step
from sentinel.observability.query import BY_MODEL, RATE, most, on_dashboard, rate, ratio, total
from sentinel.telemetry.catalogue import shadow

_EMPTY = "No second model: set capture.shadow.url"
_WORDS = {"0": ("unknown", GREY), "1": ("equivalent", GREEN), "2": ("different", RED)}


def shadow_panels() -> list[Panel]:
    rows, different = on_dashboard(shadow.ROWS), on_dashboard(shadow.ROWS, 'answer="different"')
    differing = ratio(total(BY_MODEL, rate(different)), total(BY_MODEL, rate(rows)))
    bounds = f"max by (model_version, bound) ({on_dashboard(shadow.BOUND)})"
    seen = most("model_version", on_dashboard(shadow.DIFFERING))
    margin = f"max({on_dashboard(shadow.MARGIN)})"
    return [
        Panel(
            "Second model",
            "What is proven of it against the version that serves, at the margin that was stated.",
            "stat",
            [Query(_standing(), "{{model_version}}", instant=True)],
            unit="none",
            width=4,
            steps=(Step(None, GREY), Step(1, GREEN), Step(2, RED)),
            words=_WORDS,
            empty=_EMPTY,
        ),
        _panel(
            "Share of rows that can differ",
            "Least and most, by all evidence so far; equivalence is proven where the most falls below the margin.",
            [
                Query(seen, "{{model_version}} seen"),
                Query(bounds, "{{model_version}} {{bound}}"),
                Query(margin, "margin"),
            ],
            "percentunit",
        ),
        _panel("Rows that differ", "As mirrored lately.", [Query(differing, "{{model_version}}")], "percentunit"),
        _panel(
            "Outputs that agree",
            "Share of rows in which one output is the same, values within the tolerance.",
            [Query(most("model_version, output", on_dashboard(shadow.AGREEMENT)), "{{output}} {{model_version}}")],
            "percentunit",
        ),
        _panel(
            "Distance of values",
            "Quantiles, in standard deviations of the serving model's values.",
            [Query(most("output, quantile", on_dashboard(shadow.DISTANCE)), "{{output}} p{{quantile}}")],
            "none",
        ),
        _panel(
            "Latency of both",
            "On the same requests; the second model is asked off the path.",
            [Query(most("side, quantile", on_dashboard(shadow.DURATION)), "{{side}} p{{quantile}}")],
            "s",
        ),
        Panel(
            "Mirrored requests",
            "By what became of them.",
            "timeseries",
            [Query(total("outcome", f"rate({on_dashboard(shadow.REQUESTS)}[{RATE}])") + " > 0", "{{outcome}}")],
            unit="reqps",
            empty=_EMPTY,
            more=STACKED,
        ),
    ]


def _standing() -> str:
    """2 different, 1 equivalent, 0 unknown; the worst over replicas."""
    different = most(BY_MODEL, on_dashboard(shadow.VERDICT, 'verdict="different"'))
    equivalent = on_dashboard(shadow.VERDICT, 'verdict="equivalent"')
    return f"2 * {different}\n+ min by ({BY_MODEL}) ({equivalent})"


def _panel(title: str, description: str, queries: list[Query], unit: str) -> Panel:
    return Panel(title, description, "timeseries", queries, unit=unit, empty=_EMPTY)
