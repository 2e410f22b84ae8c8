"""Model: what is wrong with it, since when, how sure, and what was done?"""

from collections.abc import Mapping
from typing import Any

from sentinel.observability.dashboards.common import FEATURE, INSTANCE, JOB, MODEL, VERSION, annotations, severity
from sentinel.observability.dashboards.gpu import gpu_panels
from sentinel.observability.panel import (
    GREEN,
    GREY,
    ORANGE,
    RED,
    STATE_WORDS,
    YELLOW,
    Dashboard,
    Panel,
    Query,
    Row,
    Step,
)
from sentinel.observability.query import BY_MODEL, RATE, most, on_dashboard, rate, ratio, selector, total
from sentinel.observability.shape import Shape
from sentinel.telemetry.catalogue import drift, rollback, serving

_STATE_STEPS = (Step(None, GREEN), Step(1, GREY), Step(2, YELLOW), Step(3, RED))
_BAD_CODES = f'code=~"{"|".join(serving.BAD_CODES)}"'
_VERSION = "{{model}} {{model_version}}"
_STACKED: Mapping[str, Any] = {"custom": {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40}}
_THRESHOLD_LINE: Mapping[str, Any] = {"custom": {"thresholdsStyle": {"mode": "dashed"}}}
_MOST_FEATURE_PANELS = 24
_SUM_AND_COUNT = ("_sum", "_count")


def model(shape: Shape) -> Dashboard:
    rows = [
        Row("Now", _status(shape)),
        Row("Traffic", _traffic(shape)),
        Row("Drift", _drift()),
        Row("Predictions", _predictions()),
        Row("Data quality", _quality()),
    ]
    if shape.features:
        rows.append(Row("Each feature", [_one_feature(name) for name in shape.features[:_MOST_FEATURE_PANELS]], True))
    if shape.language_model:
        rows.append(Row("Language model", _language_model(), collapsed=True))
    if shape.gpu:
        rows.append(Row("GPU", gpu_panels(), collapsed=True))
    if shape.rollback:
        rows.append(Row("Rollback", _rollback()))
    return Dashboard(
        uid="sentinel-model",
        title="Sentinel / Model",
        description="One model: does it serve well, does it see the world it was trained on, what was done about it?",
        rows=rows,
        variables=(JOB, INSTANCE, MODEL, VERSION, FEATURE),
        annotations=annotations(),
    )


def _status(shape: Shape) -> list[Panel]:
    evidence = on_dashboard(drift.BOOK_EVIDENCE, 'book="page"')
    age = f"time() - max by ({BY_MODEL}) ({on_dashboard(drift.WINDOW_END)})"
    panels = [
        _stat(
            "Verdict",
            "The worst verdict over replicas, as of the last window.",
            severity(),
            _STATE_STEPS,
            unit="none",
            words=STATE_WORDS,
            alerts=("SentinelInputDrift", "SentinelPredictionDrift"),
        ),
        _stat(
            "Evidence",
            "Against `within tolerance`; a breach at 1.",
            most(BY_MODEL, evidence),
            (Step(None, GREEN), Step(0.5, YELLOW), Step(1, RED)),
            unit="none",
        ),
        _stat(
            "Budget spent",
            "Pages opened over pages allowed in the period.",
            most(BY_MODEL, on_dashboard(drift.BUDGET_SPENT)),
            (Step(None, GREEN), Step(0.99, YELLOW)),
            unit="percentunit",
        ),
        _stat(
            "Last window",
            "Time since the last judged window. It grows when the sidecar stops judging.",
            age,
            (Step(None, GREEN), Step(180, YELLOW), Step(600, RED)),
            unit="s",
            alerts=("SentinelDetectorStale",),
        ),
        _stat(
            "Rows per window",
            "Rows that the last window was judged on, over replicas.",
            total(BY_MODEL, on_dashboard(drift.WINDOW_ROWS)),
            (Step(None, "blue"),),
        ),
    ]
    if shape.rollback:
        armed = f"max({on_dashboard(rollback.ARMED)})"
        words = {"0": ("not armed", GREY), "1": ("armed", GREEN)}
        text = "Armed: a breach may send a rollback request. Not armed in dry-run, when off and while paused."
        panels.append(_stat("Rollback", text, armed, (Step(None, GREY), Step(1, GREEN)), unit="none", words=words))
    return panels


