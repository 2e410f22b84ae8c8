"""Logarithmic buckets: how a duration becomes a small integer, so that counts of all traffic fit in a message.

DDSketch (Masson, Rim, Lee 2019): with γ = (1+α)/(1−α), bucket i holds (γ^(i−1), γ^i], and the bucket's representative
2γ^i/(γ+1) is within α of every value in it. α = 1 %: p50 … p99.9 are within 1 %.
"""

from math import ceil, exp, log, log2

RELATIVE_ERROR = 0.01
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = log(GAMMA)
_PER_DOUBLING = log(2) / _LOG_GAMMA
SMALLEST_SECONDS = 1e-6  # shorter durations count as this; a loopback answer takes 20 times longer
_LOWEST_BUCKET = ceil(log2(SMALLEST_SECONDS) * _PER_DOUBLING)


def bucket_of(seconds: float) -> int:
    """Index of the bucket that holds `seconds` (at least 1 µs)."""
    return ceil(log2(seconds) * _PER_DOUBLING) if seconds > SMALLEST_SECONDS else _LOWEST_BUCKET


def upper_bound(bucket: int) -> float:
    """Largest value in the bucket, in seconds."""
    return exp(bucket * _LOG_GAMMA)


def representative(bucket: int) -> float:
    """The value within 1 % of all values in the bucket, in seconds."""
    return 2 * exp(bucket * _LOG_GAMMA) / (GAMMA + 1)
