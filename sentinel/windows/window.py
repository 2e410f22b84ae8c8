"""Whose window, and the traffic counted in it. Mergeable, immutable values.

Merging adds counts, so it is associative and commutative, and a window of nothing is its identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sentinel.windows.exemplars import Told, foremost

Key = TypeVar("Key", str, int)


LONGEST_NAME = 200
"""Characters kept of a name that traffic chose."""


def storable(name: str) -> str:
    """A name that traffic chose, short and fit to be stored: JSON can smuggle in halves of characters."""
    return name[:LONGEST_NAME].encode("utf-8", "replace").decode()


@dataclass(frozen=True, slots=True)
class WindowKey:
    """Whose window it is; names are made storable."""

    model: str
    version: str
    replica: str

    def __post_init__(self) -> None:
        for name in ("model", "version", "replica"):
            object.__setattr__(self, name, storable(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class TrafficCounts:
    """All traffic of a window, sampled or not, and what became of it.

    received = analysed + sampled_out + dropped + undecodable, where the last two are split by reason.
    codes: status class -> exchanges. latency: bucket of `sentinel.traffic.buckets` -> exchanges. exemplars: `foremost`.
    """

    received: int = 0
    analysed: int = 0
    sampled_out: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    undecodable: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    latency: Mapping[int, int] = field(default_factory=dict)
    latency_sum_seconds: float = 0.0
    exemplars: tuple[Told, ...] = ()

    def __or__(self, other: "TrafficCounts") -> "TrafficCounts":
        """Add the traffic of another window."""
        return TrafficCounts(
            received=self.received + other.received,
            analysed=self.analysed + other.analysed,
            sampled_out=self.sampled_out + other.sampled_out,
            dropped=added(self.dropped, other.dropped),
            undecodable=added(self.undecodable, other.undecodable),
            codes=added(self.codes, other.codes),
            latency=added(self.latency, other.latency),
            latency_sum_seconds=self.latency_sum_seconds + other.latency_sum_seconds,
            exemplars=foremost((*self.exemplars, *other.exemplars)),
        )


def added(a: Mapping[Key, int], b: Mapping[Key, int]) -> dict[Key, int]:
    """Counts by key, added, in the order of the keys; zeros left out."""
    if not a and not b:
        return {}
    sums = ((key, a.get(key, 0) + b.get(key, 0)) for key in sorted(a.keys() | b.keys()))
    return {key: value for key, value in sums if value}
