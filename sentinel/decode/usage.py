"""What one call of a generative model took: tokens and times, measured outside the server. Pure values.

Names follow OpenTelemetry's GenAI semantic conventions (gen_ai.operation.name, gen_ai.usage.*, gen_ai.server.*).
"""

from dataclasses import dataclass

MAX_FINISH_REASON_CHARACTERS = 32
"""A finish reason becomes a label; longer words are cut."""


@dataclass(frozen=True, slots=True)
class LlmUsage:
    """operation: chat, text_completion or embeddings. None: the call does not say.

    time_to_first_token_seconds: from the start of the request to the arrival of the first piece of answer.
    time_per_output_token_seconds: mean after the first token; output_tokens_per_second: over the whole call.
    estimated: output tokens were counted from the pieces of a stream that told no usage.
    aborted: a stream ended with neither a finish reason nor an end mark.
    """

    operation: str
    streamed: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    estimated: bool = False
    finish_reasons: tuple[str, ...] = ()
    aborted: bool = False
    time_to_first_token_seconds: float | None = None
    time_per_output_token_seconds: float | None = None
    output_tokens_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """When pieces of a stream arrived, in seconds after the request began."""

    first_token: float
    last: float

    def per_output_token(self, tokens: int | None) -> float | None:
        """Mean time between output tokens; needs two of them."""
        return (self.last - self.first_token) / (tokens - 1) if tokens and tokens > 1 else None


@dataclass(frozen=True, slots=True)
class Events:
    """Numbers of events in a stream: all of them, those before the first piece of the answer, those after the last."""

    total: int
    before: int
    after: int


def stream_times(chunk_seconds: tuple[float, ...], events: Events, first_byte: float, duration: float) -> StreamTimes:
    """When the first and the last piece of an answer arrived.

    Where each event came in a chunk of its own, chunks and events are numbered alike; where some came together, the
    first piece is sought in the chunk of its number at the latest, and the last chunk is the last piece.
    """
    if not chunk_seconds:
        return StreamTimes(first_byte, duration)
    last = len(chunk_seconds) - 1
    first = min(events.before, last)
    if len(chunk_seconds) >= events.total:
        last = max(first, events.total - 1 - events.after)
    return StreamTimes(chunk_seconds[first], chunk_seconds[last])


def count(value: object) -> int | None:
    """A token count as servers write it, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else None
