"""Merging windows: associative, commutative, with an identity, and the same as counting all rows at once."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.decode.usage import LlmUsage
from sentinel.windows import NOTHING, ClosedWindow, TrafficCounts, Window, WindowKey
from sentinel.windows.generation import MOST_FINISH_REASONS, Generation
from tests.support.windows_frames import KEY, closed, reference

FROZEN = reference(1000)
VALUES = st.one_of(st.none(), st.floats(), st.integers(), st.sampled_from(["NL", "DE", "XX", "", True, 0]))
BATCHES = st.lists(
    st.dictionaries(st.sampled_from([*FROZEN.names, "surprise"]), st.lists(VALUES, max_size=6), max_size=4), max_size=4
)
COUNTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 9))
TRAFFIC = st.builds(
    TrafficCounts,
    received=st.integers(0, 99),
    analysed=st.integers(0, 99),
    dropped=COUNTS,
    undecodable=COUNTS,
    codes=COUNTS,
    latency=st.dictionaries(st.integers(-99, 99), st.integers(1, 9)),
    latency_sum_seconds=st.integers(0, 999).map(float),
)
CALLS = st.lists(
    st.builds(
        LlmUsage,
        operation=st.just("chat"),
        streamed=st.booleans(),
        input_tokens=st.none() | st.integers(0, 99),
        output_tokens=st.none() | st.integers(0, 99),
        estimated=st.booleans(),
        finish_reasons=st.lists(st.sampled_from(["stop", "length"]), max_size=2).map(tuple),
        aborted=st.booleans(),
        time_to_first_token_seconds=st.none() | st.floats(0, 600),
        time_per_output_token_seconds=st.none() | st.floats(0, 60),
    ),
    max_size=5,
)


@st.composite
def windows(draw):
    window = Window(
        WindowKey("fraud", "1", draw(st.sampled_from(["a", "b"]))), draw(st.integers(0, 9)) * 60.0, 60.0, FROZEN
    )
    for batch in draw(BATCHES):
        window.add(batch)
    return window.close(draw(TRAFFIC), generation(draw(CALLS)))


def generation(calls):
    counting = Generation()
    for call in calls:
        counting.add(call)
    return counting.counts()


@settings(max_examples=60, deadline=None)
@given(windows(), windows(), windows())
def test_merge_is_associative_and_commutative_with_an_identity(a, b, c):
    assert (a | b) | c == a | (b | c)
    assert a | b == b | a
    assert a | NOTHING == a == NOTHING | a


@settings(max_examples=60, deadline=None)
@given(windows())
def test_bytes_bring_back_the_same_window(window):
    assert ClosedWindow.from_bytes(window.to_bytes()) == window


@settings(max_examples=60, deadline=None)
@given(BATCHES, BATCHES)
def test_merged_counts_are_the_counts_of_all_rows(some, more):
    merged = closed(FROZEN, *some) | closed(FROZEN, *more)
    whole = closed(FROZEN, *some, *more)
    assert merged.rows == whole.rows
    assert np.array_equal(merged.features.numeric, whole.features.numeric)
    assert np.array_equal(merged.features.categorical, whole.features.categorical)
    assert np.array_equal(merged.features.extremes, whole.features.extremes)


ANYTHING = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5), st.dates()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*FROZEN.names, "x", "y"]), ANYTHING, max_size=8))
def test_anything_is_counted_and_nothing_raises(batch):
    window = Window(KEY, 0.0, 60.0, FROZEN)
    rows = window.add(batch)
    counts = window.close().features
    for table in (counts.numeric, counts.categorical):
        assert set(table.sum(axis=1).tolist()) <= {0, rows}
        assert (table >= 0).all()


@settings(max_examples=60, deadline=None)
@given(CALLS, CALLS)
def test_merged_calls_are_the_counts_of_all_calls(some, more):
    assert generation(some) | generation(more) == generation(some + more)


def test_finish_reasons_of_hostile_answers_are_bounded():
    counts = generation([LlmUsage("chat", finish_reasons=(f"reason {i}",)) for i in range(500)])
    assert len(counts.finish_reasons) <= MOST_FINISH_REASONS + 1
    assert sum(counts.finish_reasons.values()) == counts.calls == 500
