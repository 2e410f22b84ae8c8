"""Which service levels the traffic of one window keeps."""

import pytest

from sentinel.judge.policy import ServiceLevels
from sentinel.judge.traffic import kept
from sentinel.traffic import bucket_of
from sentinel.windows.window import TrafficCounts

LEVELS = ServiceLevels(error_ratio=0.01, latency_seconds=0.25)


@pytest.mark.parametrize(
    ("failed", "slow", "expected"),
    [
        (0, 0, ("error_ratio", "latency")),
        (2, 2, ("error_ratio", "latency")),
        (3, 2, ("latency",)),
        (2, 3, ("error_ratio",)),
        (200, 200, ()),
    ],
)
def test_as_many_bad_ones_as_are_accepted(failed: int, slow: int, expected: tuple[str, ...]) -> None:
    codes = {"2xx": 200 - failed, "5xx": failed}
    latency = {bucket_of(0.02): 200 - slow, bucket_of(1.0): slow}
    assert kept(LEVELS, TrafficCounts(codes=codes, latency=latency)) == expected


def test_no_traffic_and_no_objective_keep_nothing() -> None:
    assert kept(LEVELS, TrafficCounts()) == ()
    assert kept(ServiceLevels(), TrafficCounts(codes={"2xx": 9}, latency={0: 9})) == ()
