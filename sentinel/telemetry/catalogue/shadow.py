"""Metrics of the second model that answers mirrored requests; exported where `capture.shadow` names one."""

from functools import partial

from sentinel.telemetry.catalogue.metric import MODEL_LABELS, Metric

SECTION = "Shadow"
_shadow = partial(Metric, section=SECTION)

COMPARED = "compared"
OUTCOMES = (COMPARED, "learning", "error", "no_answer", "undecodable", "unsupported", "dropped")
VERDICTS = ("equivalent", "different", "unknown")
SIDES = ("reference", "candidate")

REQUESTS = _shadow(
    "sentinel_shadow_requests_total",
    "counter",
    "Exchanges chosen to be mirrored, by what became of them: compared with the first answer, used to learn the spread "
    "of its values, answered with an error, not in time or unreadably, of a kind that is not mirrored, or dropped.",
    (*MODEL_LABELS, "outcome"),
    values={"outcome": OUTCOMES},
)
ROWS = _shadow(
    "sentinel_shadow_rows_total",
    "counter",
    "Rows that both models answered, by whether the answers differ.",
    (*MODEL_LABELS, "answer"),
    values={"answer": ("same", "different")},
)
VERDICT = _shadow(
    "sentinel_shadow_verdict",
    "gauge",
    "1 for what is proven of the second model against this version: equivalent within the margin, different, or "
    "unknown.",
    (*MODEL_LABELS, "verdict"),
    values={"verdict": VERDICTS},
)
DIFFERING = _shadow(
    "sentinel_shadow_differing_ratio",
    "gauge",
    "Share of rows that the second model answers differently.",
    MODEL_LABELS,
    "ratio",
)
BOUND = _shadow(
    "sentinel_shadow_differing_bound_ratio",
    "gauge",
    "Least and most that this share can be, whenever one looks.",
    (*MODEL_LABELS, "bound"),
    "ratio",
    values={"bound": ("lower", "upper")},
)
MARGIN = _shadow("sentinel_shadow_margin_ratio", "gauge", "Share of rows that may differ.", (), "ratio")
AGREEMENT = _shadow(
    "sentinel_shadow_agreement_ratio",
    "gauge",
    "Share of rows in which one output is the same, values within the tolerance.",
    (*MODEL_LABELS, "output"),
    "ratio",
)
DISTANCE = _shadow(
    "sentinel_shadow_difference_sd",
    "gauge",
    "Quantiles of the distance between the values of one output, in standard deviations of the serving model's.",
    (*MODEL_LABELS, "output", "quantile"),
    "sd",
)
DURATION = _shadow(
    "sentinel_shadow_duration_quantile_seconds",
    "gauge",
    "Quantiles of the time that both models took for the same requests, within 1 %; the second is timed off the path.",
    (*MODEL_LABELS, "side", "quantile"),
    "seconds",
    values={"side": SIDES},
)
GAUGES = (VERDICT, DIFFERING, BOUND, AGREEMENT, DISTANCE, DURATION)
