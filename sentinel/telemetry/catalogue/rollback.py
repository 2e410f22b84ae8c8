"""Metrics of decisions, rollback requests and their deliveries."""

from functools import partial

from sentinel.telemetry.catalogue.metric import MODEL_LABELS, Metric

_rollback = partial(Metric, section="Rollback")

TRIGGERED = "triggered"
OUTCOMES = (
    TRIGGERED,
    "dry_run",
    "suppressed_off",
    "suppressed_cause",
    "suppressed_paused",
    "suppressed_stale",
    "suppressed_blind",
    "suppressed_insufficient_data",
    "suppressed_recovering",
    "suppressed_evidence",
    "suppressed_for_duration",
    "suppressed_no_previous",
    "suppressed_one_per_version",
    "suppressed_deploy_window",
    "suppressed_baseline_bad",
    "suppressed_baseline_unknown",
    "suppressed_flip_flop",
    "suppressed_cooldown",
    "suppressed_rate_limit",
    "suppressed_freeze",
    "suppressed_quorum",
)
DELIVERED, EXPIRED = "delivered", "expired"
RESULTS = (DELIVERED, "refused", "timeout", "unreachable", "http_3xx", "http_4xx", "http_5xx", EXPIRED)

DECISIONS = _rollback(
    "sentinel_rollback_decisions_total",
    "counter",
    "Decisions about a rollback, by outcome: triggered, dry_run, or why not.",
    ("model", "outcome"),
    values={"outcome": OUTCOMES},
)
ARMED = _rollback(
    "sentinel_rollback_armed",
    "gauge",
    "1 while a breach may send a rollback request; 0 in dry-run, when off and while paused.",
)
ENFORCED = _rollback(
    "sentinel_rollback_enforced", "gauge", "1 where the configuration says rollback.mode: enforce, paused or not."
)
LAST_REQUEST = _rollback(
    "sentinel_rollback_last_timestamp_seconds",
    "gauge",
    "When the last rollback away from this version was requested, seconds since the epoch.",
    MODEL_LABELS,
    "seconds",
)
DELIVERIES = _rollback(
    "sentinel_webhook_deliveries_total",
    "counter",
    "Attempts to deliver a rollback request, by result; expired counts requests given up.",
    ("target", "result"),
    values={"result": RESULTS},
)
DELIVERY_DURATION = _rollback(
    "sentinel_webhook_delivery_duration_seconds",
    "histogram",
    "Time that an attempt to deliver took.",
    ("target",),
    "seconds",
)
PENDING = _rollback("sentinel_webhook_pending", "gauge", "Rollback requests waiting for delivery.")
DEAD_LETTERS = _rollback(
    "sentinel_webhook_dead_letters", "gauge", "Rollback requests that could not be delivered in time."
)
