"""Latency percentiles from logarithmic buckets: each within 1 % of the exact one. Pure."""

from collections.abc import Iterable, Mapping
from itertools import accumulate

from sentinel.traffic.buckets import representative

PERCENTILES = (0.5, 0.9, 0.95, 0.99, 0.999)


def percentiles(latency: Mapping[int, int], wanted: Iterable[float] = PERCENTILES) -> dict[float, float]:
    """Seconds by quantile, of exchanges by bucket (`sentinel.traffic.buckets`); empty when there were none.

    The q-quantile is the value of rank ⌈q·n⌉ (at least 1): the smallest with at least that share at or below it.
    """
    buckets = sorted(bucket for bucket, count in latency.items() if count > 0)
    ranks = list(accumulate(latency[bucket] for bucket in buckets))
    if not buckets:
        return {}
    return {quantile: representative(_bucket_at(quantile, buckets, ranks)) for quantile in wanted}


def _bucket_at(quantile: float, buckets: list[int], ranks: list[int]) -> int:
    rank = quantile * ranks[-1]
    return next(bucket for bucket, through in zip(buckets, ranks, strict=True) if through >= rank)
