"""What one call of a generative model took: tokens and times, measured outside the server. Pure values.

Names follow OpenTelemetry's GenAI semantic conventions (gen_ai.operation.name, gen_ai.usage.*, gen_ai.server.*).
"""

from bisect import bisect_left
from dataclasses import dataclass

from sentinel.traffic import Exchange

MAX_FINISH_REASON_CHARACTERS = 32
"""A finish reason becomes a label; longer words are cut."""


@dataclass(frozen=True, slots=True)
class ServerTimes:
    """What a server says of its own time on a call, in seconds; None: it does not. Hints, not measurements of ours.

    queue: before work on the call began. prompt: reading the prompt. output: generating.
    """

    queue: float | None = None
    prompt: float | None = None
    output: float | None = None


UNTOLD = ServerTimes()


@dataclass(frozen=True, slots=True)
class LlmUsage:
    """operation: chat, text_completion or embeddings. None: the call does not say.

    time_to_first_token_seconds: from the start of the request to the arrival of the first piece of answer.
    time_per_output_token_seconds: mean after the first token; output_tokens_per_second: over the whole call.
    estimated: output tokens were counted from the pieces of a stream that told no usage.
    aborted: a stream was broken off, or ended with neither a finish reason nor an end mark.
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
    told: ServerTimes = UNTOLD


def piece_times(exchange: Exchange, first: int, last: int) -> tuple[float, float]:
    """When the first and the last piece of an answer had come, in seconds after the request began.

    first, last: where they end in the body. Where chunks cannot be placed in it (content encoding) the first and the
    last chunk stand for them.
    """
    seconds, sizes = exchange.chunk_seconds, exchange.chunk_bytes
    if not seconds:
        return exchange.first_byte_seconds, exchange.duration_seconds
    if not sizes or "content-encoding" in exchange.response.headers:
        return seconds[0], seconds[-1]
    at = (min(bisect_left(sizes, end), len(seconds) - 1) for end in (first, last))
    return seconds[next(at)], seconds[next(at)]


def count(value: object) -> int | None:
    """A token count as servers write it, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else None
