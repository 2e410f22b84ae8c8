"""Model: what is wrong with it, since when, how sure, and what was done?"""

from sentinel.observability.dashboards.common import FEATURE, INSTANCE, JOB, MODEL, VERSION, annotations, severity
from sentinel.observability.dashboards.drift import drift_panels, feature_panel, prediction_panels, quality_panels
from sentinel.observability.dashboards.generation import language_model_panels
from sentinel.observability.dashboards.gpu import gpu_panels
from sentinel.observability.dashboards.kinds import lines, stat
from sentinel.observability.dashboards.labels import label_panels
from sentinel.observability.dashboards.serving import traffic_panels
from sentinel.observability.dashboards.shadow import shadow_panels
from sentinel.observability.panel import GREEN, GREY, RED, STATE_WORDS, YELLOW, Dashboard, Panel, Row, Step
from sentinel.observability.query import BY_MODEL, RATE, most, on_dashboard, ratio, total
from sentinel.observability.shape import Shape
from sentinel.telemetry.catalogue import drift, rollback

_STATE_STEPS = (Step(None, GREEN), Step(1, GREY), Step(2, YELLOW), Step(3, RED))
_MOST_FEATURE_PANELS = 24
_SUM_AND_COUNT = ("_sum", "_count")


def model(shape: Shape) -> Dashboard:
    rows = [
        Row("Now", _status(shape)),
        Row("Traffic", traffic_panels(shape)),
        Row("Drift", drift_panels()),
        Row("Predictions", prediction_panels()),
        Row("Data quality", quality_panels()),
    ]
    if shape.labels:
        rows.append(Row("Quality by late labels", label_panels(), collapsed=True))
    if shape.features:
        rows.append(Row("Each feature", [feature_panel(name) for name in shape.features[:_MOST_FEATURE_PANELS]], True))
    if shape.language_model:
        rows.append(Row("Language model", language_model_panels(), collapsed=True))
    if shape.shadow:
        rows.append(Row("Second model", shadow_panels(), collapsed=True))
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
        stat(
            "Verdict",
            "The worst verdict over replicas, as of the last window.",
            severity(),
            _STATE_STEPS,
            unit="none",
            words=STATE_WORDS,
            alerts=("SentinelInputDrift", "SentinelPredictionDrift"),
        ),
        stat(
            "Evidence",
            "Against `within tolerance`; a breach at 1.",
            most(BY_MODEL, evidence),
            (Step(None, GREEN), Step(0.5, YELLOW), Step(1, RED)),
            unit="none",
        ),
        stat(
            "Budget spent",
            "Pages opened over pages allowed in the period.",
            most(BY_MODEL, on_dashboard(drift.BUDGET_SPENT)),
            (Step(None, GREEN), Step(0.99, YELLOW)),
            unit="percentunit",
        ),
        stat(
            "Last window",
            "Time since the last judged window. It grows when the sidecar stops judging.",
            age,
            (Step(None, GREEN), Step(180, YELLOW), Step(600, RED)),
            unit="s",
            alerts=("SentinelDetectorStale",),
        ),
        stat(
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
        panels.append(stat("Rollback", text, armed, (Step(None, GREY), Step(1, GREEN)), unit="none", words=words))
    return panels


def _rollback() -> list[Panel]:
    decisions = f"sum by (outcome) (increase({on_dashboard(rollback.DECISIONS)}[$__range])) > 0 or vector(0)"
    deliveries = f"sum by (target, result) (increase({on_dashboard(rollback.DELIVERIES)}[{RATE}]))"
    seconds = [
        f"sum by (target) (rate({on_dashboard(rollback.DELIVERY_DURATION, suffix=s)}[1h]))" for s in _SUM_AND_COUNT
    ]
    took = ratio(*seconds)
    return [
        stat(
            "Dead letters",
            "Rollback requests that could not be delivered in time. Each needs a person.",
            f"sum({on_dashboard(rollback.DEAD_LETTERS)})",
            (Step(None, GREEN), Step(1, RED)),
            alerts=("SentinelRollbackDeadLetter",),
        ),
        stat(
            "Pending",
            "Rollback requests on their way.",
            f"sum({on_dashboard(rollback.PENDING)})",
            (Step(None, GREEN), Step(1, YELLOW)),
            alerts=("SentinelRollbackDeliveryFailing",),
        ),
        stat(
            "Decisions in this time range",
            "Triggered, dry run, or why a rollback was held back.",
            decisions,
            (Step(None, "blue"),),
            legend="{{outcome}}",
            width=8,
            alerts=("SentinelRollbackTriggered",),
        ),
        lines(
            "Deliveries",
            "Attempts to deliver a request, by target and result.",
            deliveries,
            "{{target}} {{result}}",
            "short",
        ),
        lines("Time to deliver", "Mean time of an attempt.", took, "{{target}}", "s", empty="No request was sent"),
    ]
