"""Plug-in alternatives: laws learnt from past windows, so that a drift nobody listed is bet on too.

Each feature has one per memory γ: M ← γM + c, q = (κp0 + M)/(κ + |M|). A window is bet on with the M of before it,
which keeps the bet predictable and so valid. γ is per 5 minutes; windows of other lengths take γ^(seconds/300).
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


def decayed(memory: Floats, seconds: float) -> Floats:
    """The memory [F, PLUGINS, K] after `seconds` without rows."""
    return memory * (np.array(GAMMAS) ** (seconds / GAMMA_SECONDS))[None, :, None]


def growth(memory: Floats, p0: Floats, delta: Floats, counts: Floats) -> tuple[Floats, Flags]:
    """Log growth [F, PLUGINS] over the rows in `counts` [F, K], and which plug-ins bet at all (booleans)."""
    rows = memory.sum(axis=2, keepdims=True)
    kappa = PRIOR_ROWS + PRIOR_SHARE * rows
    q = (kappa * p0[:, None, :] + memory) / (kappa + rows)
    bets = log_bet(q, p0[:, None, :], delta[:, None])
    active = departure(q, p0[:, None, :]) > WORTH_A_BET * delta[:, None]
    return np.matmul(bets, counts[:, :, None])[:, :, 0], active
