"""Fleet: which model needs me? Models by state, traffic, evidence and budget, over all sidecars."""

from sentinel.observability.dashboards.common import INSTANCE, JOB, MODEL, VERSION, annotations, severity
from sentinel.observability.dashboards.kinds import VERSION_NAME, evidence
from sentinel.observability.panel import GREEN, GREY, RED, STATE_WORDS, YELLOW, Dashboard, Panel, Query, Row, Step
from sentinel.observability.query import BY_MODEL, most, on_dashboard, rate, ratio, total
from sentinel.observability.shape import Shape
from sentinel.telemetry.catalogue import drift, internals, rollback, serving

_STATE_STEPS = (Step(None, GREEN), Step(1, GREY), Step(2, YELLOW), Step(3, RED))
_BAD_CODES = f'code=~"{"|".join(serving.BAD_CODES)}"'


def fleet(shape: Shape) -> Dashboard:
    rows = [Row("Who needs me?", [*_counts(), _states(), _table()]), Row("How are they?", _trends())]
    if shape.rollback:
        rows.append(Row("What was done?", _actions()))
    return Dashboard(
        uid="sentinel-fleet",
        title="Sentinel / Fleet",
        description="Every model that sentinel watches, by verdict. Start here; a row of the table leads to its model.",
        rows=rows,
        variables=(JOB, INSTANCE, MODEL, VERSION),
        annotations=annotations(version_changes=False),
    )


def _counts() -> list[Panel]:
    state = severity()
    sidecars = f"count({on_dashboard(internals.READY)} == 1)"
    told = (
        ("Models", f"count({state})", "Model versions with a window in the last minutes.", (Step(None, "blue"),), ()),
        (
            "In breach",
            f"count({state} == 3) or vector(0)",
            "Model versions whose verdict is breach: each has an open incident and has paged.",
            (Step(None, GREEN), Step(1, RED)),
            ("SentinelInputDrift", "SentinelPredictionDrift"),
        ),
        (
            "Unknown",
            f"count(({state} == 1) or ({state} == 2)) or vector(0)",
            "Model versions of which sentinel cannot say: too little data, or traffic that it cannot read.",
            (Step(None, GREEN), Step(1, YELLOW)),
            ("SentinelBlind", "SentinelInsufficientForLong"),
        ),
        (
            "Sidecars ready",
            f"{sidecars} or vector(0)",
            "Sidecars whose observer takes exchanges.",
            (Step(None, RED), Step(1, GREEN)),
            ("SentinelNotReady",),
        ),
    )
    return [
        Panel(title, text, "stat", [Query(expr, title, instant=True)], width=6, height=4, steps=steps, alerts=alerts)
        for title, expr, text, steps, alerts in told
    ]


def _states() -> Panel:
    return Panel(
        "Verdict over time",
        "The worst verdict over all replicas of each model version. Grey is too little data, yellow is blind.",
        "state-timeline",
        [Query(severity(), VERSION_NAME)],
        unit="none",
        width=24,
        height=8,
        steps=_STATE_STEPS,
        words=STATE_WORDS,
    )


def _table() -> Panel:
    book, verdict = on_dashboard(drift.BOOK_EVIDENCE, 'book="page"'), on_dashboard(drift.VERDICT)
    same = f"on (job, instance, {BY_MODEL}) group_left (state)"
    columns = (
        ("evidence", most(f"{BY_MODEL}, state", f"{book}\n* {same} ({verdict} == 1)")),
        ("budget spent", most(BY_MODEL, on_dashboard(drift.BUDGET_SPENT))),
        ("requests/s", total(BY_MODEL, rate(on_dashboard(serving.REQUESTS)))),
        ("p99 (s)", most(BY_MODEL, on_dashboard(serving.DURATION_QUANTILE, 'quantile="0.99"'))),
        ("rows per window", total(BY_MODEL, on_dashboard(drift.WINDOW_ROWS))),
    )
    values = [f"Value #{ref}" for ref in "ABCDE"]
    titles = [title for title, _ in columns]
    organise = {
        "excludeByName": {"Time": True},
        "renameByName": {**dict(zip(values, titles, strict=True)), "model_version": "version", "state": "verdict"},
        "indexByName": {name: i for i, name in enumerate(("model", "model_version", "state", *values))},
    }
    address = "/d/sentinel-model?var-model=${__data.fields.model}&var-version=${__data.fields.version}"
    return Panel(
        "Models",
        "One line per model version and verdict of its replicas, most evidence first. Any cell leads to the model.",
        "table",
        [Query(expr, instant=True, format="table") for _, expr in columns],
        width=24,
        height=9,
        steps=(Step(None, "transparent"),),
        words={text: (text, color) for text, color in STATE_WORDS.values()},
        more={
            "custom": {"cellOptions": {"type": "color-background", "mode": "basic", "applyToRow": False}},
            "links": [("Open this model", address)],
            "transformations": [{"id": "merge", "options": {}}, {"id": "organize", "options": organise}],
            "options": {"sortBy": [{"displayName": "evidence", "desc": True}]},
        },
    )


def _trends() -> list[Panel]:
    requests = on_dashboard(serving.REQUESTS)
    failed = on_dashboard(serving.REQUESTS, _BAD_CODES)
    errors = ratio(total(BY_MODEL, rate(failed)), total(BY_MODEL, rate(requests)))
    p99 = most(BY_MODEL, on_dashboard(serving.DURATION_QUANTILE, 'quantile="0.99"'))
    told = (
        ("Requests", "Requests per second of each model version.", total(BY_MODEL, rate(requests)), "reqps"),
        ("Failed requests", "Share answered with 5xx, timed out or cut.", errors, "percentunit"),
        ("Latency p99", "99 of 100 requests of the last window were faster; worst replica.", p99, "s"),
    )
    panels = [
        Panel(title, text, "timeseries", [Query(expr, VERSION_NAME)], unit=unit, width=12)
        for title, text, expr, unit in told
    ]
    book = most(BY_MODEL, on_dashboard(drift.BOOK_EVIDENCE, 'book="page"'))
    text = "At 1 the verdict becomes breach and an incident opens. It accumulates over windows."
    return [*panels, evidence("Evidence against `within tolerance`", text, book, VERSION_NAME, width=12)]


def _actions() -> list[Panel]:
    incidents = f"sum by (model, cause) (increase({on_dashboard(drift.INCIDENTS)}[$__range]))"
    decisions = f"sum by (model, outcome) (increase({on_dashboard(rollback.DECISIONS)}[$__range])) > 0"
    return [
        Panel(
            "Incidents in this time range",
            "Breaches that opened, by cause.",
            "stat",
            [Query(f"sum by (cause) ({incidents}) > 0 or vector(0)", "{{cause}}", instant=True)],
            width=12,
            height=5,
            steps=(Step(None, "blue"),),
        ),
        Panel(
            "Rollback decisions in this time range",
            "What was decided for each breach: triggered, dry run, or why a rollback was held back.",
            "stat",
            [Query(f"sum by (outcome) ({decisions}) or vector(0)", "{{outcome}}", instant=True)],
            width=12,
            height=5,
            steps=(Step(None, "blue"),),
            alerts=("SentinelRollbackTriggered", "SentinelRollbackDeadLetter"),
        ),
    ]
