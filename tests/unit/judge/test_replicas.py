"""The odd replica is named; replicas that are alike, or all drift together, are not."""

import numpy as np
import pytest

from sentinel.drift.budget import FalsePageBudget, Tolerance
from sentinel.drift.laws import Laws
from sentinel.judge.replicas import ReplicaBook
from tests.support.judge_calibration import World, numeric_world, shifted

REPLICAS = 20
ROWS = 200


@pytest.fixture(scope="module")
def world() -> World:
    return numeric_world(3, 10, ROWS, 50_000)


@pytest.fixture(scope="module")
def laws(world: World) -> Laws:
    return Laws.of(world.features)


def windows_until_odd(laws: Laws, world: World, common: float, odd: float, most: int) -> tuple[int, str] | None:
    rng = np.random.default_rng(8)
    book = ReplicaBook(laws, FalsePageBudget())
    usual, strange = shifted(world, common), shifted(world, odd, slice(1))
    for i in range(1, most + 1):
        book.observe({f"pod-{r}": rng.multinomial(ROWS, strange if r == 7 else usual) for r in range(REPLICAS)}, 300.0)
        if found := book.odd():
            assert found[1][0] == "f0"
            return i, found[0]
    return None


def test_the_odd_replica_is_named_within_three_windows(laws: Laws, world: World) -> None:
    found = windows_until_odd(laws, world, common=0.0, odd=0.5, most=10)
    assert found is not None
    assert found[1] == "pod-7"
    assert found[0] <= 4


def test_replicas_that_are_alike_or_drift_together_are_left_alone(laws: Laws, world: World) -> None:
    assert windows_until_odd(laws, world, common=0.0, odd=0.0, most=150) is None
    rng, book = np.random.default_rng(1), ReplicaBook(laws, FalsePageBudget(), Tolerance(0.0))
    everywhere = shifted(world, 0.8)
    for _ in range(150):
        book.observe({f"pod-{r}": rng.multinomial(ROWS, everywhere) for r in range(5)}, 300.0)
        assert book.odd() is None


def test_every_account_is_even_over_the_pool_it_is_drawn_from(laws: Laws, world: World) -> None:
    book = ReplicaBook(laws, FalsePageBudget(), Tolerance(0.0))
    pool = np.random.default_rng(2).multinomial(4000, shifted(world, 0.4))
    means = book._moment(pool / pool.sum(axis=1, keepdims=True), 1) / book._denominators(pool)
    assert means == pytest.approx(1.0, abs=1e-12)


def test_two_replicas_say_nothing_and_a_page_can_be_cleared(laws: Laws, world: World) -> None:
    book = ReplicaBook(laws, FalsePageBudget())
    book.observe({"a": np.zeros(laws.p0.shape, int), "b": np.zeros(laws.p0.shape, int)}, 300.0)
    assert book.odd() is None
    assert book.replicas == {}
    rng = np.random.default_rng(1)
    for _ in range(6):
        rows = {name: rng.multinomial(ROWS, shifted(world, 1.0 if name == "c" else 0.0)) for name in "abcd"}
        book.observe(rows, 300.0)
    assert book.odd() is not None
    book.clear()
    assert book.odd() is None
    book.forget("c")
    assert "c" not in book.replicas
