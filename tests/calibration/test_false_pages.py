"""Months in which nothing happens: the budget holds, and a book that cheats is caught.

The book promises at most one false page a month; the goal is a fifth of that. Each month here is half a simulated one
(4,320 windows). Over the 8 half months of `WORLDS` a book at the goal opens more than 3 pages with probability 0.9 %.
Wealth is asserted too: the promise does not need the effect-size gate, which would hide a broken bet.
"""

from dataclasses import replace

import numpy as np
import pytest

from sentinel.drift.accounts import PLUGINS
from sentinel.drift.book import Book
from sentinel.drift.budget import FalsePageBudget
from sentinel.drift.laws import Laws
from tests.support.judge_calibration import (
    World,
    categorical_world,
    false_pages,
    independent,
    numeric_world,
    on_the_edge,
    run,
    shifted,
)

HALF_MONTH = 4_320
MOST_PAGES = 3
TOLERANCE_IN_SD = 0.1


def location_edge(seed: int, rows: int) -> World:
    """Every feature moved by the tolerance in the direction of the accounts."""
    world = numeric_world(seed, 30, rows, 50_000)
    return replace(world, chunks=independent(shifted(world, TOLERANCE_IN_SD), rows))


WORLDS = {
    "numeric, 200 rows": lambda: numeric_world(1, 30, 200, 50_000),
    "numeric, tolerance 0": lambda: numeric_world(2, 30, 1000, 50_000, tolerance=0.0),
    "numeric, 5,000 rows, reference of 2,000": lambda: numeric_world(3, 30, 5000, 2_000),
    "rare categories, reference of 2,000": lambda: categorical_world(4, 30, 200, 2_000),
    "rare categories, tolerance 0": lambda: categorical_world(5, 30, 1000, 50_000, tolerance=0.0),
    "on the tolerance edge": lambda: on_the_edge(numeric_world(6, 30, 200, 50_000), 6, 200),
    "rare categories on the edge": lambda: on_the_edge(categorical_world(7, 30, 1000, 50_000), 7, 1000),
    "moved by the tolerance": lambda: location_edge(8, 200),
}


def test_months_in_which_nothing_drifts_beyond_the_tolerance_keep_the_budget() -> None:
    outcomes = {name: false_pages(make(), seed, HALF_MONTH) for seed, (name, make) in enumerate(WORLDS.items())}
    pages = {name: len(outcome.pages) for name, outcome in outcomes.items()}
    reached_one = {name: outcome.wealth >= 0 for name, outcome in outcomes.items()}
    assert sum(pages.values()) <= MOST_PAGES, pages
    assert sum(reached_one.values()) <= MOST_PAGES, reached_one


class CheatingBook(Book):
    """Its static accounts gain five per cent too much on every row."""

    def observe(self, counts: np.ndarray, at: float = 0.0) -> None:
        super().observe(counts, at)
        gain = np.log(1.05) * counts.sum(axis=1)
        self.capital.bet[:, :-PLUGINS] += gain[:, None]


@pytest.mark.parametrize("make", [WORLDS["moved by the tolerance"], WORLDS["numeric, 200 rows"]])
def test_a_bet_with_a_mean_of_105_percent_is_caught(make: object) -> None:
    world = make()  # type: ignore[operator]
    laws = Laws.of(world.features)
    cheating = CheatingBook(laws, FalsePageBudget(), 1.0)
    outcome = run(laws, world.chunks(np.random.default_rng(1)), 300, cheating)
    assert outcome.wealth >= 0
