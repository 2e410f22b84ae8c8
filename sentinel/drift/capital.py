"""The money of the budget book: false pages allowed, paid in as time passes, bet, and lost or won.

Every account holds capital not yet bet and bet capital R. Time pays in at the rate of the budget, one half to be bet
with the next rows, the other half saved, each up to a day of it. When the account bets, the first joins R, the savings
do too if its own evidence was rising before these rows, and R is multiplied by the e-value of the rows. Wealth W = ΣR.

Savings make drifts cheaper to find: where nothing drifts an account loses what it stakes, and with a tolerance it loses
fast; at the first signs of a drift it then has a day's capital and not a single window's.

Guarantee. Each bet has mean ≤ 1 in the null, so W_t − (capital paid in by t) is a supermartingale; a page at W ≥ 1 that
takes at least one unit out of W costs one unit. Hence E[false pages in any period] ≤ budget of that period, however
often one looks and whatever depends on what (e-detectors: Shin, Ramdas, Rinaldo, arXiv 2203.03532). Counting U in W, or
paying in without the cap, would page on nothing. Whether savings are staked depends on earlier rows alone, so each bet
keeps its mean.
"""

from dataclasses import dataclass

import numpy as np

from sentinel.drift.bets import Flags, Floats

SAVED = 0.5
"""Part of what is paid in that waits for signs of a drift."""
RISING = 1.0
"""Log evidence that an account must have gathered, since it last had none, before its savings are staked. Lower, they
are lost to noise; higher, the first windows of a drift are bet without them."""


@dataclass(slots=True, eq=False)
class Capital:
    """shares: [F, J] fraction of the budget of each account. unbet, saved: [F, J] pages. bet: [F, J] log of pages.

    rise: [F, J] log evidence of the account since it last had none (CUSUM, Page 1954).
    """

    shares: Floats
    unbet: Floats
    saved: Floats
    bet: Floats
    rise: Floats

    @classmethod
    def empty(cls, shares: Floats) -> "Capital":
        nothing = np.zeros_like(shares)
        return cls(shares, nothing, nothing, np.full_like(shares, -np.inf), nothing)

    def pay(self, pages: float, at_most: float) -> None:
        """Pay in `pages`, split by the shares; no account keeps more idle than its share of `at_most` pages."""
        paid, cap = self.shares * pages, self.shares * at_most
        self.unbet = np.minimum(self.unbet + (1 - SAVED) * paid, (1 - SAVED) * cap)
        self.saved = np.minimum(self.saved + SAVED * paid, SAVED * cap)

    def stake(self, growth: Floats, active: Flags) -> None:
        """Multiply the capital of active accounts by exp(growth): what was unbet and, where evidence rises, savings."""
        rising = active & (self.rise > RISING)
        with np.errstate(divide="ignore"):
            staked = np.logaddexp(self.bet, np.log(self.unbet + np.where(rising, self.saved, 0.0))) + growth
        self.bet = np.where(active, staked, self.bet)
        self.unbet = np.where(active, 0.0, self.unbet)
        self.saved = np.where(rising, 0.0, self.saved)
        self.rise = np.where(active, np.maximum(self.rise + growth, 0.0), self.rise)

    def clear(self) -> None:
        """Give up all capital: valid at any time, done when an incident ends."""
        fresh = Capital.empty(self.shares)
        self.unbet, self.saved, self.bet, self.rise = fresh.unbet, fresh.saved, fresh.bet, fresh.rise

    def idle(self) -> float:
        """Pages paid in and not staked yet, over all accounts."""
        return float(self.unbet.sum() + self.saved.sum())

    def log_wealth(self) -> Floats:
        """log of the wealth of each feature [F]."""
        top = self.bet.max(axis=1, initial=-np.inf)
        base = np.where(np.isfinite(top), top, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(base + np.log(np.exp(self.bet - base[:, None]).sum(axis=1)))


def total(log_wealth: Floats) -> float:
    """log of the summed wealth."""
    return float(np.logaddexp.reduce(log_wealth, initial=-np.inf))
