"""The row of the Model dashboard about traffic and service levels."""

from sentinel.observability.dashboards.kinds import STACKED, THRESHOLD_LINE, VERSION_NAME, lines, quantiles
from sentinel.observability.panel import GREEN, RED, YELLOW, Panel, Query, Step
from sentinel.observability.query import BY_MODEL, RATE, most, on_dashboard, rate, ratio, total
from sentinel.observability.shape import Shape
from sentinel.telemetry.catalogue import serving

_QUANTILE = f"p{{{{quantile}}}}, {VERSION_NAME}"
_BAD_CODES = f'code=~"{"|".join(serving.BAD_CODES)}"'


def traffic_panels(shape: Shape) -> list[Panel]:
    requests, failed = on_dashboard(serving.REQUESTS), on_dashboard(serving.REQUESTS, _BAD_CODES)
    buckets = on_dashboard(serving.REQUEST_DURATION, suffix="_bucket")
    of_window = most(f"{BY_MODEL}, quantile", on_dashboard(serving.DURATION_QUANTILE))
    panels = [
        lines("Requests", "By status class.", total("code", rate(requests)) + " > 0", "{{code}}", "reqps", STACKED),
        lines(
            "Failed requests",
            "Share answered with 5xx, timed out or cut.",
            ratio(total(BY_MODEL, rate(failed)), total(BY_MODEL, rate(requests))),
            VERSION_NAME,
            "percentunit",
        ),
        lines("Latency", "Quantiles of the last window over all traffic, within 1 %.", of_window, _QUANTILE, "s"),
        quantiles(
            "Time to first byte",
            "First byte of the answer after the request, over all traffic.",
            on_dashboard(serving.FIRST_BYTE, suffix="_bucket"),
            empty="No traffic in this time range",
        ),
        Panel(
            "Latency heatmap",
            "All requests by duration. Diamonds are exemplars: they lead to a trace.",
            "heatmap",
            [Query(f"sum by (le) (increase({buckets}[{RATE}]))", "{{le}}", exemplar=True, format="heatmap")],
            unit="s",
            width=12,
            more={"options": {"yAxis": {"unit": "s", "axisPlacement": "left", "reverse": False}}},
        ),
    ]
    sent, answered = on_dashboard(serving.REQUEST_BYTES), on_dashboard(serving.RESPONSE_BYTES)
    bandwidth = [Query(f"sum({rate(sent)})", "requests"), Query(f"sum({rate(answered)})", "answers")]
    panels.append(
        Panel("Bandwidth", "Bytes that clients sent and the model answered.", "timeseries", bandwidth, "Bps", 12)
    )
    if shape.slos:
        bad = total(f"{BY_MODEL}, slo", rate(on_dashboard(serving.SLO_BAD_EVENTS), "1h"))
        events = total(f"{BY_MODEL}, slo", rate(on_dashboard(serving.SLO_EVENTS), "1h"))
        accepted = f"on (model, slo) group_left () max by (model, slo) ({on_dashboard(serving.SLO_OBJECTIVE)})"
        panels.append(
            Panel(
                "Burn rate over one hour",
                "How fast the error budget burns: at 1 it lasts its period, at 14.4 a 30-day budget lasts two days.",
                "timeseries",
                [Query(f"{ratio(bad, events)}\n/ {accepted}", "{{slo}} {{model_version}}")],
                unit="none",
                width=12,
                steps=(Step(None, GREEN), Step(1, YELLOW), Step(14.4, RED)),
                alerts=("SentinelErrorBudgetBurnFast", "SentinelErrorBudgetBurn", "SentinelErrorBudgetBurnSlow"),
                more=THRESHOLD_LINE,
            )
        )
    return panels
