"""The dictionary of alternatives: which drifts are bet on, and with what share of a feature's capital.

Only laws and weights live here; the bet itself is in `bets`, the money in `capital`. The alternatives are fixed with
the reference, but for the plug-ins, which learn theirs from past windows (`plugins`).

Tilts: q ∝ p0·exp(l z) for a shift of location, where z are the normal scores of the ordered cells, and the same on
z² − 1 (orthogonalised) for a change of scale. Spikes: one cell up, q = (1 − s)p0 + s·1_k, or down, q_k = s·p0_k.
The log bet of a spike takes two values, at its cell and elsewhere, and only these are stored.
"""

from dataclasses import dataclass

import numpy as np

from sentinel.drift.bets import Floats, Ints, departure, log_bet
from sentinel.drift.quantiles import normal_quantiles

GENERATION = 3
"""Raised with every change of the dictionary or of the capital: evidence of another one cannot be gone on from."""

LOCATION = (0.11, 0.16, 0.24, 0.35, 0.5, 0.75, 1.1)  # standard deviations
SCALE = (0.12, 0.2, 0.35, 0.6)
UP = (0.03, 0.06, 0.12, 0.25)  # share of rows that moves into the cell
UP_OVER = (1.8, 2.7)
"""Rises of a cell whose departure √X is so many times √(2δ): those just beyond the tolerance, whatever the cell's size.
Fixed rises alone leave a gap: on a cell of 5 %, one of 3 points is dropped and one of 12 loses where 5 are true."""
LARGEST_RISE = 0.9
DOWN = (0.5, 0.1)  # what is left of the cell
GAMMAS = (0.3, 0.6, 0.85, 0.95, 0.985)
"""Memories of the plug-ins per 5 minutes: half lives from 3 minutes to 4 hours."""

TILTS = 2 * len(LOCATION) + 2 * len(SCALE)
SPIKES = len(UP) + len(UP_OVER) + len(DOWN)
MEMORIES = len(GAMMAS)
PLUGINS = MEMORIES + 1
"""One per memory over all cells, and one on the cell that moved most in any."""
TILT_DIRECTIONS = 4
"""Tilts bet along these many directions, whatever their sizes: location and scale, up and down."""

# Shares of a feature's capital: (location, scale, up, down, plug-ins over all cells, plug-in on one cell).
NUMERIC_SHARES = (0.38, 0.28, 0.06, 0.04, 0.20, 0.04)
CATEGORICAL_SHARES = (0.0, 0.0, 0.28, 0.14, 0.20, 0.38)

WORTH_A_BET = 2.6
"""A static alternative is dropped if its departure X is not above this many δ: the bet could not grow."""


@dataclass(frozen=True, slots=True, eq=False)
class Dictionary:
    """Log bets of the static accounts of F features over K padded cells, and the weights of all accounts.

    tilts: [F, TILTS, K]. spike_at, spike_off: [F, SPIKES, K] log bet of the spike on cell k, at k and elsewhere.
    weights: [F, J], J = TILTS + SPIKES·K + PLUGINS, each row summing to 1; 0 for dropped accounts.
    """

    tilts: Floats
    spike_at: Floats
    spike_off: Floats
    weights: Floats

    @property
    def statics(self) -> int:
        """Number of static accounts per feature; the plug-ins follow them."""
        return int(self.weights.shape[1]) - PLUGINS

    def growth(self, counts: Floats) -> Floats:
        """Log growth [F, statics] of every static account over the rows counted in `counts` [F, K]."""
        tilts = np.matmul(self.tilts, counts[:, :, None])[:, :, 0]
        rows = counts.sum(axis=1)[:, None, None]
        spikes = rows * self.spike_off + counts[:, None, :] * (self.spike_at - self.spike_off)
        return np.concatenate([tilts, spikes.reshape(len(counts), -1)], axis=1)


def normal_scores(p0: Floats, ordered: int) -> Floats:
    """Standardised scores z of the first `ordered` cells, from their mid ranks; 0 for the others (missing)."""
    z = np.zeros_like(p0)
    if ordered < 2:
        return z
    share = p0[:ordered] / p0[:ordered].sum()
    z[:ordered] = normal_quantiles(np.cumsum(share) - share / 2)
    return _standardised(z, p0, [])


def scale_scores(p0: Floats, z: Floats) -> Floats:
    """z² − 1 made orthogonal to 1 and z under p0, and standardised."""
    return _standardised(np.where(z == 0, 0.0, z * z), p0, [z])


def _standardised(x: Floats, p0: Floats, against: list[Floats]) -> Floats:
    x = x - p0 @ x
    for direction in against:
        x = x - (p0 @ (x * direction)) * direction
    spread = np.sqrt(p0 @ (x * x))
    return x / spread if spread > 1e-9 else np.zeros_like(x)  # noise of the arithmetic, where all rows share a cell


