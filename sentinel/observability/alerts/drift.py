"""Drift: the judge's breaches page, since the false-page budget stands behind them; scores and warnings are tickets."""

from sentinel.observability.alerts.alert import MODEL, Alert
from sentinel.observability.query import most, selector, total
from sentinel.telemetry.catalogue import drift, serving

LEAST_ROWS = 200  # a score of fewer rows is noise
PROBLEM_RATIO = 0.05  # share of rows with a value out of range, new or of a wrong type
DEEPER_FAULTS = ("lost_field", "unit_change", "swapped", "stuck", "duplicated_rows", "one_client")
MOST_WINDOWS = 0.5  # share of windows with such a fault
UNDECODABLE_RATIO = 0.1
APPROACHING = 0.5


def _incident(cause: str) -> str:
    return most(MODEL, selector(drift.INCIDENTS_OPEN, f'cause="{cause}"')) + " > 0"


def _state(state: str) -> str:
    return most(MODEL, selector(drift.VERDICT, f'state="{state}"')) + " == 1"


def _enough_rows() -> str:
    return f"and on ({MODEL}) {total(MODEL, selector(drift.WINDOW_ROWS))} >= {LEAST_ROWS}"


def _feature_drift() -> str:
    scores = most(f"{MODEL}, feature, method", selector(drift.SCORE))
    level = most("method", selector(drift.NOTICE_LEVEL))
    return f"{scores}\n> on (method) group_left ()\n{level}\n{_enough_rows()}"


def _problems() -> str:
    kinds = "|".join(problem for problem in drift.PROBLEMS if problem != "missing")
    shares = most(f"{MODEL}, feature, problem", selector(drift.PROBLEM_RATIO, f'problem=~"{kinds}"'))
    return f"{shares} > {PROBLEM_RATIO}\n{_enough_rows()}"


def _findings() -> str:
    """Windows with a fault that no share of rows of one feature shows."""
    kinds = f'problem=~"{"|".join(DEEPER_FAULTS)}"'
    found = total(f"{MODEL}, problem", f"increase({selector(drift.QUALITY_FINDINGS, kinds)}[15m])")
    windows = total(MODEL, f"increase({selector(drift.WINDOWS)}[15m])")
    return f"{found}\n/ on ({MODEL}) group_left ()\n{windows}\n> {MOST_WINDOWS}"


def _approaching() -> str:
    evidence = most(MODEL, selector(drift.BOOK_EVIDENCE, 'book="page"'))
    return f"{evidence} >= {APPROACHING}\nunless on ({MODEL}) {_state('breach')}"


def _undecodable() -> str:
    failed = total(MODEL, f"rate({selector(serving.EXCHANGES, _outcome('undecodable'))}[10m])")
    tried = total(MODEL, f"rate({selector(serving.EXCHANGES, _outcome('analysed|undecodable'))}[10m])")
    return f"{failed}\n/\n({tried} > 0.1)\n> {UNDECODABLE_RATIO}"


def _outcome(words: str) -> str:
    return f'outcome=~"{words}"'


_SERVICE_LEVELS = most(f"{MODEL}, cause", selector(drift.INCIDENTS_OPEN, 'cause=~"error_ratio|latency"')) + " > 0"
_WHICH = "Open the status page of a sidecar or the Model dashboard: the verdict says why and since when."
_OF_THIS_VERSION = "namespace=%q, model=%q, model_version=%q"
_LEADING_FEATURES = most("feature", f"{drift.EVIDENCE.name}{{{_OF_THIS_VERSION}}}") + " > 0"
_LEADING = (
    f' {{{{- with printf "topk(3, {_LEADING_FEATURES})" '
    "$labels.namespace $labels.model $labels.model_version | query }}"
    " Features with most evidence now:"
    "{{ range $i, $found := . }}{{ if $i }},{{ end }} {{ $found.Labels.feature }}{{ end }}.{{ end }}"
)

