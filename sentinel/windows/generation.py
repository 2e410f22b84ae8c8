"""What the analysed calls of a generative model took in a window: tokens, times, how they ended. Mergeable values.

Times are counted in the logarithmic buckets of `sentinel.traffic.buckets`, so that percentiles of merged windows are
within 1 %. Only analysed (sampled) calls are in here; traffic as a whole is in `TrafficCounts`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sentinel.decode.usage import LlmUsage
from sentinel.traffic.buckets import bucket_of
from sentinel.windows.window import added

MOST_FINISH_REASONS = 16
"""Different words kept; they come from answers. The rest are counted as OTHER_REASON."""
OTHER_REASON = "__other__"


@dataclass(frozen=True, slots=True)
class GenerationCounts:
    """calls: of these some streamed, some aborted; estimated: those whose output tokens were counted from pieces.

    cached_tokens are part of input_tokens, estimated_tokens of output_tokens. first_token, per_token: bucket -> calls.
    """

    calls: int = 0
    streamed: int = 0
    aborted: int = 0
    estimated: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    estimated_tokens: int = 0
    finish_reasons: Mapping[str, int] = field(default_factory=dict)
    first_token: Mapping[int, int] = field(default_factory=dict)
    per_token: Mapping[int, int] = field(default_factory=dict)

    def __or__(self, other: "GenerationCounts") -> "GenerationCounts":
        """Add the calls of another window."""
        return GenerationCounts(
            calls=self.calls + other.calls,
            streamed=self.streamed + other.streamed,
            aborted=self.aborted + other.aborted,
            estimated=self.estimated + other.estimated,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            estimated_tokens=self.estimated_tokens + other.estimated_tokens,
            finish_reasons=added(self.finish_reasons, other.finish_reasons),
            first_token=added(self.first_token, other.first_token),
            per_token=added(self.per_token, other.per_token),
        )


class Generation:
    """Counts calls, growing; `counts` gives what was counted so far."""

    __slots__ = ("_first_token", "_numbers", "_per_token", "_reasons")

    def __init__(self) -> None:
        self._numbers: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._first_token: Counter[int] = Counter()
        self._per_token: Counter[int] = Counter()

    def add(self, usage: LlmUsage) -> None:
        """Count one call."""
        written = usage.output_tokens or 0
        self._numbers["calls"] += 1
        self._numbers["streamed"] += usage.streamed
        self._numbers["aborted"] += usage.aborted
        self._numbers["estimated"] += usage.estimated
        self._numbers["input_tokens"] += usage.input_tokens or 0
        self._numbers["output_tokens"] += written
        self._numbers["cached_tokens"] += usage.cached_tokens or 0
        self._numbers["estimated_tokens"] += written if usage.estimated else 0
        for reason in usage.finish_reasons:
            known = reason in self._reasons or len(self._reasons) < MOST_FINISH_REASONS
            self._reasons[reason if known else OTHER_REASON] += 1
        if usage.time_to_first_token_seconds is not None:
            self._first_token[bucket_of(usage.time_to_first_token_seconds)] += 1
        if usage.time_per_output_token_seconds is not None:
            self._per_token[bucket_of(usage.time_per_output_token_seconds)] += 1

    def counts(self) -> GenerationCounts:
        return GenerationCounts(
            **self._numbers,
            finish_reasons=dict(self._reasons),
            first_token=dict(self._first_token),
            per_token=dict(self._per_token),
        )
