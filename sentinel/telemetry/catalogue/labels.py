"""Metrics of late labels, and of the quality they tell of; estimates carry it in their name."""

from functools import partial

from sentinel.labels.estimate import METRICS as ESTIMATED_METRICS
from sentinel.labels.realised import METRICS as REALISED_METRICS
from sentinel.labels.values import OUTCOMES
from sentinel.telemetry.catalogue.metric import MODEL_LABELS, Metric

_labels = partial(Metric, section="Labels and quality")

BOUNDS = ("value", "low", "high")
KEPT = ("kept", "repeated", "dropped", "unnamed")

LABELS = _labels(
    "sentinel_labels_total",
    "counter",
    "Labels by what became of them here; received is the sum of the others and of those that wait.",
    ("model", "outcome"),
    values={"outcome": OUTCOMES},
)
WAITING = _labels("sentinel_labels_waiting", "gauge", "Labels in the store that wait for their prediction.", ("model",))
PREDICTIONS = _labels(
    "sentinel_label_predictions_total",
    "counter",
    "Sampled predictions kept for labels; repeated: its id was known, dropped: no room, unnamed: calls without an id.",
    ("outcome",),
    values={"outcome": KEPT},
)
REALISED = _labels(
    "sentinel_realised_quality",
    "gauge",
    "Quality of recent predictions by their labels, with the ends of its 95 % interval.",
    (*MODEL_LABELS, "metric", "bound"),
    values={"metric": REALISED_METRICS, "bound": BOUNDS},
)
REALISED_ROWS = _labels(
    "sentinel_realised_quality_rows",
    "gauge",
    "Labelled predictions of the span; quality is made of the newest 10,000.",
    MODEL_LABELS,
)
LABELLED_RATIO = _labels(
    "sentinel_labelled_ratio",
    "gauge",
    "Share of the kept predictions of that span that have a label.",
    MODEL_LABELS,
    "ratio",
)
REALISED_END = _labels(
    "sentinel_realised_quality_end_timestamp_seconds",
    "gauge",
    "End of the newest window with a label, seconds since the epoch: how late labels are.",
    MODEL_LABELS,
    "seconds",
)
ESTIMATED = _labels(
    "sentinel_estimated_quality",
    "gauge",
    "ESTIMATE of the quality of recent predictions from their scores alone, with the ends of its 95 % interval.",
    (*MODEL_LABELS, "metric", "bound"),
    values={"metric": ESTIMATED_METRICS, "bound": BOUNDS},
)
ESTIMATE_TRUSTED = _labels(
    "sentinel_estimated_quality_trusted",
    "gauge",
    "1 where the estimate may be trusted; 0 where inputs left the reference, or cannot be seen.",
    MODEL_LABELS,
)
ACCEPTED_WRONG = _labels(
    "sentinel_accepted_wrong_ratio",
    "gauge",
    "Share of wrong predictions that is accepted; evidence for more opens an incident.",
    (),
    "ratio",
)