DRIFT = (
    Alert(
        "SentinelInputDrift",
        "critical",
        _incident("input_drift"),
        "The model no longer sees the world that it was trained on.",
        "The inputs of {{ $labels.model }} {{ $labels.model_version }} drifted beyond tolerance; the false-page budget "
        "stands behind this page. " + _WHICH + _LEADING,
    ),
    Alert(
        "SentinelPredictionDrift",
        "critical",
        _incident("prediction_drift"),
        "The model answers differently than it did.",
        "The predictions of {{ $labels.model }} {{ $labels.model_version }} drifted beyond tolerance. If the version "
        "is new, compare with the version before and consider taking it back. " + _WHICH + _LEADING,
    ),
    Alert(
        "SentinelDataQualityBreach",
        "critical",
        _incident("data_quality"),
        "The model receives broken data.",
        "Inputs of {{ $labels.model }} {{ $labels.model_version }} break the schema of the reference: missing or "
        "mistyped values, another unit, columns that changed places. Ask who feeds it what changed. "
        + _WHICH
        + _LEADING,
    ),
    Alert(
        "SentinelModelQualityDegraded",
        "critical",
        _incident("realised_quality"),
        "The model is wrong more often, as delayed labels tell.",
        "The quality of {{ $labels.model }} {{ $labels.model_version }} fell. Check that the labels are right, then "
        "consider the version before. " + _WHICH,
    ),
    Alert(
        "SentinelServiceLevelBreach",
        "critical",
        _SERVICE_LEVELS,
        "A version fails or is slow beyond what chance explains.",
        '{{ $labels.model }} {{ $labels.model_version }} {{ if eq $labels.cause "latency" }}answers slower'
        "{{ else }}fails more{{ end }} than its objective or the version before. If the version is new, consider "
        "taking it back. " + _WHICH,
    ),
    Alert(
        "SentinelOutsideBreach",
        "critical",
        _incident("alertmanager"),
        "An alert from outside opened an incident in sentinel.",
        "An Alertmanager notification about {{ $labels.model }} {{ $labels.model_version }} was taken in as a breach. "
        "Follow the alert that sent it.",
    ),
    Alert(
        "SentinelOddReplica",
        "warning",
        _incident("odd_replica"),
        "One replica sees or answers differently than the others.",
        "A replica of {{ $labels.model }} {{ $labels.model_version }} differs from the rest: often a stale model file "
        "or a bad node. Restart it; if that helps, look at its image and node. " + _WHICH,
    ),
    Alert(
        "SentinelFeatureDrift",
        "warning",
        _feature_drift(),
        "One feature is far from the reference.",
        '{{ $labels.method }} of {{ $labels.feature }} is {{ printf "%.2f" $value }} for {{ $labels.model }} '
        "{{ $labels.model_version }}, above its notice level. A score is no verdict: look whether evidence grows "
        "before acting.",
        hold="15m",
        keep="15m",
    ),
    Alert(
        "SentinelBreachApproaching",
        "warning",
        _approaching(),
        "Evidence of drift has passed half of what a page needs.",
        'Evidence against `within tolerance` is {{ printf "%.2f" $value }} of 1 for {{ $labels.model }} '
        "{{ $labels.model_version }}. Nothing to do yet; look at the features with most evidence.",
        hold="10m",
        keep="30m",
    ),
    Alert(
        "SentinelFalsePageBudgetSpent",
        "info",
        most(MODEL, selector(drift.BUDGET_SPENT)) + " >= 1",
        "The false-page budget of the period is spent.",
        "{{ $labels.model }} {{ $labels.model_version }} has opened as many pages as its budget allows when nothing is "
        "wrong. If they were all real, nothing is wrong with the budget; if not, tell the team that owns sentinel.",
    ),
    Alert(
        "SentinelFeatureProblems",
        "warning",
        _problems(),
        "Values of a feature are out of range, new, or of a wrong type.",
        "{{ $value | humanizePercentage }} of {{ $labels.feature }} is {{ $labels.problem }} for {{ $labels.model }} "
        "{{ $labels.model_version }}. Ask who produces the feature what changed.",
        hold="15m",
        keep="15m",
    ),
    Alert(
        "SentinelDataQualityFinding",
        "warning",
        _findings(),
        "The data that the model receives has a fault.",
        "{{ $labels.problem }} in most windows of {{ $labels.model }} {{ $labels.model_version }}: a field is gone, "
        "came in another unit, changed places or stands still, or rows repeat. " + _WHICH,
        hold="10m",
        keep="10m",
    ),
    Alert(
        "SentinelBlind",
        "warning",
        _state("blind"),
        "sentinel cannot see what the model does.",
        "The verdict of {{ $labels.model }} {{ $labels.model_version }} is blind: no reference, or traffic that cannot "
        "be decoded. Run `sentinel check-config`, then look at sentinel_undecodable_total by reason.",
        hold="15m",
    ),
    Alert(
        "SentinelInsufficientForLong",
        "warning",
        _state("insufficient"),
        "There has been too little data for a verdict for hours.",
        "{{ $labels.model }} {{ $labels.model_version }} gave too few rows for hours. Raise capture.sample_ratio, or "
        "lower drift.minimum_rows if the traffic is what it is.",
        hold="2h",
    ),
    Alert(
        "SentinelUndecodable",
        "warning",
        _undecodable(),
        "Many exchanges cannot be decoded.",
        "{{ $value | humanizePercentage }} of the exchanges of {{ $labels.model }} {{ $labels.model_version }} gave no "
        "rows. sentinel_undecodable_total says why; did the request format change?",
        hold="15m",
    ),
)
