"""Metrics of windows, scores, evidence and verdicts."""

from functools import partial

from sentinel.drift.faults import KINDS
from sentinel.judge.verdict import Cause, State
from sentinel.telemetry.catalogue.metric import MODEL_LABELS, Metric

_drift = partial(Metric, section="Drift and verdicts")

STATES = tuple(str(state) for state in State)
CAUSES: tuple[str, ...] = Cause.__args__  # type: ignore[attr-defined]  # the words of the Literal
BOOKS = ("page", "rollback")
PROBLEMS = ("missing", "out_of_range", "new_category", "wrong_type")

MODEL_INFO = _drift(
    "sentinel_model_info",
    "gauge",
    "1 for each version being served, with the fingerprint of the reference it is compared with.",
    (*MODEL_LABELS, "reference"),
)
WINDOWS = _drift("sentinel_windows_total", "counter", "Windows closed.", MODEL_LABELS)
ROWS = _drift("sentinel_rows_total", "counter", "Rows analysed.", MODEL_LABELS)
WINDOW_ROWS = _drift("sentinel_window_rows", "gauge", "Rows in the last closed window.", MODEL_LABELS)
WINDOW_SECONDS = _drift("sentinel_window_seconds", "gauge", "Configured length of a window.", (), "seconds")
WINDOW_END = _drift(
    "sentinel_window_end_timestamp_seconds",
    "gauge",
    "End of the last window that was judged, seconds since the epoch; a detector that stops is seen by its age.",
    MODEL_LABELS,
    "seconds",
)
SCORE = _drift(
    "sentinel_drift_score",
    "gauge",
    "Distance between the last window and the reference; absent when the window is not comparable.",
    (*MODEL_LABELS, "feature", "method"),
)
NOTICE_LEVEL = _drift(
    "sentinel_drift_notice_level",
    "gauge",
    "Score above which a notice (never a page) is raised, by method.",
    ("method",),
)
EVIDENCE = _drift(
    "sentinel_drift_evidence",
    "gauge",
    "Share of a feature in the evidence against `within tolerance`; all features together page at 1.",
    (*MODEL_LABELS, "feature"),
)
BOOK_EVIDENCE = _drift(
    "sentinel_evidence_ratio",
    "gauge",
    "Evidence in the page book and in the stricter rollback book, as a share of what an action needs.",
    (*MODEL_LABELS, "book"),
    "ratio",
    values={"book": BOOKS},
)
BUDGET_SPENT = _drift(
    "sentinel_drift_budget_spent_ratio",
    "gauge",
    "Pages opened over pages allowed in the period of the false-page budget.",
    MODEL_LABELS,
    "ratio",
)
DEPENDENCE = _drift(
    "sentinel_drift_dependence_ratio",
    "gauge",
    "By how much the evidence is divided because rows are alike: 1 for independent rows; largest over the features "
    "that lead the evidence.",
    MODEL_LABELS,
    "ratio",
)
VERDICT = _drift(
    "sentinel_verdict",
    "gauge",
    "1 for the current verdict, 0 for the others.",
    (*MODEL_LABELS, "state"),
    values={"state": STATES},
)
INCIDENTS = _drift(
    "sentinel_incidents_total",
    "counter",
    "Incidents opened, by cause.",
    (*MODEL_LABELS, "cause"),
    values={"cause": CAUSES},
)
INCIDENTS_OPEN = _drift(
    "sentinel_incidents_open",
    "gauge",
    "Incidents that stand, by cause.",
    (*MODEL_LABELS, "cause"),
    values={"cause": CAUSES},
)
INCIDENT_LAST = _drift(
    "sentinel_incident_last_timestamp_seconds",
    "gauge",
    "When the last incident opened, seconds since the epoch; absent while there was none.",
    MODEL_LABELS,
    "seconds",
)
PROBLEM_RATIO = _drift(
    "sentinel_feature_problem_ratio",
    "gauge",
    "Share of rows in the last window whose value is missing, out of the reference's range, new, or of a wrong type.",
    (*MODEL_LABELS, "feature", "problem"),
    "ratio",
    values={"problem": PROBLEMS},
)
QUALITY_FINDINGS = _drift(
    "sentinel_data_quality_findings_total",
    "counter",
    "Findings on the data of judged windows, one for each feature (or for the rows as a whole) and window.",
    (*MODEL_LABELS, "problem"),
    values={"problem": KINDS},
)
SEGMENT_ROWS = _drift(
    "sentinel_segment_rows_ratio",
    "gauge",
    "Share of the rows of the last window in each segment that the reference tells apart; the rest is __other__.",
    (*MODEL_LABELS, "segment", "value"),
    "ratio",
)
PREDICTION = _drift(
    "sentinel_prediction_value",
    "histogram",
    "Numeric predictions of the analysed rows, in the bins of the reference.",
    (*MODEL_LABELS, "feature"),
)
