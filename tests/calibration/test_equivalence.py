"""Two models whose answers differ exactly as often as the margin allows, watched after every pair: how often is
equivalence, or a difference, claimed all the same? And how soon is either found where it is so?

Seeded. The bounds are binomial: a rate of α over the runs, plus three standard deviations.
"""

from collections.abc import Callable

import numpy as np
import pytest

from sentinel.judge.equivalence import FEWER, MORE, log_evidence

RUNS, PAIRS, MARGIN, ALPHA = 1000, 4000, 0.02, 0.05
MOST = ALPHA + 3 * (ALPHA * (1 - ALPHA) / RUNS) ** 0.5

Shares = Callable[[np.random.Generator, float], np.ndarray]


def single_rows(rng: np.random.Generator, ratio: float) -> np.ndarray:
    return (rng.random((RUNS, PAIRS)) < ratio).astype(float)


def dependent_batches(rng: np.random.Generator, ratio: float) -> np.ndarray:
    """Requests of 8 rows that mostly differ together or not at all."""
    common = rng.beta(0.1 * ratio, 0.1 * (1 - ratio), (RUNS, PAIRS))
    return rng.binomial(8, common) / 8


def turning(rng: np.random.Generator, ratio: float) -> np.ndarray:
    """All differences early, then ever rarer, and never fewer in expectation than the margin given the past."""
    excess = np.linspace(2 * ratio, ratio, PAIRS)
    return (rng.random((RUNS, PAIRS)) < excess).astype(float)


def ever_claimed(shares: np.ndarray, odds: np.ndarray) -> float:
    """Share of runs in which the evidence reaches 1/α after some pair."""
    total = np.arange(1, PAIRS + 1)
    claimed = [np.max(log_evidence(total, run.cumsum(), MARGIN, odds)) >= -np.log(ALPHA) for run in shares]
    return float(np.mean(claimed))


@pytest.mark.parametrize("make", [single_rows, dependent_batches, turning], ids=lambda make: make.__name__)
def test_equivalence_is_hardly_ever_claimed_on_the_edge(make: Shares) -> None:
    assert ever_claimed(make(np.random.default_rng(11), MARGIN), FEWER) <= MOST


@pytest.mark.parametrize("make", [single_rows, dependent_batches], ids=lambda make: make.__name__)
def test_a_difference_is_hardly_ever_claimed_on_the_edge(make: Shares) -> None:
    assert ever_claimed(make(np.random.default_rng(12), MARGIN), MORE) <= MOST


def test_the_check_would_notice_a_bet_that_cheats() -> None:
    """The same, by a test that takes the margin for 1.6 times as wide."""
    shares = single_rows(np.random.default_rng(13), MARGIN)
    total = np.arange(1, PAIRS + 1)
    claimed = [np.max(log_evidence(total, run.cumsum(), 1.6 * MARGIN, FEWER)) >= -np.log(ALPHA) for run in shares]
    assert np.mean(claimed) > MOST


def test_what_is_so_is_found() -> None:
    rng = np.random.default_rng(14)
    assert ever_claimed(single_rows(rng, MARGIN / 5), FEWER) > 0.99
    assert ever_claimed(single_rows(rng, 2 * MARGIN), MORE) > 0.99
