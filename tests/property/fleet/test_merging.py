"""A tree of fleets gives what one fleet gives: merges of merges, in any grouping and order, are the merge of all."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.fleet.merging import merge
from sentinel.reference.build import build
from sentinel.store.profile import profiles
from sentinel.windows.closed import NOTHING, ClosedWindow
from sentinel.windows.opened import Window
from sentinel.windows.window import TrafficCounts, WindowKey

RANDOM = np.random.default_rng(11)
LETTERS = np.array(["a", "b", "c", "d"])
REFERENCE = build(
    {"x": RANDOM.normal(0, 1, 2_000), "k": LETTERS[RANDOM.integers(0, 4, 2_000)]}, name="fraud", version="1"
)

SUMS_OFF = 1000  # of 2^-16 deviations: rows of one window are added in float32, windows exactly

Rows = list[tuple[float, str]]
rows = st.lists(st.tuples(st.floats(-10, 10) | st.just(float("nan")), st.sampled_from("abcdz")), max_size=20)
fleets = st.lists(rows, min_size=1, max_size=8)


def window(replica: int, values: Rows) -> ClosedWindow:
    opened = Window(WindowKey("fraud", "1", f"r{replica}"), 0.0, 60.0, REFERENCE)
    opened.add({"x": np.array([x for x, _ in values]), "k": [k for _, k in values]})
    count = len(values)
    return opened.close(TrafficCounts(received=count, analysed=count, codes={"2xx": count}, latency={count: count}))


def merged(windows: list[ClosedWindow]) -> ClosedWindow:
    made = merge(windows, 0.0, 60.0, REFERENCE)
    assert made is not None
    return made.window


@settings(max_examples=60, deadline=None)
@given(fleets, st.randoms(use_true_random=False))
def test_a_tree_of_fleets_gives_the_same_window(values: list[Rows], random: object) -> None:
    windows = [window(number, one) for number, one in enumerate(values)]
    shuffled = list(windows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    cut = random.randint(1, len(shuffled))  # type: ignore[attr-defined]
    regions = [part for part in (shuffled[:cut], shuffled[cut:]) if part]
    tree = merged([ClosedWindow.from_bytes(merged(region).to_bytes()) for region in regions])
    assert tree == merged(windows)
    assert profiles(REFERENCE, tree).keys() == {"x"}


@settings(max_examples=60, deadline=None)
@given(fleets)
def test_the_merge_is_the_window_of_all_rows(values: list[Rows]) -> None:
    together = window(0, [row for one in values for row in one])
    apart = merged([window(number, one) for number, one in enumerate(values)])
    assert replace(apart.features, sums=together.features.sums) == together.features
    np.testing.assert_allclose(apart.features.sums, together.features.sums, atol=SUMS_OFF)
    assert apart.rows == together.rows
    assert apart.traffic.received == together.traffic.received


@given(rows, rows, rows)
@settings(max_examples=40, deadline=None)
def test_merge_laws(a: Rows, b: Rows, c: Rows) -> None:
    x, y, z = window(1, a), window(2, b), window(3, c)
    assert (x | y) | z == x | (y | z)
    assert x | y == replace(y | x, key=(x | y).key)
    assert x | NOTHING == NOTHING | x == x
