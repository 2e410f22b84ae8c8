"""The book on plain counts: money, gate, recovery, and that slicing changes nothing that matters."""

from itertools import product

import numpy as np
import pytest

from sentinel.drift.accounts import normal_scores, spikes, tilts
from sentinel.drift.book import Book
from sentinel.drift.budget import FalsePageBudget
from sentinel.drift.capital import Capital, total
from sentinel.drift.laws import BinnedFeatures, Laws

CELLS = 13
LAW = np.array([0.0, *[0.1] * 10, 0.0, 0.0])
WINDOW = 300.0
DAY_OF_BUDGET = 1 / 30


def features(number: int = 5, rows: int = 50_000, tolerance: float = 0.005) -> BinnedFeatures:
    counts = np.random.default_rng(7).multinomial(rows, LAW, size=number)
    each = np.ones(number)
    return BinnedFeatures(
        names=tuple(f"f{i}" for i in range(number)),
        counts=counts,
        cells=np.full(number, CELLS),
        ordered=np.full(number, CELLS - 1),
        weights=each / number,
        tolerances=tolerance * each,
        dependence=each,
    )


@pytest.fixture(scope="module")
def laws() -> Laws:
    return Laws.of(features())


def book(laws: Laws) -> Book:
    return Book(laws, FalsePageBudget(), 1.0)


def shifted(laws: Laws, shift: float) -> np.ndarray:
    z = normal_scores(laws.p0[0], CELLS - 1)
    return (q := LAW * np.exp(shift * z)) / q.sum()


def windows_until_page(laws: Laws, law: np.ndarray, rows: int, most: int, seed: int = 3) -> int | None:
    """Windows until a page when the first feature follows `law` and the others do not move."""
    rng = np.random.default_rng(seed)
    it = book(laws)
    for i in range(1, most + 1):
        counts = rng.multinomial(rows, LAW, size=len(laws.p0))
        counts[0] = rng.multinomial(rows, law)
        it.pay(WINDOW)
        it.observe(counts)
        if total(it.log_wealth()) >= 0 and it.gate():
            return i
    return None


def test_a_large_shift_pages_at_once_and_a_harmless_one_never(laws: Laws) -> None:
    assert windows_until_page(laws, shifted(laws, 1.0), rows=1000, most=2) is not None
    assert windows_until_page(laws, shifted(laws, 0.5), rows=200, most=6) is not None
    assert windows_until_page(laws, shifted(laws, 0.05), rows=1000, most=300) is None


def test_evidence_accumulates_from_two_rows_a_window(laws: Laws) -> None:
    assert windows_until_page(laws, shifted(laws, 1.0), rows=2, most=200) is not None


def test_without_rows_capital_waits_and_is_no_wealth(laws: Laws) -> None:
    it = book(laws)
    for _ in range(1000):
        it.pay(WINDOW)
        it.observe(np.zeros(laws.p0.shape, dtype=np.int64))
    assert total(it.log_wealth()) == -np.inf
    assert it.capital.idle() == pytest.approx(DAY_OF_BUDGET)


def test_wealth_never_exceeds_the_capital_paid_in_when_bets_are_even() -> None:
    capital = Capital.empty(np.full((2, 3), 1 / 6))
    for _ in range(10):
        capital.pay(0.01, at_most=1.0)
        capital.stake(np.zeros((2, 3)), np.ones((2, 3), dtype=bool))
    assert np.exp(total(capital.log_wealth())) + capital.idle() == pytest.approx(0.1)
    capital.clear()
    assert total(capital.log_wealth()) == -np.inf


def test_fair_bets_keep_their_mean_whenever_savings_are_staked() -> None:
    """Every path of twelve fair bets, weighed alike: what is held is on average what was paid in, to rounding."""
    paths = np.array(list(product([np.log(1.9), np.log(0.1)], repeat=12)))
    capital = Capital.empty(np.ones((len(paths), 1)))
    staked_late = np.zeros(len(paths), dtype=bool)
    for step in paths.T:
        capital.pay(0.01, at_most=0.06)
        saved = capital.saved[:, 0].copy()
        capital.stake(step[:, None], np.ones((len(paths), 1), dtype=bool))
        staked_late |= capital.saved[:, 0] < saved
    assert 0 < staked_late.mean() < 1
    held = np.exp(capital.bet) + capital.unbet + capital.saved
    assert float(held.mean()) <= 12 * 0.01 + 1e-12
    assert float(held.mean()) > 0.09  # the cap on savings takes the rest


def test_the_order_of_slices_of_one_window_does_not_matter(laws: Laws) -> None:
    rng = np.random.default_rng(5)
    slices = [rng.multinomial(40, shifted(laws, 0.4), size=len(laws.p0)) for _ in range(6)]
    merged, shuffled = book(laws), book(laws)
    for it, parts in ((merged, [sum(slices)]), (shuffled, [sum(slices[3:]) + sum(slices[:3])])):
        it.pay(WINDOW)
        for counts in parts:
            it.observe(counts)
    assert np.array_equal(merged.capital.bet, shuffled.capital.bet)


def test_a_huge_window_overflows_nothing(laws: Laws) -> None:
    it = book(laws)
    counts = np.zeros(laws.p0.shape, dtype=np.int64)
    counts[:, 1] = 10**6
    for _ in range(3):
        it.pay(WINDOW)
        it.observe(counts)
    assert total(it.log_wealth()) > 1000
    assert it.gate()
    assert not np.isnan(it.capital.bet).any()


def test_recovery_takes_evidence_and_a_drift_at_the_tolerance_is_not_recovered(laws: Laws) -> None:
    healthy, edge = windows_until_recovered(laws, LAW), windows_until_recovered(laws, shifted(laws, 0.1))
    assert healthy is not None
    assert healthy <= 12
    assert edge is None


def windows_until_recovered(laws: Laws, law: np.ndarray) -> int | None:
    rng = np.random.default_rng(11)
    it = book(laws)
    it.restart_blocks()
    for i in range(1, 301):
        it.pay(WINDOW)
        it.observe(rng.multinomial(1000, law, size=len(laws.p0)))
        if it.recovered([0], WINDOW):
            return i
    return None


@pytest.mark.parametrize("ordered", [0, 2, 3])
def test_alternatives_are_laws_even_of_a_constant_feature(ordered: int) -> None:
    p0 = np.array([0.001, 0.998, 0.0005, 0.0005])
    for q in (tilts(p0, ordered), spikes(p0, np.full(4, 0.007))):
        assert np.allclose(q.sum(axis=-1), 1)
        assert (q >= 0).all()


def test_many_features_and_few_reference_rows_work() -> None:
    assert Laws.of(features(number=400)).dictionary.weights.shape[0] == 400
    assert np.isfinite(Laws.of(features(rows=30)).delta_plugins).all()
