"""Drifts beyond the tolerance are paged once, in time, and the page ends in time after they end.

Delays are medians over seeds, in windows of five minutes; the bounds are those of docs/statistics.md plus one window.
"""

from collections.abc import Iterator
from statistics import median

import numpy as np
import pytest

from sentinel.drift.laws import Laws
from tests.support.judge_calibration import CHUNK, Chunk, World, numeric_world, run, shifted, widened

SEEDS = 7


def drifting(world: World, rows: int, seed: int, drift: slice, law: np.ndarray) -> Iterator[Chunk]:
    """Windows one by one; those in `drift` follow `law`, the others the reference."""
    rng = np.random.default_rng(seed)
    for i in range(10**9):
        yield rng.multinomial(rows, law if drift.start <= i < drift.stop else world.laws)[None]


@pytest.mark.parametrize(
    ("rows", "shift", "tolerance", "most"),
    [
        (200, 0.5, 0.005, 3),
        (200, 0.25, 0.005, 12),
        (1000, 0.25, 0.005, 4),
        (1000, 0.5, 0.005, 2),
        (200, 0.25, 0.0, 4),
        (200, 0.5, 0.0, 2),
        (1000, 0.1, 0.0, 10),
    ],
)
def test_a_mean_shift_in_one_of_thirty_features_is_paged_in_time(
    rows: int, shift: float, tolerance: float, most: int
) -> None:
    delays = []
    for seed in range(SEEDS):
        world = numeric_world(seed, 30, rows, 50_000, tolerance)
        chunks = drifting(world, rows, seed, slice(50, 10**9), shifted(world, shift, slice(1)))
        pages = run(Laws.of(world.features), chunks, 50 + 10 * most).pages
        delays.append(pages[0] - 50 if pages else 10**6)
    assert median(delays) <= most


@pytest.mark.parametrize(("rows", "tolerance", "most"), [(200, 0.0, 7), (200, 0.005, 15), (1000, 0.005, 4)])
def test_a_wider_spread_in_one_of_thirty_features_is_paged_in_time(rows: int, tolerance: float, most: int) -> None:
    delays = []
    for seed in range(SEEDS):
        world = numeric_world(seed, 30, rows, 50_000, tolerance)
        chunks = drifting(world, rows, seed, slice(100, 10**9), widened(world, 1.2, slice(1)))
        pages = run(Laws.of(world.features), chunks, 100 + 10 * most).pages
        delays.append(pages[0] - 100 if pages else 10**6)
    assert median(delays) <= most


@pytest.mark.parametrize(("rows", "windows"), [(200, 36), (1000, 12)])
def test_a_steady_shift_gives_one_page_which_ends_soon_after_it(rows: int, windows: int) -> None:
    world = numeric_world(1, 30, rows, 50_000)
    chunks = drifting(world, rows, 1, slice(10, 500), shifted(world, 0.3, slice(1)))
    outcome = run(Laws.of(world.features), chunks, 1200)
    assert len(outcome.pages) == 1
    assert len(outcome.resolved) == 1
    assert 500 < outcome.resolved[0] <= 500 + 2 * windows  # blocks do not start with the recovery


@pytest.mark.parametrize("shift", [0.15, 0.4])
def test_at_tolerance_zero_too_one_page_opens_and_ends(shift: float) -> None:
    world = numeric_world(2, 30, 1000, 50_000, tolerance=0.0)
    chunks = drifting(world, 1000, 2, slice(50, 500), shifted(world, shift, slice(1)))
    outcome = run(Laws.of(world.features), chunks, 900)
    assert len(outcome.pages) == 1
    assert len(outcome.resolved) == 1
    assert 500 < outcome.resolved[0] <= 600


def test_chunks_are_as_long_as_promised() -> None:
    world = numeric_world(1, 2, 10, 1000)
    assert next(world.chunks(np.random.default_rng(0))).shape[0] == CHUNK
