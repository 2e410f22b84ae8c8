"""Plug-in alternatives: laws learnt from past windows, so that a drift nobody listed is bet on too.

Each feature has memories of several lengths γ: M ← γM + c. A window is bet on with the M of before it, which keeps the
bet predictable and so valid. γ is per 5 minutes; windows of other lengths take γ^(seconds/300).

Every memory has a plug-in over all cells, q = (κp0 + M)/(κ + |M|). One more bets on a single cell: the one whose share
in any memory is farthest from p0 in units of its noise, where that is no common chance; the others keep their
proportions. Its direction is learnt within a window or two, after which it does what a spike does with a capital that
is not divided by the number of cells. It is valid as a spike is: the radius along a cell holds for all cells at once
(`radius.of_cells`), and which cell it is depends on the past alone.
"""

import numpy as np

from sentinel.drift.accounts import GAMMAS
from sentinel.drift.bets import Flags, Floats, departure, log_bet

GAMMA_SECONDS = 300.0
PRIOR_ROWS = 20.0
"""κ at M = 0: rows of the reference mixed into what was learnt."""
PRIOR_SHARE = 0.1
"""κ grows by this share of |M|, so that no cell is ever given up."""
WORTH_A_BET = 2.0
"""A plug-in sits out a window in which its departure X is not above this many δ."""

SURPRISE = 3.8
"""Standard deviations of a cell's share in a memory from which the single cell is bet on. 22 cells exceed it by chance
about once a day: until then its capital is kept, and a drift is met with half a day of it."""
GUESS_ROWS = 400.0
GUESS_OVER = 1.8
GUESS = 0.15
"""A first guess at how far the cell moved, √X: 1.8 times the radius √(2δ), 0.15 at least; it weighs so many rows."""
LEAST_OVER = 1.3
"""Departures nearer to the null, in radii, are no use as alternatives; a drift there is bet on with this one."""
MOST_TAKEN = 0.98
"""A bet never takes more of a cell, or of all others, than this."""
_NOISE = np.array(GAMMAS) / (1 + np.array(GAMMAS))
"""Variance of a share in a memory, times |M|/(p(1 − p)), under steady traffic."""


def decayed(memory: Floats, seconds: float) -> Floats:
    """The memory [F, MEMORIES, K] after `seconds` without rows."""
    return memory * (np.array(GAMMAS) ** (seconds / GAMMA_SECONDS))[None, :, None]


def everywhere(memory: Floats, p0: Floats, delta: Floats, counts: Floats) -> tuple[Floats, Flags]:
    """Log growth [F, MEMORIES] of the plug-ins over all cells for the rows in `counts` [F, K], and which bet at all."""
    rows = memory.sum(axis=2, keepdims=True)
    kappa = PRIOR_ROWS + PRIOR_SHARE * rows
    q = (kappa * p0[:, None, :] + memory) / (kappa + rows)
    bets = log_bet(q, p0[:, None, :], delta[:, None])
    active = departure(q, p0[:, None, :]) > WORTH_A_BET * delta[:, None]
    return np.matmul(bets, counts[:, :, None])[:, :, 0], active


def one_cell(memory: Floats, p0: Floats, delta: Floats, counts: Floats, dependence: Floats) -> tuple[Floats, Flags]:
    """Log growth [F, 1] of the plug-in on a single cell, and whether it bets; delta: [F, K] along each cell."""
    rows = memory.sum(axis=2)
    unit = np.sqrt(p0 * (1 - p0))
    excess = memory - rows[:, :, None] * p0[:, None, :]
    noise = np.sqrt(rows * _NOISE)[:, :, None] * unit[:, None, :]
    z = np.divide(excess, noise, out=np.zeros_like(excess), where=noise > 0)
    f = np.arange(len(p0))
    which, cell = np.divmod(np.abs(z).reshape(len(p0), -1).argmax(axis=1), p0.shape[1])
    surprise = z[f, which, cell]
    active = surprise**2 > SURPRISE**2 * dependence
    shorter = np.maximum(which - 1, 0)  # it holds less of the time before the drift
    learnt = np.abs(excess[f, shorter, cell]), rows[f, shorter]
    radius, share, spread = np.sqrt(2 * delta[f, cell]), p0[f, cell], unit[f, cell]
    moved = share + np.sign(surprise) * spread * _size(*learnt, spread, radius)
    q = _and_rest(np.clip(moved, (1 - MOST_TAKEN) * share, MOST_TAKEN + (1 - MOST_TAKEN) * share))
    bets = log_bet(q, _and_rest(share), delta[f, cell])
    there = counts[f, cell]
    growth = np.sum(bets * np.stack([there, counts.sum(axis=1) - there], axis=1), axis=1)
    return growth[:, None], active[:, None]


def _size(excess: Floats, rows: Floats, spread: Floats, radius: Floats) -> Floats:
    """√X of the alternative [F]: the guess, and what `excess` of `rows` says, by their weight."""
    guess = np.maximum(GUESS_OVER * radius, GUESS)
    said = np.divide(excess, spread, out=np.zeros_like(excess), where=spread > 0)
    return np.asarray(np.maximum((said + GUESS_ROWS * guess) / (rows + GUESS_ROWS), LEAST_OVER * radius))


def _and_rest(share: Floats) -> Floats:
    """A cell and all others [F, 2]."""
    return np.stack([share, 1 - share], axis=1)
