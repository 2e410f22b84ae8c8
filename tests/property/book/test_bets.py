"""The guarantee at its root: every account has mean ≤ 1 under every law of the null."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.drift import accounts, plugins, radius
from sentinel.drift.bets import departure, log_bet
from sentinel.drift.laws import BinnedFeatures, Laws

ROUNDING = 1e-9


def features(counts: np.ndarray, ordered: int, tolerance: float) -> BinnedFeatures:
    one = np.ones(1)
    return BinnedFeatures(
        ("f",), counts[None, :], np.array([len(counts)]), np.array([ordered]), one, tolerance * one, one
    )


def null_law(rng: np.random.Generator, p0: np.ndarray, delta: float, direction: np.ndarray | None) -> np.ndarray:
    """A law at the edge ‖p − p0‖² = 2δ of the null or, where that would be no law, as far as it goes."""
    d = (direction if direction is not None else rng.normal(size=len(p0))) * np.sqrt(p0)
    d -= d.sum() * p0
    if not (size := np.sum(d * d / p0)) > 1e-18:
        return p0
    d *= np.sqrt(2 * delta / size)
    negative = d < 0
    room = np.min(p0[negative] / -d[negative]) if negative.any() else 1.0
    return p0 + d * min(1.0, room)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[np.random.Generator, Laws]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cells = draw(st.integers(3, 24))
    rows = draw(st.sampled_from([500, 2_000, 50_000, 5_000_000]))
    counts = rng.multinomial(rows, rng.dirichlet(np.full(cells, draw(st.sampled_from([0.05, 0.5, 5.0])))))
    ordered = draw(st.sampled_from([0, cells - 1]))
    tolerance = draw(st.sampled_from([0.0, 0.001, 0.005, 0.05, 0.3]))
    return rng, Laws.of(features(counts, ordered, tolerance))


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_no_static_account_gains_on_average_under_any_law_of_the_null(world: tuple[np.random.Generator, Laws]) -> None:
    rng, laws = world
    p0, bets = laws.p0[0], laws.dictionary
    betting = bets.weights[0, : bets.statics] > 0
    gains = np.array([np.exp(bets.growth(row[None, :]))[0] for row in np.eye(len(p0))])
    deltas = np.concatenate(
        [np.full(accounts.TILTS, laws.delta_tilts[0]), np.tile(laws.delta_spikes[0], accounts.SPIKES)]
    )
    for account in np.flatnonzero(betting):
        for worst in (None, gains[:, account] * np.sqrt(p0)):
            p = null_law(rng, p0, float(deltas[account]), worst)
            assert p @ gains[:, account] <= 1 + ROUNDING


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_no_plug_in_gains_on_average_whatever_it_has_learnt(world: tuple[np.random.Generator, Laws]) -> None:
    rng, laws = world
    p0, delta = laws.p0[0], float(laws.delta_plugins[0])
    memory = rng.multinomial(rng.integers(1, 5000), rng.dirichlet(np.full(len(p0), 0.3)))
    q = (20 * p0 + memory) / (20 + memory.sum())
    if departure(q, p0) <= 2 * delta:
        return
    e = np.exp(log_bet(q, p0, np.asarray(delta)))
    for direction in (None, e * np.sqrt(p0)):
        assert null_law(rng, p0, delta, direction) @ e <= 1 + ROUNDING


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_the_plug_in_on_one_cell_gains_on_no_average_whichever_cell_it_learnt(
    world: tuple[np.random.Generator, Laws],
) -> None:
    """Among the laws whose cells all lie within their own radius: its bet is two-valued, so the edge is the worst."""
    rng, laws = world
    p0, delta = laws.p0, laws.delta_spikes
    learnt = rng.multinomial(rng.integers(1, 5000, accounts.MEMORIES), rng.dirichlet(np.full(p0.shape[1], 0.3)))
    rows = np.eye(p0.shape[1])
    e = np.array(
        [np.exp(plugins.one_cell(learnt[None] * 1.0, p0, delta, row[None], np.ones(1))[0][0, 0]) for row in rows]
    )
    for cell in range(p0.shape[1]):
        for side in (1, -1):
            share = p0[0, cell] + side * np.sqrt(2 * delta[0, cell] * p0[0, cell] * (1 - p0[0, cell]))
            share = np.clip(share, 0.0, 1.0)
            p = p0[0] * (1 - share) / (1 - p0[0, cell])
            p[cell] = share
            if (np.abs(p - p0[0]) <= np.sqrt(2 * delta[0] * p0[0] * (1 - p0[0])) + ROUNDING).all():
                assert p @ e <= 1 + ROUNDING


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_growth_is_a_number_whatever_cells_are_empty(world: tuple[np.random.Generator, Laws]) -> None:
    _, laws = world
    for counts in (np.zeros(laws.p0.shape), *np.eye(laws.p0.shape[1])[:, None, :]):
        assert np.isfinite(laws.dictionary.growth(counts)).all()


@settings(max_examples=40, deadline=None)
@given(worlds())
def test_the_weights_of_a_feature_sum_to_one(world: tuple[np.random.Generator, Laws]) -> None:
    _, laws = world
    assert np.isclose(laws.dictionary.weights.sum(), 1.0)
    assert (laws.dictionary.weights[0, -accounts.PLUGINS :] > 0).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2_000, 50_000]), st.sampled_from([0.3, 5.0]))
def test_the_truth_lies_within_the_radii_of_a_reference_drawn_from_it(seed: int, rows: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.full(12, spread))
    counts = rng.multinomial(rows, truth).astype(float)
    p0 = radius.reference_law(counts)
    gaps = radius.gaps(counts, p0)
    assert departure(truth, p0) / 2 <= radius.drawn(gaps, p0, miss=1e-6)
    off = (truth - p0) / np.sqrt(p0 * (1 - p0))
    assert (off**2 / 2 <= radius.of_cells(counts, p0, miss=1e-6)).all()
    directions = rng.normal(size=(4, 12))
    along = (directions - (directions @ p0)[:, None]) @ (truth - p0)
    spread = np.sqrt((directions**2) @ p0 - (directions @ p0) ** 2)
    assert (
        (along / spread) ** 2 / 2 <= radius.drawn_along(gaps, p0, np.concatenate([directions, -directions]), 1e-6, 8)
    ).all()
