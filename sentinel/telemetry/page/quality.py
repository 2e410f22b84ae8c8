"""The card of the page about what predictions are worth: by labels, and as an estimate that says it is one."""

from collections.abc import Mapping

from sentinel.labels.realised import LOWER_IS_BETTER, METRICS
from sentinel.labels.values import Quality, Report
from sentinel.telemetry.page.text import esc, moment, number, share

WORDS = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "roc_auc": "Area under ROC curve",
    "log_loss": "Log loss",
    "calibration_error": "Calibration error",
    "mae": "Mean absolute error",
    "rmse": "Root mean square error",
}
SHARES = frozenset(WORDS) - {"log_loss", "mae", "rmse"}


def quality(reports: Mapping[str, Report]) -> str:
    """Recent predictions of one version: measure, by labels, estimate; nothing where labels are switched off."""
    realised, estimate = reports.get("realised"), reports.get("estimate")
    rows = "".join(_row(metric, realised, estimate) for metric in METRICS)
    if not rows:
        return ""
    return (
        '<div class="card features"><h2>Quality of recent predictions</h2>'
        f"{_labelled(realised)}{_trust(estimate)}"
        '<div class="scroll"><table><caption>Quality of recent predictions, with 95 % intervals</caption><thead><tr>'
        '<th scope="col">Measure</th><th scope="col">By labels</th><th scope="col">Estimate, before labels</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></div>"
    )


def _row(metric: str, realised: Report | None, estimate: Report | None) -> str:
    known, guessed = (report.value(metric) if report else None for report in (realised, estimate))
    if known is None and guessed is None:
        return ""
    less = " <small>less is better</small>" if metric in LOWER_IS_BETTER else ""
    mark = "≈ " if guessed is not None else ""
    return (
        f'<tr><th scope="row">{WORDS[metric]}{less}</th><td>{_value(known)}</td><td>{mark}{_value(guessed)}</td></tr>'
    )


def _value(found: Quality | None) -> str:
    if found is None or found.value != found.value:
        return "–"
    show = share if found.metric in SHARES else number
    ends = f" <small>{show(found.low)} … {show(found.high)}</small>" if found.low == found.low else ""
    return f"{show(found.value)}{ends}"


def _labelled(realised: Report | None) -> str:
    if realised is None or not realised.labelled:
        return '<p class="quiet">No label has come yet.</p>'
    part = share(realised.labelled / realised.rows)
    return (
        f'<p class="quiet">{number(realised.labelled)} of {number(realised.rows)} kept predictions have a label '
        f"({part}); the newest are of the window that ended {moment(realised.span.end)}.</p>"
    )


def _trust(estimate: Report | None) -> str:
    if estimate is None:
        return ""
    if not estimate.trusted:
        return f'<p class="quiet"><b>The estimate is not trusted:</b> {esc(estimate.why_not)}.</p>'
    return (
        '<p class="quiet">The estimate is made from scores alone: it holds while scores mean what they meant in the '
        "reference.</p>"
    )