def _traffic(shape: Shape) -> list[Panel]:
    requests, failed = on_dashboard(serving.REQUESTS), on_dashboard(serving.REQUESTS, _BAD_CODES)
    buckets = on_dashboard(serving.REQUEST_DURATION, suffix="_bucket")
    quantiles = f"max by (quantile) ({on_dashboard(serving.DURATION_QUANTILE)})"
    panels = [
        _lines("Requests", "By status class.", total("code", rate(requests)) + " > 0", "{{code}}", "reqps", _STACKED),
        _lines(
            "Failed requests",
            "Share answered with 5xx, timed out or cut.",
            ratio(total(BY_MODEL, rate(failed)), total(BY_MODEL, rate(requests))),
            _VERSION,
            "percentunit",
        ),
        _lines(
            "Latency", "Quantiles of the last window over all traffic, within 1 %.", quantiles, "p{{quantile}}", "s"
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
                more=_THRESHOLD_LINE,
            )
        )
    return panels


def _drift() -> list[Panel]:
    evidence = f"max by (feature) ({on_dashboard(drift.EVIDENCE)})"
    book = f"max by (book) ({on_dashboard(drift.BOOK_EVIDENCE)})"
    psi = f"max by (feature) ({on_dashboard(drift.SCORE, _method('psi'))})"
    level = f"max({selector(drift.NOTICE_LEVEL, _target(_method('psi')))})"
    top = f"topk(10, max by (feature, method) ({on_dashboard(drift.SCORE)}))"
    return [
        Panel(
            "Evidence per feature over time",
            "Each feature's share of the evidence; all together page at 1. Red ones are why the verdict is a breach.",
            "state-timeline",
            [Query(f"topk(20, {evidence})", "{{feature}}")],
            unit="none",
            width=24,
            height=9,
            steps=(Step(None, GREEN), Step(0.1, YELLOW), Step(0.5, ORANGE), Step(1, RED)),
            alerts=("SentinelInputDrift",),
            more={"options": {"showValue": "never"}},
        ),
        Panel(
            "Evidence against the budget",
            "Page book and rollback book, as shares of what an action needs. Both hold their false-alarm budget.",
            "timeseries",
            [Query(book, "{{book}}")],
            unit="none",
            width=8,
            steps=(Step(None, GREEN), Step(1, RED)),
            more=_THRESHOLD_LINE,
        ),
        Panel(
            "Score beside its notice level",
            "PSI of the last window, and the level above which a ticket is raised. A score never pages.",
            "timeseries",
            [Query(f"topk(10, {psi})", "{{feature}}"), Query(level, "notice level")],
            unit="none",
            width=8,
            alerts=("SentinelFeatureDrift",),
        ),
        Panel(
            "Largest distances now",
            "Features and methods with the largest distance from the reference in the last window.",
            "table",
            [Query(top, instant=True, format="table")],
            unit="none",
            width=8,
            more={
                "transformations": [
                    {
                        "id": "organize",
                        "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": "Distance"}},
                    }
                ],
                "options": {"sortBy": [{"displayName": "Distance", "desc": True}]},
            },
        ),
    ]


def _predictions() -> list[Panel]:
    buckets = on_dashboard(drift.PREDICTION, suffix="_bucket")
    rows = total(BY_MODEL, rate(on_dashboard(drift.ROWS)))
    return [
        Panel(
            "Predictions",
            "Numeric predictions in the bins of the reference. A band that moves is a model that answers differently.",
            "heatmap",
            [Query(f"sum by (le) (increase({buckets}[{RATE}]))", "{{le}}", format="heatmap")],
            unit="none",
            width=16,
            alerts=("SentinelPredictionDrift",),
        ),
        _lines("Rows analysed", "Rows that were decoded and compared, per second.", rows, _VERSION, "rowsps"),
    ]


def _quality() -> list[Panel]:
    problems = f"topk(10, max by (feature, problem) ({on_dashboard(drift.PROBLEM_RATIO)}))"
    undecodable = total("reason", rate(on_dashboard(serving.UNDECODABLE)))
    outcomes = total("outcome", rate(on_dashboard(serving.EXCHANGES)))
    return [
        _lines(
            "Feature problems",
            "Share of rows whose value is missing, out of the reference's range, a new category, or of a wrong type.",
            problems,
            "{{feature}}: {{problem}}",
            "percentunit",
        ),
        _lines(
            "Undecodable exchanges",
            "Exchanges that gave no rows, by reason. Many of them make the verdict blind.",
            undecodable,
            "{{reason}}",
            "reqps",
        ),
        _lines(
            "Exchanges by outcome",
            "What became of each exchange; the outcomes add up to what was received.",
            outcomes,
            "{{outcome}}",
            "reqps",
            _STACKED,
        ),
    ]


