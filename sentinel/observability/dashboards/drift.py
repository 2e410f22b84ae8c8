"""Rows of the Model dashboard about drift: evidence and scores, predictions, data quality, single features."""

from sentinel.observability.dashboards.kinds import STACKED, VERSION_NAME, evidence, lines
from sentinel.observability.panel import GREEN, ORANGE, RED, YELLOW, Panel, Query, Step
from sentinel.observability.query import BY_MODEL, RATE, leading, most, on_dashboard, rate, selector, total
from sentinel.telemetry.catalogue import drift, serving

_FEATURE = f"{{{{feature}}}}, {VERSION_NAME}"  # two versions side by side, as after a release, stay apart
_PSI = 'method="psi"'
_TARGET = 'job=~"$job", instance=~"$instance"'


def drift_panels() -> list[Panel]:
    by_feature = leading(20, f"{BY_MODEL}, feature", on_dashboard(drift.EVIDENCE))
    book = most(f"{BY_MODEL}, book", on_dashboard(drift.BOOK_EVIDENCE))
    psi = leading(10, f"{BY_MODEL}, feature", on_dashboard(drift.SCORE, _PSI))
    level = f"max({selector(drift.NOTICE_LEVEL, f'{_TARGET}, {_PSI}')})"
    top = f"topk(10, {most(f'{BY_MODEL}, feature, method', on_dashboard(drift.SCORE))})"
    return [
        Panel(
            "Evidence per feature over time",
            "Each feature's share of the evidence; all together page at 1. Red ones are why the verdict is a breach.",
            "state-timeline",
            [Query(by_feature, _FEATURE)],
            unit="none",
            width=24,
            height=9,
            steps=(Step(None, GREEN), Step(0.1, YELLOW), Step(0.5, ORANGE), Step(1, RED)),
            alerts=("SentinelInputDrift",),
            more={"options": {"showValue": "never"}},
        ),
        evidence(
            "Evidence against the budget",
            "Page book and rollback book, as shares of what an action needs. Both hold their false-alarm budget.",
            book,
            f"{{{{book}}}}, {VERSION_NAME}",
        ),
        Panel(
            "Score beside its notice level",
            "PSI of the last window, and the level above which a ticket is raised. A score never pages.",
            "timeseries",
            [Query(psi, _FEATURE), Query(level, "notice level")],
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


def prediction_panels() -> list[Panel]:
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
        lines("Rows analysed", "Rows that were decoded and compared, per second.", rows, VERSION_NAME, "rowsps"),
    ]


def quality_panels() -> list[Panel]:
    problems = leading(10, f"{BY_MODEL}, feature, problem", on_dashboard(drift.PROBLEM_RATIO))
    found = f"sum by (problem) (increase({on_dashboard(drift.QUALITY_FINDINGS)}[{RATE}]))"
    undecodable = total("reason", rate(on_dashboard(serving.UNDECODABLE))) + " or vector(0)"
    outcomes = total("outcome", rate(on_dashboard(serving.EXCHANGES)))
    return [
        lines(
            "Feature problems",
            "Share of rows whose value is missing, out of the reference's range, a new category, or of a wrong type.",
            problems,
            f"{_FEATURE}: {{{{problem}}}}",
            "percentunit",
        ),
        lines(
            "Findings on the data",
            "Features and windows with a fault: lost or new fields, other units, columns swapped or stuck, duplicates.",
            found,
            "{{problem}}",
            "short",
            STACKED,
            alerts=("SentinelDataQualityFinding",),
        ),
        lines(
            "Rows by segment",
            "Share of each segment that the reference tells apart; a change of mix moves features by itself.",
            f"avg by (segment, value) ({on_dashboard(drift.SEGMENT_ROWS)})",
            "{{segment}}={{value}}",
            "percentunit",
            empty="The reference tells no segments apart",
        ),
        lines(
            "Undecodable exchanges",
            "Exchanges that gave no rows, by reason. Many of them make the verdict blind.",
            undecodable,
            "{{reason}}",
            "reqps",
        ),
        lines(
            "Exchanges by outcome",
            "What became of each exchange; the outcomes add up to what was received.",
            outcomes,
            "{{outcome}}",
            "reqps",
            STACKED,
        ),
        lines(
            "Dependence of rows",
            "By how much evidence is divided because rows are alike (sessions, batches, one client). 1: independent.",
            most(BY_MODEL, on_dashboard(drift.DEPENDENCE)),
            VERSION_NAME,
            "none",
        ),
    ]


def feature_panel(name: str) -> Panel:
    chosen = f'feature="{name}"'
    score = most("method", selector(drift.SCORE, f'job=~"$job", instance=~"$instance", model=~"$model", {chosen}'))
    share = most("feature", selector(drift.EVIDENCE, f'job=~"$job", instance=~"$instance", model=~"$model", {chosen}'))
    return Panel(
        name,
        f"Distances of {name} from the reference, and its share of the evidence.",
        "timeseries",
        [Query(score, "{{method}}"), Query(f"clamp_max({share}, 1)", "evidence, at most 1")],
        unit="none",
    )
