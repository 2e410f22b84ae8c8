"""Metrics of language models, of analysed calls: tokens and times measured outside the server.

Names after the prefix, and the lower bounds, are those of OpenTelemetry's GenAI conventions (gen_ai.server.*,
gen_ai.client.*); the bounds go on to minutes, where its own end at 10 and 2.5 seconds.
"""

from functools import partial

from sentinel.telemetry.catalogue.metric import MODEL_LABELS, Metric

_generation = partial(Metric, section="Language models")

OPERATIONS = ("chat", "text_completion", "embeddings")
DIRECTIONS = ("input", "output")

FIRST_TOKEN_BOUNDS = (
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    30.0, 60.0, 120.0, 300.0, 600.0,
)  # fmt: skip
PER_TOKEN_BOUNDS = (
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5,
    5.0, 10.0, 30.0, 60.0, 120.0,
)  # fmt: skip
TOKEN_BOUNDS = tuple(float(4**i) for i in range(14))  # 1 to 67 million
RATE_BOUNDS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)

CALLS = _generation(
    "sentinel_gen_ai_calls_total",
    "counter",
    "Analysed calls of language models, by operation and whether the answer was streamed.",
    (*MODEL_LABELS, "operation", "streamed"),
    values={"operation": OPERATIONS, "streamed": ("true", "false")},
)
TOKENS = _generation(
    "sentinel_tokens_total",
    "counter",
    "Tokens of analysed calls: as the server counts them, else output tokens counted from the pieces of a stream.",
    (*MODEL_LABELS, "direction"),
    values={"direction": DIRECTIONS},
)
CACHED_TOKENS = _generation(
    "sentinel_gen_ai_cached_tokens_total",
    "counter",
    "Input tokens that the server took from its cache; part of the input tokens.",
    MODEL_LABELS,
)
ESTIMATED_TOKENS = _generation(
    "sentinel_gen_ai_estimated_tokens_total",
    "counter",
    "Output tokens counted from the pieces of streams that told no usage; part of the output tokens, an estimate.",
    MODEL_LABELS,
)
FINISH_REASONS = _generation(
    "sentinel_gen_ai_finish_reasons_total",
    "counter",
    "Answers by the reason why they ended.",
    (*MODEL_LABELS, "reason"),
)
ABORTED = _generation(
    "sentinel_gen_ai_aborted_total",
    "counter",
    "Streams that were broken off by the client or the server, or ended with neither a reason nor an end mark.",
    MODEL_LABELS,
)
TIME_TO_FIRST_TOKEN = _generation(
    "sentinel_gen_ai_server_time_to_first_token_seconds",
    "histogram",
    "Time from the first byte of the request to the first piece of a streamed answer that carries content.",
    MODEL_LABELS,
    "seconds",
)
TIME_PER_OUTPUT_TOKEN = _generation(
    "sentinel_gen_ai_server_time_per_output_token_seconds",
    "histogram",
    "Mean time between the output tokens of a streamed answer, one observation a call.",
    MODEL_LABELS,
    "seconds",
)
OUTPUT_RATE = _generation(
    "sentinel_gen_ai_output_tokens_per_second",
    "histogram",
    "Output tokens a second over the whole call, one observation a call.",
    MODEL_LABELS,
    "tokens per second",
)
TOKEN_USAGE = _generation(
    "sentinel_gen_ai_client_token_usage",
    "histogram",
    "Tokens of a call.",
    (*MODEL_LABELS, "direction"),
    values={"direction": DIRECTIONS},
)
QUEUE = _generation(
    "sentinel_gen_ai_queue_seconds",
    "histogram",
    "Time that a call waited before work on it began, where the server says so.",
    MODEL_LABELS,
    "seconds",
)
PROMPT = _generation(
    "sentinel_gen_ai_prompt_seconds",
    "histogram",
    "Time that the server took to read the prompt, where it says so.",
    MODEL_LABELS,
    "seconds",
)
