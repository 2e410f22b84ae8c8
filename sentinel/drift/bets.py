"""The closed-form bet: how an alternative law becomes an e-value against "within tolerance".

Only the formula lives here. It knows nothing of features, time or money.

Theory. Let p0 be the reference law over K cells and q an alternative, X = Σ(q − p0)²/p0 its departure. The null holds
every law p with ‖p − p0‖ ≤ √(2δ), where ‖d‖² = Σd²/p0 and δ = (√tolerance + √ε)² covers both the drift that the
operator tolerates and what a finite reference hides (`radius`). Mix q with p0, a = min(1, √(2δ/X)), and bet

    g = q / ((1 − a) p0 + a q),   e(k) = g_k / (μ + √(2δ)·s),   μ = Σp0 g,   s² = Σp0 g² − μ².

By Cauchy–Schwarz ⟨p, g⟩ = μ + ⟨p − p0, g − μ⟩ ≤ μ + √(2δ)·s, so E_p[e] ≤ 1 for every p of the null, exactly, with no
optimisation. The mixture is the reverse information projection of q onto the segment to p0 (Grünwald, de Heide, Koolen:
Safe Testing), which makes log e grow nearly as fast as any e-value can.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]


SMALLEST_DEPARTURE = 1e-100
"""Keeps δ/X finite where an alternative is the reference itself."""
LEAST_GAIN = 1e-300
"""Where an alternative forbids a cell the bet is lost there, but its logarithm stays a number."""
MOST_MIXED = 1 - 1e-9
"""Largest a: at 1 the bet on a cell that q forbids would be 0/0. Any a gives a valid bet."""


def departure(q: Floats, p0: Floats) -> Any:
    """X = Σ(q − p0)²/p0 over the last axis. Cells with p0 = 0 are padding and count for nothing."""
    d = _ratio(q, p0) - 1
    return np.sum(p0 * d * d, axis=-1)


def log_bet(q: Floats, p0: Floats, delta: Floats) -> Floats:
    """log e(k) of each alternative: q [..., K], p0 broadcast to it, delta [...] in nats. Padding cells give 0."""
    ratio = _ratio(q, p0)
    x = np.sum(p0 * (ratio - 1) ** 2, axis=-1)
    a = np.minimum(MOST_MIXED, np.sqrt(2 * delta / np.maximum(x, SMALLEST_DEPARTURE)))[..., None]
    g = ratio / ((1 - a) + a * ratio)
    mean = np.sum(p0 * g, axis=-1, keepdims=True)
    spread = np.sqrt(np.sum(p0 * (g - mean) ** 2, axis=-1, keepdims=True))
    bet = np.log(np.maximum(g, LEAST_GAIN)) - np.log(mean + np.sqrt(2 * delta)[..., None] * spread)
    return np.where(p0 > 0, bet, 0.0)


def _ratio(q: Floats, p0: Floats) -> Floats:
    """q/p0, 1 in padding cells."""
    return np.divide(q, p0, out=np.ones(np.broadcast_shapes(q.shape, p0.shape)), where=p0 > 0)
