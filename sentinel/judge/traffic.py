"""What the judge reads from the counts of all traffic. Pure functions of `TrafficCounts`."""

from sentinel.judge.policy import ServiceLevels
from sentinel.judge.verdict import Cause
from sentinel.traffic.buckets import upper_bound
from sentinel.windows.window import TrafficCounts

FAILED = ("5xx", "timeout", "disconnected")
"""Codes that count against the error objective; clients' own errors and cancellations do not."""
NOT_BLINDNESS = frozenset({"not_inference", "error_response", "no_response"})
"""Reasons for undecodable exchanges that say nothing about our reading of inference traffic."""
SAME_BUCKET = 1e-9
"""An objective that is a bucket's bound, but for rounding, belongs to that bucket."""


def exchanges(traffic: TrafficCounts) -> int:
    """Exchanges with a known outcome."""
    return sum(traffic.codes.values())


def failed(traffic: TrafficCounts) -> int:
    return sum(traffic.codes.get(code, 0) for code in FAILED)


def timed(traffic: TrafficCounts) -> int:
    return sum(traffic.latency.values())


def slower(traffic: TrafficCounts, seconds: float) -> int:
    """Exchanges surely longer than `seconds`: those in its own bucket (1 %) count as in time."""
    return sum(n for bucket, n in traffic.latency.items() if upper_bound(bucket - 1) >= seconds * (1 - SAME_BUCKET))


def not_read(traffic: TrafficCounts) -> int:
    """Inference exchanges that could not be decoded."""
    return sum(n for reason, n in traffic.undecodable.items() if reason not in NOT_BLINDNESS)


def kept(levels: ServiceLevels, traffic: TrafficCounts) -> tuple[Cause, ...]:
    """The service levels that this traffic, taken alone, keeps; of none that it says nothing about."""
    found: list[Cause] = []
    if levels.error_ratio is not None and failed(traffic) <= levels.error_ratio * exchanges(traffic) > 0:
        found.append("error_ratio")
    if levels.latency_seconds is not None:
        accepted = (1 - levels.latency_quantile) * timed(traffic)
        if slower(traffic, levels.latency_seconds) <= accepted > 0:
            found.append("latency")
    return tuple(found)
