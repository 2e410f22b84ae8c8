"""Classic buckets from traffic buckets: none lost, none too low, within one traffic bucket."""

from hypothesis import given
from hypothesis import strategies as st

from sentinel.telemetry.histograms import DURATION_BOUNDS, Histogram
from sentinel.traffic import bucket_of
from sentinel.traffic.buckets import GAMMA

durations = st.lists(st.floats(1e-6, 2000), min_size=1, max_size=200)


@given(durations)
def test_cumulative_counts_against_the_durations_themselves(seconds: list[float]) -> None:
    histogram, buckets = Histogram(), {}
    for duration in seconds:
        buckets[bucket_of(duration)] = buckets.get(bucket_of(duration), 0) + 1
    histogram.add_buckets(buckets, sum(seconds))
    told = histogram.cumulative()
    assert told[-1][0] == "+Inf"
    assert told[-1][1] == len(seconds)
    for bound, (le, count, _) in zip(DURATION_BOUNDS, told, strict=False):
        assert float(le) == bound
        assert count <= sum(duration <= bound * (1 + 1e-9) for duration in seconds)
        assert count >= sum(duration <= bound / GAMMA for duration in seconds)


def test_buckets_reach_minutes() -> None:
    assert DURATION_BOUNDS[0] < 0.002
    assert DURATION_BOUNDS[-1] > 600


def test_an_exemplar_lies_in_the_bucket_of_its_value() -> None:
    histogram = Histogram()
    histogram.mark(("trace", 0.03, 1.0))
    assert [le for le, _, exemplar in histogram.cumulative() if exemplar] == ["0.04"]
