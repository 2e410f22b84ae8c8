"""Whether two models answer the same within a margin: proven, disproven, or not yet known. Pure; looking costs nothing.

"No difference found" proves nothing. Here equivalence is the alternative and must be shown, as in two one-sided tests,
by evidence that holds whenever one looks. A pair of answers to one request gives x in [0, 1], the share of its rows
that differ. Two nulls at the margin m: they differ too often, E[x | past] ≥ m, which equivalence must refute; they are
the same, E[x | past] ≤ m, which a difference must refute. A bet on odds λ times those of m gains

    log e_λ = S log λ − n log(1 − m + λm),    n pairs, S = Σx.

λ^x is convex in x, so E[λ^x | past] ≤ 1 + (λ − 1)E[x | past] ≤ 1 − m + λm: under the first null for λ < 1, under the
second for λ > 1. The mean over a grid of λ is an e-process, and the chance of ever reaching 1/α on a true null is at
most α (Ville), rows of one request being as dependent as they like. The margins that the two leave standing form a
confidence sequence for the share (sub-Bernoulli, Howard et al. 2020; betting, Waudby-Smith & Ramdas 2023).

A pair without a second answer counts as differing where equivalence is to be shown, and as the same where a difference
is: requests that only one side answers need not be like the others.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

FEWER = np.array([1e-3, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4])
"""λ of the bets that there are fewer differences than the margin; the first stands for none at all."""
MORE = np.array([1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0])
"""λ of the bets that there are more, up to a model that answers another question."""
BISECTIONS = 40

Verdict = Literal["equivalent", "different", "unknown"]


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is known of pairs of answers. differing: Σ of the shares of rows that differ. unanswered: pairs of one."""

    answered: int = 0
    differing: float = 0.0
    unanswered: int = 0

    def __or__(self, other: "Pairs") -> "Pairs":
        return Pairs(
            self.answered + other.answered, self.differing + other.differing, self.unanswered + other.unanswered
        )

    @property
    def ratio(self) -> float:
        """The share of rows that differ in an average pair; 0 while there is none."""
        return self.differing / self.answered if self.answered else 0.0


def log_evidence_same(pairs: Pairs, margin: float) -> float:
    """Evidence, as a logarithm, that fewer than `margin` of the rows differ."""
    total = pairs.answered + pairs.unanswered
    return float(log_evidence(total, pairs.differing + pairs.unanswered, margin, FEWER))


def log_evidence_different(pairs: Pairs, margin: float) -> float:
    """Evidence, as a logarithm, that more than `margin` of the rows differ."""
    return float(log_evidence(pairs.answered + pairs.unanswered, pairs.differing, margin, MORE))


def verdict(pairs: Pairs, margin: float, alpha: float) -> Verdict:
    """What is proven at `margin`, 0 < margin < 1. Either word is wrong with a chance of at most alpha, at any time."""
    if log_evidence_same(pairs, margin) >= -np.log(alpha):
        return "equivalent"
    return "different" if log_evidence_different(pairs, margin) >= -np.log(alpha) else "unknown"


def bounds(pairs: Pairs, alpha: float) -> tuple[float, float]:
    """Least and most share of rows that may differ: each bound is ever wrong with a chance of at most alpha.

    They agree with `verdict`: equivalent where the upper one is below the margin, different where the lower is above.
    """
    needed = -np.log(alpha)
    upper = _first(lambda margin: log_evidence_same(pairs, margin) >= needed)
    lower = 1 - _first(lambda rest: log_evidence_different(pairs, 1 - rest) >= needed)
    return lower, upper


def log_evidence(total: Any, differing: Any, margin: Any, odds: "np.ndarray[Any, Any]") -> Any:
    """Evidence, as a logarithm, of the mean of the bets on `odds`: numbers, or arrays of one shape."""
    n, s, m = (np.asarray(value, dtype=float)[..., None] for value in (total, differing, margin))
    gains = s * np.log(odds) - n * np.log1p(m * (odds - 1))
    return np.logaddexp.reduce(gains, axis=-1) - np.log(len(odds))


def _first(holds: Any) -> float:
    """The least margin in (0, 1) for which a condition holds that holds for all above it too; 1 where none does."""
    least, most = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (least + most) / 2
        least, most = (least, middle) if holds(middle) else (middle, most)
    return most
