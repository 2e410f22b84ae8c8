"""Counts of all traffic over versions: nothing gained, nothing lost, names from clients bounded."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sentinel.app.attribution import MOST_MODELS, MOST_VERSIONS, OTHER, Attribution, Live, split_traffic
from sentinel.traffic import RouteTraffic

counts = st.dictionaries(st.integers(-500, 500), st.integers(0, 10**9), max_size=8)


@given(st.integers(0, 10**12), st.dictionaries(st.text(max_size=3), st.integers(1, 10**6), max_size=8))
def test_parts_sum_to_the_whole(count: int, seen: dict[str, int]) -> None:
    versions = Live(current="v")
    versions.alike[None] = Counter(seen)
    assert sum(versions.split(count).values()) == count


def test_a_count_goes_to_the_version_seen_last_when_no_sample_says_more() -> None:
    versions = Live(current="1")
    versions.sampled("2")
    versions.forget()
    assert versions.split(7) == {"2": 7}


def test_samples_of_a_kind_tell_also_just_after_a_window_began() -> None:
    versions = Live(current="1")
    versions.sampled("2", ("5xx",))
    versions.forget()
    versions.sampled("1", ("2xx",))
    assert versions.split(10, "5xx") == {"2": 10}
    versions.forget()
    versions.sampled("1", ("2xx",))
    assert versions.split(10, "5xx") == {"1": 10}, "but no longer than that"


def test_errors_counted_just_after_a_window_began_are_not_those_of_the_version_first_sampled_in_it() -> None:
    attribution = Attribution("fraud", "1")
    attribution.sampled("fraud", "1", ("2xx",))
    attribution.sampled("fraud", "2", ("5xx",))
    attribution.forget()
    attribution.sampled("fraud", "1", ("2xx",))
    parts = attribution.traffic("fraud", "", RouteTraffic(codes={"2xx": 5, "5xx": 4}))
    assert {pair: part.codes for pair, part in parts.items()} == {
        ("fraud", "1"): {"2xx": 5},
        ("fraud", "2"): {"5xx": 4},
    }


@given(counts, counts, st.integers(0, 10**9))
def test_split_traffic_keeps_every_count(latency: dict[int, int], gaps: dict[int, int], sent: int) -> None:
    versions = Live(current="1")
    versions.alike[None] = Counter({"1": 3, "2": 1})
    whole = RouteTraffic(codes={"2xx": sent}, latency=latency, gaps=gaps, request_bytes=sent)
    parts = split_traffic(whole, versions.split).values()
    for name in ("codes", "latency", "gaps"):
        for key, count in getattr(whole, name).items():
            assert sum(getattr(part, name).get(key, 0) for part in parts) == count
    assert sum(part.request_bytes for part in parts) == sent


def test_names_from_clients_are_bounded() -> None:
    attribution = Attribution("fraud", "1")
    models = {attribution.model(f"m{i}") for i in range(100) if attribution.versions(attribution.model(f"m{i}"))}
    assert len(models) <= MOST_MODELS + 1
    assert OTHER in models
    versions = {attribution.versions("fraud").bounded(str(i)) for i in range(100)}
    assert len(versions) == MOST_VERSIONS + 1
