"""Metrics of the traffic that passes: rate, errors, duration, and what became of each exchange."""

from functools import partial

from sentinel.telemetry.catalogue.metric import MODEL_LABELS, Metric
from sentinel.traffic.ledger import DROPPED as DROPPED_BY_REASON
from sentinel.windows.latency import PERCENTILES

_serving = partial(Metric, section="Traffic")

CODES = ("2xx", "3xx", "4xx", "5xx", "timeout", "canceled", "disconnected")
BAD_CODES = ("5xx", "timeout", "disconnected")
OUTCOMES = ("analysed", "sampled_out", "dropped", "undecodable")
DROP_REASONS = (*DROPPED_BY_REASON, "intake_full")
QUANTILES = PERCENTILES
SLOS = ("errors", "latency")

REQUESTS = _serving(
    "sentinel_requests_total",
    "counter",
    "Requests that passed, by status class and protocol.",
    (*MODEL_LABELS, "code", "protocol"),
    values={"code": CODES},
)
REQUEST_DURATION = _serving(
    "sentinel_request_duration_seconds",
    "histogram",
    "Time from the first byte of a request to the last byte of its answer, over all traffic.",
    MODEL_LABELS,
    "seconds",
)
DURATION_QUANTILE = _serving(
    "sentinel_request_duration_quantile_seconds",
    "summary",  # a gauge may not have the label `quantile`; this summary has neither sum nor count
    "Quantile of the request duration in the last window, within 1 %.",
    (*MODEL_LABELS, "quantile"),
    "seconds",
    values={"quantile": tuple(f"{q:g}" for q in QUANTILES)},
)
FIRST_BYTE = _serving(
    "sentinel_time_to_first_byte_seconds",
    "histogram",
    "Time from the first byte of a request to the first byte of its answer.",
    MODEL_LABELS,
    "seconds",
)
CHUNK_GAP = _serving(
    "sentinel_stream_gap_seconds",
    "histogram",
    "Time between two parts of a streamed answer; for language models, the latency between tokens.",
    MODEL_LABELS,
    "seconds",
)
REQUEST_BYTES = _serving(
    "sentinel_request_bytes_total", "counter", "Bytes that clients sent, framing included.", MODEL_LABELS, "bytes"
)
RESPONSE_BYTES = _serving(
    "sentinel_response_bytes_total", "counter", "Bytes that the model server answered.", MODEL_LABELS, "bytes"
)
SLO_EVENTS = _serving(
    "sentinel_slo_events_total",
    "counter",
    "Requests that count towards a service level.",
    (*MODEL_LABELS, "slo"),
    values={"slo": SLOS},
)
SLO_BAD_EVENTS = _serving(
    "sentinel_slo_bad_events_total",
    "counter",
    "Requests that missed a service level: failed (5xx, timeout, disconnected) or slower than slo.latency_p99_seconds.",
    (*MODEL_LABELS, "slo"),
    values={"slo": SLOS},
)
SLO_OBJECTIVE = _serving(
    "sentinel_slo_accepted_ratio",
    "gauge",
    "Accepted share of requests that miss a service level; absent where none is configured.",
    ("model", "slo"),
    "ratio",
    values={"slo": SLOS},
)
CONNECTIONS_OPEN = _serving("sentinel_connections_open", "gauge", "Client connections open at the relay.")
CONNECTIONS = _serving("sentinel_connections_total", "counter", "Client connections accepted by the relay.")
BUFFERED = _serving(
    "sentinel_relay_buffered_bytes",
    "gauge",
    "Bytes that wait in the relay workers for slow readers.",
    unit="bytes",
)
SLOW_READERS_RESET = _serving(
    "sentinel_relay_slow_readers_reset_total",
    "counter",
    "Connections reset because more than process.max_buffered_bytes were waiting, and most of it for them.",
)
OPAQUE = _serving(
    "sentinel_opaque_connections_total",
    "counter",
    "Connections that the relay passes on without following their protocol, by reason.",
    ("reason",),
)
RECEIVED = _serving(
    "sentinel_exchanges_received_total",
    "counter",
    "Exchanges that the relay saw or that were pushed; equals the sum of sentinel_exchanges_total.",
    MODEL_LABELS,
)
EXCHANGES = _serving(
    "sentinel_exchanges_total",
    "counter",
    "Exchanges by what became of them; the outcomes add up to what was received.",
    (*MODEL_LABELS, "outcome"),
    values={"outcome": OUTCOMES},
)
DROPPED = _serving(
    "sentinel_exchanges_dropped_total",
    "counter",
    "Sampled exchanges refused for want of room or lost on the way to the analysis, by reason.",
    ("reason",),
    values={"reason": DROP_REASONS},
)
SENDER_RATIO = _serving(
    "sentinel_sender_sample_ratio",
    "gauge",
    "Share of its requests that Envoy says it tells of, 1 until one does; the others are in no metric.",
    unit="ratio",
)
UNDECODABLE = _serving(
    "sentinel_undecodable_total",
    "counter",
    "Exchanges that gave no rows, by reason.",
    (*MODEL_LABELS, "reason"),
)
