"""Classic Prometheus histograms made from the logarithmic buckets in which the relay counts.

The bounds double from 1.25 ms to 11 minutes, so that one set serves a small classifier and a long generation. A traffic
bucket (2 % wide) is counted whole under the first bound at or above its upper end: cumulative counts are exact at
traffic buckets' ends, and a duration less than 2 % below a bound may be counted under the next one. Nothing is
counted too low: le="0.64" never holds a request that took longer than 0.64 s.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate

from sentinel.traffic import upper_bound

SHORTEST_BOUND_SECONDS = 0.00125
DURATION_BOUNDS = tuple(SHORTEST_BOUND_SECONDS * 2**i for i in range(20))
DIFFERENT_BUCKETS = 2048  # traffic buckets from 1 µs to 11 minutes number about 1,000


def _le(bounds: tuple[float, ...]) -> tuple[str, ...]:
    return (*(repr(float(bound)) for bound in bounds), "+Inf")


_DURATION_LE = _le(DURATION_BOUNDS)

Exemplar = tuple[str, float, float]  # trace id, observed value, seconds since the epoch


@lru_cache(maxsize=DIFFERENT_BUCKETS)
def place(bucket: int) -> int:
    """Index of the classic bucket that takes this traffic bucket."""
    return bisect_left(DURATION_BOUNDS, upper_bound(bucket))


class Histogram:
    """Counts under fixed bounds, with the last exemplar of each bucket. `bounds` ascend; the last bucket is +Inf."""

    __slots__ = ("_le", "bounds", "counts", "exemplars", "sum")

    def __init__(self, bounds: tuple[float, ...] = DURATION_BOUNDS) -> None:
        self.bounds = bounds
        self._le = _DURATION_LE if bounds is DURATION_BOUNDS else _le(bounds)
        self.counts: list[float] = [0] * (len(bounds) + 1)
        self.exemplars: dict[int, Exemplar] = {}
        self.sum: float | None = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum = (self.sum or 0.0) + value

    def add_buckets(self, buckets: Mapping[int, int], total: float) -> None:
        """Add counts of traffic buckets and the sum of their durations, in seconds."""
        for bucket, count in buckets.items():
            self.counts[place(bucket)] += count
        self.sum = (self.sum or 0.0) + total

    def add_counts(self, counts: Sequence[float]) -> None:
        """Add counts per bin (one more than there are bounds) of values whose sum nobody knows."""
        self.counts = [a + b for a, b in zip(self.counts, counts, strict=True)]
        self.sum = None

    @property
    def size(self) -> int:
        """Series that this histogram takes."""
        return len(self.counts) + (0 if self.sum is None else 2)

    def mark(self, exemplar: Exemplar) -> None:
        """Keep the exemplar in the bucket of its value."""
        self.exemplars[bisect_left(self.bounds, exemplar[1])] = exemplar

    def cumulative(self) -> list[tuple[str, float, Exemplar | None]]:
        """(le, count of values ≤ le, exemplar) for each bound, ending with +Inf."""
        rising = accumulate(self.counts)
        return [(le, count, self.exemplars.get(i)) for i, (le, count) in enumerate(zip(self._le, rising, strict=True))]
