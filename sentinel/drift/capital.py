"""The money of the budget book: false pages allowed, paid in as time passes, bet, and lost or won.

Every account holds unbet capital U and bet capital R. Time pays U in, at the rate of the budget and up to one day of
it; when the account bets, all of U joins R and R is multiplied by the e-value of the rows. Wealth W = ΣR.

Guarantee. Each bet has mean ≤ 1 in the null, so W_t − (capital paid in by t) is a supermartingale; a page at W ≥ 1 that
takes at least one unit out of W costs one unit. Hence E[false pages in any period] ≤ budget of that period, however
often one looks and whatever depends on what (e-detectors: Shin, Ramdas, Rinaldo, arXiv 2203.03532). Counting U in W, or
paying in without the cap, would page on nothing.
"""

from dataclasses import dataclass

import numpy as np

from sentinel.drift.bets import Flags, Floats


@dataclass(slots=True, eq=False)
class Capital:
    """shares: [F, J] fraction of the budget of each account. unbet: [F, J] pages. bet: [F, J] log of pages."""

    shares: Floats
    unbet: Floats
    bet: Floats

    @classmethod
    def empty(cls, shares: Floats) -> "Capital":
        return cls(shares, np.zeros_like(shares), np.full_like(shares, -np.inf))

    def pay(self, pages: float, at_most: float) -> None:
        """Pay in `pages`, split by the shares; no account keeps more unbet than its share of `at_most` pages."""
        self.unbet = np.minimum(self.unbet + self.shares * pages, self.shares * at_most)

    def stake(self, growth: Floats, active: Flags) -> None:
        """Multiply the capital of active accounts by exp(growth), their unbet capital included."""
        with np.errstate(divide="ignore"):
            staked = np.logaddexp(self.bet, np.log(self.unbet)) + growth
        self.bet = np.where(active, staked, self.bet)
        self.unbet = np.where(active, 0.0, self.unbet)

    def clear(self) -> None:
        """Give up all capital: valid at any time, done when an incident ends."""
        self.unbet = np.zeros_like(self.shares)
        self.bet = np.full_like(self.shares, -np.inf)

    def log_wealth(self) -> Floats:
        """log of the wealth of each feature [F]."""
        top = self.bet.max(axis=1, initial=-np.inf)
        base = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(base + np.log(np.exp(self.bet - base[:, None]).sum(axis=1)))


def total(log_wealth: Floats) -> float:
    """log of the summed wealth."""
    return float(np.logaddexp.reduce(log_wealth, initial=-np.inf))
