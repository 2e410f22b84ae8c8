"""The row of the Model dashboard about language models: waiting, speed, tokens, how answers end."""

from sentinel.observability.dashboards.kinds import STACKED, VERSION_NAME, lines, quantiles
from sentinel.observability.panel import Panel, Query
from sentinel.observability.query import BY_MODEL, on_dashboard, rate, ratio, total
from sentinel.telemetry.catalogue import Metric, generation, serving

NONE_TOLD = "No server told in this time range"
NONE_ANSWERED = "No language model answered in this time range"


def language_model_panels() -> list[Panel]:
    calls, aborted = on_dashboard(generation.CALLS), on_dashboard(generation.ABORTED)
    return [
        quantiles(
            "Time to first token",
            "Until the first piece with content, outside the server.",
            _buckets(generation.TIME_TO_FIRST_TOKEN),
        ),
        quantiles("Time per output token", "Mean of each streamed answer.", _buckets(generation.TIME_PER_OUTPUT_TOKEN)),
        quantiles(
            "Time between tokens",
            "Each gap between two parts of a streamed answer, over all traffic.",
            _buckets(serving.CHUNK_GAP),
        ),
        _tokens(),
        quantiles(
            "Output tokens a second",
            "Of a call, from its request to its end.",
            _buckets(generation.OUTPUT_RATE),
            unit="none",
        ),
        lines(
            "Calls",
            "Analysed calls by operation, streamed or not.",
            total("operation, streamed", rate(calls)),
            "{{operation}} streamed={{streamed}}",
            "reqps",
            STACKED,
            empty=NONE_ANSWERED,
        ),
        lines(
            "Finish reasons",
            "Why answers ended; `length` is an answer that was cut by its limit.",
            total("reason", rate(on_dashboard(generation.FINISH_REASONS))),
            "{{reason}}",
            "reqps",
            STACKED,
            empty=NONE_ANSWERED,
        ),
        lines(
            "Aborted",
            "Share of calls whose stream was broken off.",
            ratio(total(BY_MODEL, rate(aborted)), total(BY_MODEL, rate(calls))),
            VERSION_NAME,
            "percentunit",
            empty=NONE_ANSWERED,
        ),
        quantiles(
            "Time in the queue",
            "Where the server says how long calls waited (headers, usage).",
            _buckets(generation.QUEUE),
            empty=NONE_TOLD,
        ),
        quantiles("Time to read the prompt", "Where the server says so.", _buckets(generation.PROMPT), empty=NONE_TOLD),
        quantiles(
            "Output tokens of a call",
            "How long answers are.",
            on_dashboard(generation.TOKEN_USAGE, 'direction="output"', suffix="_bucket"),
            unit="none",
            empty=NONE_ANSWERED,
        ),
    ]


def _buckets(metric: Metric) -> str:
    return on_dashboard(metric, suffix="_bucket")


def _tokens() -> Panel:
    """Read and written, and what of each came from the cache or is an estimate."""
    queries = [
        Query(total("direction", rate(on_dashboard(generation.TOKENS))), "{{direction}}"),
        Query(f"sum({rate(on_dashboard(generation.CACHED_TOKENS))})", "input from cache"),
        Query(f"sum({rate(on_dashboard(generation.ESTIMATED_TOKENS))})", "output estimated"),
    ]
    told = "A second, of analysed calls: as the server counts them, else counted from pieces (estimated)."
    return Panel("Tokens", told, "timeseries", queries, unit="short", empty=NONE_ANSWERED)
