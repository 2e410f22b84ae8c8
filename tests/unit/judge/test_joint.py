"""Drift that no single feature shows is found in groups of inputs; an ordinary drift is still one page."""

from functools import reduce
from operator import or_

import numpy as np
import pytest

from sentinel.judge.judge import Judge
from sentinel.judge.seasons import Seasons
from sentinel.reference.build import build
from sentinel.reference.codec import from_bytes, to_bytes
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.values import Coded
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.growing import grown
from tests.support.judge_world import window

INPUTS = 6
ROWS = 200


def rows(rng: np.random.Generator, number: int, correlation: float = 0.0, shift: float = 0.0) -> dict[str, np.ndarray]:
    x = rng.standard_normal((INPUTS, number))
    x[1] = correlation * x[0] + np.sqrt(1 - correlation**2) * x[1]
    x[2] += shift
    return {**{f"x{i}": column for i, column in enumerate(x)}, "kind": rng.choice(np.array(["a", "b", "c"]), number)}


@pytest.fixture(scope="module")
def world() -> FrozenReference:
    data = rows(np.random.default_rng(1), 50_000)
    return build(data, name="joint", version="1", joint=True)


def run(world: FrozenReference, windows: range, judge: Judge, **drift: float) -> list[int]:
    rng, pages = np.random.default_rng(windows.start), []
    for i in windows:
        data = rows(rng, ROWS, **drift)
        pages += [i] * len(judge.observe(window(world, data, i)).opened)
    return pages


def test_a_new_correlation_is_found_within_a_few_windows(world: FrozenReference) -> None:
    judge = Judge(world)
    assert run(world, range(100), judge) == []
    pages = run(world, range(100, 130), judge, correlation=0.5)
    assert len(pages) == 1
    assert pages[0] <= 108
    incident = next(iter(judge.docket.open.values()))
    assert incident.cause == "input_drift"
    assert "x0 × x1" in incident.features


def test_a_shift_of_one_input_is_one_page_although_groups_see_it_too(
    world: FrozenReference,
) -> None:
    judge = Judge(world)
    run(world, range(60), judge)
    assert len(run(world, range(60, 120), judge, shift=0.7)) == 1
    assert run(world, range(120, 320), judge) == []
    assert judge.docket.open == {}
    assert Judge.restore(world, judge.state()).state() == judge.state()


def test_every_row_lies_in_one_cell_of_every_group_whatever_is_missing(
    world: FrozenReference,
) -> None:
    plan = world.groups.plan
    data = rows(np.random.default_rng(2), 5000)
    counts = plan.count({"x0": [None] * 5000, "x1": data["x1"], "kind": data["kind"], "else": data["x2"]})
    assert (counts.sum(axis=1) == 5000).all()
    assert all(counts[g, cells:].sum() == 0 for g, cells in enumerate(plan.cells))
    halves = [plan.count({name: column[s] for name, column in data.items()}) for s in (slice(2500), slice(2500, None))]
    assert np.array_equal(halves[0] + halves[1], plan.count(data))


def test_many_inputs_have_pairs_and_triples_of_the_first_and_some_fours() -> None:
    rng = np.random.default_rng(1)
    frozen = build({f"x{i}": rng.standard_normal(500) for i in range(40)}, name="wide", version="1", joint=True)
    plan = frozen.groups.plan
    assert len(plan.groups) == 190 + 1140 + 40
    assert plan.count({}).sum() == 0


def test_coded_columns_count_as_their_values_and_one_input_makes_no_group(world: FrozenReference) -> None:
    data = rows(np.random.default_rng(2), 3000)
    names, codes = np.unique(data["kind"], return_inverse=True)
    coded = {**data, "kind": Coded(codes, names.tolist())}
    assert np.array_equal(window(world, coded, 0).features.groups, window(world, data, 0).features.groups)
    alone = build({"x": data["x0"]}, name="one", version="1", joint=True)
    assert window(alone, {"x": data["x0"]}, 0).features.groups.size == 0
    assert ("", "joint") not in Judge(alone).roster.watches


def test_groups_are_compared_with_their_own_hour_and_the_cycle_is_no_dependence() -> None:
    """Two inputs that rise and fall together over the day; beside that cycle a new correlation is found."""

    def wave(i: int, number: int, correlation: float = 0.0) -> dict[str, np.ndarray]:
        x = {name: rows(np.random.default_rng(i), number, correlation)[name] for name in ("x0", "x1", "x3")}
        shift = 0.5 * np.sin(2 * np.pi * i / 288)
        return {**x, "x0": x["x0"] + shift, "x1": x["x1"] + shift}

    flat = build({name: wave(0, 20_000)[name] for name in ("x0", "x1", "x3")}, name="flat", version="1", joint=True)
    past = (window(flat, wave(i, 1000), i) for i in range(0, 14 * 288, 6))
    seasons = Seasons.learnt(flat, past)
    assert Seasons.from_bytes(seasons.to_bytes()).fingerprint() == seasons.fingerprint()
    judge = Judge(flat, seasons=seasons)
    assert not any(judge.observe(window(flat, wave(i, 300), i)).opened for i in range(4032, 4182))
    assert max(watch.book.dependence().max() for watch in judge.roster.watches.values()) < 3
    opened = [judge.observe(window(flat, wave(i, 300, 0.6), i)).opened for i in range(4182, 4202)]
    assert [incident.features for found in opened for incident in found] == [("x0 × x1",)]


def test_groups_given_beside_the_reference_have_no_seasons(world: FrozenReference) -> None:
    seasons = Seasons.learnt(world, [window(world, rows(np.random.default_rng(1), 10), 0)])
    with pytest.raises(ValueError, match="build the reference with joint=True"):
        Judge(world, joint=world.groups, seasons=seasons)


def test_windows_carry_their_groups_through_small_batches_merging_and_bytes(world: FrozenReference) -> None:
    data = rows(np.random.default_rng(3), 1300)
    whole = window(world, data, 0)
    parts = [
        window(world, {name: column[at : at + 100].tolist() for name, column in data.items()}, 0)
        for at in range(0, 1300, 100)
    ]
    merged = reduce(or_, parts)
    assert np.array_equal(whole.features.groups, world.groups.plan.count(data))
    assert np.array_equal(merged.features.groups, whole.features.groups)
    assert ClosedWindow.from_bytes(merged.to_bytes()).features == merged.features
    assert from_bytes(to_bytes(world)).fingerprint == world.fingerprint
    again = grown(world, merged)
    assert np.array_equal(again.groups.counts, world.groups.counts + whole.features.groups)
    assert again.groups.plan == world.groups.plan
