"""Drift that no single feature shows is found in groups of inputs; an ordinary drift is still one page."""

import numpy as np
import pytest

from sentinel.drift.joint import JointPlan, JointReference
from sentinel.judge.judge import Judge
from sentinel.judge.seasons import Seasons
from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from tests.support.judge_world import window

INPUTS = 6
ROWS = 200


def rows(rng: np.random.Generator, number: int, correlation: float = 0.0, shift: float = 0.0) -> dict[str, np.ndarray]:
    x = rng.standard_normal((INPUTS, number))
    x[1] = correlation * x[0] + np.sqrt(1 - correlation**2) * x[1]
    x[2] += shift
    return {**{f"x{i}": column for i, column in enumerate(x)}, "kind": rng.choice(np.array(["a", "b", "c"]), number)}


@pytest.fixture(scope="module")
def world() -> tuple[FrozenReference, JointReference]:
    data = rows(np.random.default_rng(1), 50_000)
    frozen = build(data, name="joint", version="1")
    return frozen, JointReference.of(frozen, data)


def run(world: tuple[FrozenReference, JointReference], windows: range, judge: Judge, **drift: float) -> list[int]:
    frozen, joint = world
    rng, pages = np.random.default_rng(windows.start), []
    for i in windows:
        data = rows(rng, ROWS, **drift)
        pages += [i] * len(judge.observe(window(frozen, data, i), joint=joint.plan.count(data)).opened)
    return pages


def test_a_new_correlation_is_found_within_a_few_windows(world: tuple[FrozenReference, JointReference]) -> None:
    judge = Judge(world[0], joint=world[1])
    assert run(world, range(100), judge) == []
    pages = run(world, range(100, 130), judge, correlation=0.5)
    assert len(pages) == 1
    assert pages[0] <= 108
    incident = next(iter(judge.docket.open.values()))
    assert incident.cause == "input_drift"
    assert "x0 × x1" in incident.features


def test_a_shift_of_one_input_is_one_page_although_groups_see_it_too(
    world: tuple[FrozenReference, JointReference],
) -> None:
    judge = Judge(world[0], joint=world[1])
    run(world, range(60), judge)
    assert len(run(world, range(60, 120), judge, shift=0.7)) == 1
    assert run(world, range(120, 320), judge) == []
    assert judge.docket.open == {}
    assert Judge.restore(world[0], judge.state(), joint=world[1]).state() == judge.state()


def test_every_row_lies_in_one_cell_of_every_group_whatever_is_missing(
    world: tuple[FrozenReference, JointReference],
) -> None:
    plan = world[1].plan
    data = rows(np.random.default_rng(2), 5000)
    counts = plan.count({"x0": [None] * 5000, "x1": data["x1"], "kind": data["kind"], "else": data["x2"]})
    assert (counts.sum(axis=1) == 5000).all()
    assert all(counts[g, cells:].sum() == 0 for g, cells in enumerate(plan.cells))
    halves = [plan.count({name: column[s] for name, column in data.items()}) for s in (slice(2500), slice(2500, None))]
    assert np.array_equal(halves[0] + halves[1], plan.count(data))


def test_many_inputs_have_pairs_and_triples_of_the_first_and_some_fours() -> None:
    rng = np.random.default_rng(1)
    frozen = build({f"x{i}": rng.standard_normal(500) for i in range(40)}, name="wide", version="1")
    plan = JointPlan.of(frozen)
    assert len(plan.groups) == 190 + 1140 + 40
    assert plan.count({}).sum() == 0


def test_groups_have_no_seasons(world: tuple[FrozenReference, JointReference]) -> None:
    frozen, joint = world
    seasons = Seasons.learnt(frozen, [window(frozen, rows(np.random.default_rng(1), 10), 0)])
    with pytest.raises(ValueError, match="either joint or seasons"):
        Judge(frozen, joint=joint, seasons=seasons)
