"""Counts of all traffic over versions: nothing gained, nothing lost, names from clients bounded."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.app.attribution import (
    MOST_MODELS,
    MOST_VERSIONS,
    OTHER,
    REMEMBERED_WINDOWS,
    Attribution,
    Live,
    split_traffic,
)
from sentinel.traffic import RouteTraffic

counts = st.dictionaries(st.integers(-500, 500), st.integers(0, 10**9), max_size=8)


@given(st.integers(0, 10**12), st.dictionaries(st.text(max_size=3), st.integers(1, 10**6), max_size=8))
def test_parts_sum_to_the_whole(count: int, seen: dict[str, int]) -> None:
    versions = Live(current="v", latest={None: Counter(seen)})
    parts = versions.split(count)
    assert sum(parts.values()) == count
    assert all(part > 0 for part in parts.values()) or not count


@given(st.dictionaries(st.text(max_size=3), st.integers(1, 10**9), max_size=8))
def test_where_all_is_sampled_the_split_is_exact(seen: dict[str, int]) -> None:
    versions = Live(current="v", latest={None: Counter(seen)})
    for _ in range(3):
        assert versions.split(sum(seen.values())) == (seen or {"v": 0})


def test_a_count_goes_to_the_version_seen_last_when_no_sample_says_more() -> None:
    versions = Live(current="1")
    versions.sampled("2")
    versions.forget()
    assert versions.split(7) == {"2": 7}


def test_samples_of_a_kind_tell_also_after_windows_ended_while_their_version_lives() -> None:
    versions = Live(current="1")
    versions.sampled("2", ("5xx",))
    for _ in range(REMEMBERED_WINDOWS):
        versions.counted()
        versions.forget()
        versions.sampled("2", ("2xx",))
        versions.sampled("1", ("2xx",))
        assert versions.split(10, "5xx") == {"2": 10}
    versions.counted()
    versions.forget()
    assert versions.split(10, "5xx") == {"1": 5, "2": 5}, "but no longer than that"


def test_errors_are_not_those_of_a_version_that_is_gone() -> None:
    versions = Live(current="1")
    versions.sampled("2", ("5xx",))
    for told in ("2", "2", "1"):  # for a while it may be there and was not sampled
        versions.sampled("1", ("2xx",))
        versions.counted()
        versions.forget()
        assert versions.split(1, "5xx") == {told: 1}


def test_a_count_is_split_by_the_samples_among_it_whatever_went_before() -> None:
    """A version is replaced in the middle of a window: its successor's first seconds are not shared with it."""
    attribution = Attribution("fraud", "1")
    codes: dict[str, Counter[str]] = {"1": Counter(), "2": Counter()}
    for version, errors in (("1", 0), ("2", 1)):
        for _second in range(30):
            for number in range(20):
                attribution.sampled("fraud", version, ("5xx" if number < errors else "2xx",))
            whole = RouteTraffic(codes={"2xx": 20 - errors, "5xx": errors})
            for (_, told), part in attribution.traffic("fraud", "", whole).items():
                codes[told].update(part.codes)
            attribution.counted()
    assert codes == {"1": {"2xx": 600}, "2": {"2xx": 570, "5xx": 30}}


def test_an_end_of_a_window_between_samples_and_their_count_changes_nothing() -> None:
    attribution = Attribution("fraud", "1")
    for version in ("1", "1", "2"):
        attribution.sampled("fraud", version, ("2xx",))
    attribution.forget()
    assert attribution.counts(3) == {("fraud", "1"): 2, ("fraud", "2"): 1}
    attribution.sampled("fraud", "2", ("2xx",))
    assert attribution.counts(4) == {("fraud", "1"): 2, ("fraud", "2"): 2}


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_few_requests_of_which_few_are_sampled_are_split_right_in_sum(share: float) -> None:
    """Three requests a second, one in ten sampled: no version is favoured by rounding, nor blamed for the other."""
    generator, attribution = Random(1), Attribution("fraud", "1")
    true: Counter[tuple[str, str]] = Counter()
    told: Counter[tuple[str, str]] = Counter()
    for second in range(6_000):
        whole = RouteTraffic()
        for _ in range(3):
            version = "2" if generator.random() < share else "1"
            code = "5xx" if version == "2" and generator.random() < 0.5 else "2xx"
            true[version, code] += 1
            whole.codes[code] = whole.codes.get(code, 0) + 1
            if generator.random() < 0.1:
                attribution.sampled("fraud", version, (code,))
        for (_, version), part in attribution.traffic("fraud", "", whole).items():
            told.update({(version, code): count for code, count in part.codes.items()})
        attribution.counted()
        if second % 60 == 59:
            attribution.forget()
    for key, count in true.items():
        assert told[key] == pytest.approx(count, rel=4 / (0.1 * count) ** 0.5), "four standard deviations of a sample"
    assert told["1", "5xx"] < true["2", "5xx"] * 0.05, "those of minutes in which no error was sampled"


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
    versions = Live(current="1", latest={None: Counter({"1": 3, "2": 1})})
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