def tilts(p0: Floats, ordered: int) -> Floats:
    """Shifts of location and of scale [TILTS, K] of one feature; p0 [K] without padding. Unusable ones equal p0."""
    z = normal_scores(p0, ordered)
    scales = scale_scores(p0, z)
    by_location = [_tilt(p0, sign * size * z) for size in LOCATION for sign in (1, -1)]
    return np.array(by_location + [_tilt(p0, sign * size * scales) for size in SCALE for sign in (1, -1)])


def spikes(p0: Floats, delta: Floats) -> Floats:
    """Rises and falls of one cell [SPIKES, K, K], the cell on axis 1; p0 [K] without padding.

    delta: [K] half the squared radius of the null along the cell, beyond which its rises are to lie.
    """
    cells = np.eye(len(p0))
    odds = np.sqrt(2 * delta * p0 / (1 - p0).clip(1e-12))
    rises = [*(np.full(len(p0), share) for share in UP), *(np.minimum(over * odds, LARGEST_RISE) for over in UP_OVER)]
    ups = [(1 - rise[:, None]) * p0 + rise[:, None] * cells for rise in rises]
    return np.array([*ups, *(_renormalised(p0 * (1 - (1 - left) * cells)) for left in DOWN)])


def _tilt(p0: Floats, exponent: Floats) -> Floats:
    return _renormalised(p0 * np.exp(exponent - exponent.max()))


def _renormalised(q: Floats) -> Floats:
    return np.asarray(q / q.sum(axis=-1, keepdims=True))


def shares(cells: int, ordered: int) -> Floats:
    """Share of a feature's capital of every account [TILTS + SPIKES·cells + PLUGINS], before any is dropped."""
    location, scale, up, down, plugins, one_cell = NUMERIC_SHARES if ordered else CATEGORICAL_SHARES
    parts = [
        (location, 2 * len(LOCATION)),
        (scale, 2 * len(SCALE)),
        (up, (len(UP) + len(UP_OVER)) * cells),
        (down, len(DOWN) * cells),
        (plugins, MEMORIES),
        (one_cell, 1),
    ]
    return np.concatenate([np.full(number, share / number) for share, number in parts])


def seasonal_weights(cells: Ints, ordered: Ints, width: int) -> Floats:
    """Weights [F, J] for books whose reference changes with the season: no account is dropped, but for the plug-ins;
    what they learn in one season is no drift in the next.
    """
    weights = np.zeros((len(cells), TILTS + SPIKES * width + PLUGINS))
    for f, (k, in_order) in enumerate(zip(cells.tolist(), ordered.tolist(), strict=True)):
        share = shares(k, in_order)[:-PLUGINS]
        weights[f, _columns(k, width)[:-PLUGINS]] = share / share.sum()
    return weights


def dictionary(p0: Floats, cells: Ints, ordered: Ints, delta_tilts: Floats, delta_spikes: Floats) -> Dictionary:
    """The accounts of F features: p0 [F, K] padded with zeros; δ in nats of tilts [F] and along each cell [F, K]."""
    features, width = p0.shape
    bets = np.zeros((features, TILTS, width))
    at, off = np.zeros((features, SPIKES, width)), np.zeros((features, SPIKES, width))
    weights = np.zeros((features, TILTS + SPIKES * width + PLUGINS))
    for f in range(features):
        k = int(cells[f])
        law, delta = p0[f, :k], delta_spikes[f, :k]
        tilted, spiked = tilts(law, int(ordered[f])), spikes(law, delta)
        of_tilts = np.full(TILTS, delta_tilts[f])
        bets[f, :, :k] = log_bet(tilted, law, of_tilts)
        of_spikes = log_bet(spiked, law, np.tile(delta, (SPIKES, 1)))
        at[f, :, :k] = np.diagonal(of_spikes, axis1=1, axis2=2)
        off[f, :, :k] = of_spikes[:, np.arange(k), np.arange(k) - 1]
        worth_tilts = departure(tilted, law) > WORTH_A_BET * of_tilts
        worth_spikes = departure(spiked, law) > WORTH_A_BET * delta
        worth = np.concatenate([worth_tilts, worth_spikes.reshape(-1), np.ones(PLUGINS, bool)])
        share = np.where(worth, shares(k, int(ordered[f])), 0.0)
        weights[f, _columns(k, width)] = share / share.sum()
    return Dictionary(bets, at, off, weights)


def _columns(cells: int, width: int) -> Ints:
    """Where the accounts of a feature with `cells` cells lie in the padded row of accounts."""
    spikes = TILTS + (np.arange(SPIKES)[:, None] * width + np.arange(cells)).reshape(-1)
    return np.concatenate([np.arange(TILTS), spikes, TILTS + SPIKES * width + np.arange(PLUGINS)])
