"""A closed window: counts of one (model, version, replica) over a half-open interval. Mergeable, immutable.

Merging adds counts, so it is associative and commutative, and a window of nothing is its identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WindowKey:
    model: str
    version: str
    replica: str


@dataclass(frozen=True, slots=True)
class TrafficCounts:
    """All traffic of a window, sampled or not, and what became of it.

    received = analysed + sampled_out + dropped + undecodable, where the last two are split by reason.
    codes: status class -> exchanges. latency: bucket of `sentinel.traffic.buckets` -> exchanges.
    """

    received: int = 0
    analysed: int = 0
    sampled_out: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    undecodable: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    latency: Mapping[int, int] = field(default_factory=dict)
    latency_sum_seconds: float = 0.0
