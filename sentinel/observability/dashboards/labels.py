"""Row of the Model dashboard about late labels: realised quality, the estimate before labels, what became of labels."""

from sentinel.observability.dashboards.kinds import STACKED, VERSION_NAME, lines
from sentinel.observability.panel import GREEN, RED, YELLOW, Panel, Query, Step
from sentinel.observability.query import BY_MODEL, RATE, least, most, on_dashboard, rate, selector
from sentinel.telemetry.catalogue import Metric, labels

NO_LABELS = "No labels in this time range"
NO_ESTIMATE = "No estimate: labels are off, or the reference holds no calibration"
_TARGET = 'job=~"$job", instance=~"$instance"'


def label_panels() -> list[Panel]:
    outcomes = f"sum by (outcome) ({rate(on_dashboard(labels.LABELS))})"
    kept = f"sum by (outcome) (rate({selector(labels.PREDICTIONS, _TARGET)}[{RATE}]))"
    accepted = f"1 - max({selector(labels.ACCEPTED_WRONG, _TARGET)})"
    age = f"time() - {most(BY_MODEL, on_dashboard(labels.REALISED_END))}"
    return [
        _quality(
            "Realised quality",
            "Of recent predictions, by their labels. Accuracy with its 95 % interval and with what is accepted.",
            labels.REALISED,
            NO_LABELS,
            Query(accepted, "accuracy accepted"),
        ),
        _quality(
            "ESTIMATED quality, before labels",
            "An estimate from the scores alone (CBPE), with its 95 % interval. Right only while scores mean what they "
            "meant in the reference.",
            labels.ESTIMATED,
            NO_ESTIMATE,
        ),
        lines(
            "Errors of numbers",
            "Mean absolute and root mean square error of recent predictions, by their labels.",
            f"max by (metric, model_version) ({_bound(labels.REALISED, 'value', 'mae|rmse')})",
            "{{metric}} {{model_version}}",
            "none",
            empty=NO_LABELS,
        ),
        Panel(
            "ESTIMATE trusted",
            "Not trusted: inputs left what the reference knows, or cannot be seen.",
            "stat",
            [Query(least(BY_MODEL, on_dashboard(labels.ESTIMATE_TRUSTED)), VERSION_NAME, instant=True)],
            unit="none",
            width=4,
            height=5,
            steps=(Step(None, RED), Step(1, GREEN)),
            words={"0": ("not trusted", RED), "1": ("trusted", GREEN)},
            empty=NO_ESTIMATE,
        ),
        _fact("Labelled share", "Of the kept predictions of the span.", labels.LABELLED_RATIO, "percentunit"),
        _fact("Labelled predictions", "That the realised quality is made of.", labels.REALISED_ROWS, "short"),
        Panel(
            "Newest label speaks of",
            "Time since the newest window with a label: how late labels are.",
            "stat",
            [Query(age, VERSION_NAME, instant=True)],
            unit="s",
            width=4,
            height=5,
            empty=NO_LABELS,
        ),
        Panel(
            "Labels",
            "By what became of them: joined in time or late, duplicates, corrections, orphans.",
            "timeseries",
            [Query(outcomes, "{{outcome}}")],
            unit="cps",
            empty=NO_LABELS,
            more=STACKED,
        ),
        lines(
            "Labels that wait",
            "For their prediction; they wait no longer than labels.wait_seconds.",
            most("model", on_dashboard(labels.WAITING)),
            "{{model}}",
            "short",
            empty=NO_LABELS,
        ),
        lines(
            "Predictions kept",
            "Sampled predictions kept for labels, a second; dropped and unnamed ones can never be joined.",
            kept,
            "{{outcome}}",
            "cps",
            empty="Labels are switched off",
        ),
    ]


def _bound(metric: Metric, bound: str, measures: str) -> str:
    return on_dashboard(metric, f'bound="{bound}", metric=~"{measures}"')


def _quality(title: str, description: str, metric: Metric, empty: str, *more: Query) -> Panel:
    measures = "accuracy|precision|recall|f1|roc_auc"
    value = f"max by (metric, model_version) ({_bound(metric, 'value', measures)})"
    ends = [
        Query(
            f"max by (model_version) ({_bound(metric, bound, 'accuracy')})", f"accuracy {bound} {{{{model_version}}}}"
        )
        for bound in ("low", "high")
    ]
    queries = [Query(value, "{{metric}} {{model_version}}"), *ends, *more]
    return Panel(title, description, "timeseries", queries, unit="percentunit", most=1.0, empty=empty)


def _fact(title: str, description: str, metric: Metric, unit: str) -> Panel:
    return Panel(
        title,
        description,
        "stat",
        [Query(most(BY_MODEL, on_dashboard(metric)), VERSION_NAME, instant=True)],
        unit=unit,
        width=4,
        height=5,
        steps=(Step(None, YELLOW), Step(0.01, GREEN)),
        empty=NO_LABELS,
    )