def _one_feature(name: str) -> Panel:
    chosen = f'feature="{name}"'
    score = most("method", selector(drift.SCORE, f'job=~"$job", instance=~"$instance", model=~"$model", {chosen}'))
    evidence = most(
        "feature", selector(drift.EVIDENCE, f'job=~"$job", instance=~"$instance", model=~"$model", {chosen}')
    )
    return Panel(
        name,
        f"Distances of {name} from the reference, and its share of the evidence.",
        "timeseries",
        [Query(score, "{{method}}"), Query(evidence, "evidence")],
        unit="none",
    )


def _language_model() -> list[Panel]:
    first = on_dashboard(serving.FIRST_BYTE, suffix="_bucket")
    gap = on_dashboard(serving.CHUNK_GAP, suffix="_bucket")
    tokens = total("direction", rate(on_dashboard(serving.TOKENS)))
    return [
        _quantiles("Time to first token", "First byte of the answer after the request.", first),
        _quantiles("Time between tokens", "Time between two parts of a streamed answer.", gap),
        _lines("Tokens", "As the usage field of analysed answers tells.", tokens, "{{direction}}", "short"),
    ]


def _rollback() -> list[Panel]:
    decisions = f"sum by (outcome) (increase({on_dashboard(rollback.DECISIONS)}[$__range])) > 0 or vector(0)"
    deliveries = f"sum by (target, result) (increase({on_dashboard(rollback.DELIVERIES)}[{RATE}]))"
    seconds = [
        f"sum by (target) (rate({on_dashboard(rollback.DELIVERY_DURATION, suffix=s)}[1h]))" for s in _SUM_AND_COUNT
    ]
    took = ratio(*seconds)
    return [
        _stat(
            "Dead letters",
            "Rollback requests that could not be delivered in time. Each needs a person.",
            f"sum({on_dashboard(rollback.DEAD_LETTERS)})",
            (Step(None, GREEN), Step(1, RED)),
            alerts=("SentinelRollbackDeadLetter",),
        ),
        _stat(
            "Pending",
            "Rollback requests on their way.",
            f"sum({on_dashboard(rollback.PENDING)})",
            (Step(None, GREEN), Step(1, YELLOW)),
            alerts=("SentinelRollbackDeliveryFailing",),
        ),
        _stat(
            "Decisions in this time range",
            "Triggered, dry run, or why a rollback was held back.",
            decisions,
            (Step(None, "blue"),),
            legend="{{outcome}}",
            width=8,
            alerts=("SentinelRollbackTriggered",),
        ),
        _lines(
            "Deliveries",
            "Attempts to deliver a request, by target and result.",
            deliveries,
            "{{target}} {{result}}",
            "short",
        ),
        _lines("Time to deliver", "Mean time of an attempt.", took, "{{target}}", "s", empty="No request was sent"),
    ]


def _stat(
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
    return Panel(
        title,
        description,
        "stat",
        [Query(expr, legend or _VERSION, instant=True)],
        unit=unit,
        width=width,
        height=5,
        steps=steps,
        words=words or {},
        alerts=alerts,
    )


def _lines(
    title: str,
    description: str,
    expr: str,
    legend: str,
    unit: str,
    more: Mapping[str, Any] | None = None,
    *,
    empty: str = "",
) -> Panel:
    return Panel(title, description, "timeseries", [Query(expr, legend)], unit=unit, empty=empty, more=more or {})


def _quantiles(title: str, description: str, buckets: str) -> Panel:
    queries = [
        Query(f"histogram_quantile({q}, sum by (le) (rate({buckets}[{RATE}])))", name)
        for q, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    ]
    return Panel(title, description, "timeseries", queries, unit="s", empty="No streamed answers in this time range")


def _method(name: str) -> str:
    return f'method="{name}"'


def _target(more: str) -> str:
    return f'job=~"$job", instance=~"$instance", {more}' if more else 'job=~"$job", instance=~"$instance"'
