"""How one call of a generative model becomes metrics. Children appear with the first call: most models have none."""

from sentinel.decode.usage import LlmUsage
from sentinel.telemetry.catalogue import Metric, generation
from sentinel.telemetry.children import Pair
from sentinel.telemetry.labels import OTHER, label
from sentinel.telemetry.series import Series

SERIES_OF_GENERATION = 170  # what one model version takes when it generates, rounded up; a test holds it
MOST_REASONS = 8  # finish reasons of one version; they come from answers


def open_generation(series: Series, pair: Pair) -> None:
    """The counters of a version at 0, so that the first call is seen as an increase."""
    for direction in generation.DIRECTIONS:
        series.add(generation.TOKENS, (*pair, direction), 0)
    for metric in (generation.CACHED_TOKENS, generation.ESTIMATED_TOKENS, generation.ABORTED):
        series.add(metric, pair, 0)


def record(series: Series, pair: Pair, usage: LlmUsage) -> None:
    """Count one call."""
    operation = usage.operation if usage.operation in generation.OPERATIONS else OTHER
    series.add(generation.CALLS, (*pair, operation, str(usage.streamed).lower()))
    for direction, tokens in (("input", usage.input_tokens), ("output", usage.output_tokens)):
        if tokens is not None:
            series.add(generation.TOKENS, (*pair, direction), tokens)
            series.histogram(generation.TOKEN_USAGE, (*pair, direction), generation.TOKEN_BOUNDS).observe(tokens)
    series.add(generation.CACHED_TOKENS, pair, usage.cached_tokens or 0)
    series.add(generation.ESTIMATED_TOKENS, pair, (usage.output_tokens or 0) if usage.estimated else 0)
    series.add(generation.ABORTED, pair, usage.aborted)
    for reason in usage.finish_reasons:
        series.add(generation.FINISH_REASONS, (*pair, _fenced(series, pair, label(reason))))
    for metric, seconds, bounds in _times(usage):
        if seconds is not None:
            series.histogram(metric, pair, bounds).observe(seconds)


def _times(usage: LlmUsage) -> tuple[tuple[Metric, float | None, tuple[float, ...]], ...]:
    return (
        (generation.TIME_TO_FIRST_TOKEN, usage.time_to_first_token_seconds, generation.FIRST_TOKEN_BOUNDS),
        (generation.TIME_PER_OUTPUT_TOKEN, usage.time_per_output_token_seconds, generation.PER_TOKEN_BOUNDS),
        (generation.OUTPUT_RATE, usage.output_tokens_per_second, generation.RATE_BOUNDS),
        (generation.QUEUE, usage.told.queue, generation.FIRST_TOKEN_BOUNDS),
        (generation.PROMPT, usage.told.prompt, generation.FIRST_TOKEN_BOUNDS),
    )


def _fenced(series: Series, pair: Pair, reason: str) -> str:
    known = {labels[-1] for labels in series.values.get(generation.FINISH_REASONS, {}) if labels[:2] == pair}
    return reason if reason in known or len(known) < MOST_REASONS else OTHER
