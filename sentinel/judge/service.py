"""Service levels over time: evidence that more exchanges fail, or are slow, than the objective accepts.

Null: given the past, each exchange is bad with probability ≤ θ. Accounts bet on odds multiplied by m; the likelihood
ratio has mean ≤ 1 under every such law, at any look, so these accounts share the false-page budget with the drift book.
Its claim is as good as the null: bad exchanges that come in bursts of a wider process than the objective foresaw are a
breach of it, and are paged as one. Nothing here knows of versions or incidents.
"""

import numpy as np

from sentinel.drift.bets import Floats
from sentinel.drift.blocks import LENGTHS, Blocks, Counts
from sentinel.drift.book import RECOVERY_MISS
from sentinel.drift.budget import SECONDS_PER_DAY, FalsePageBudget
from sentinel.drift.capital import Capital, total
from sentinel.drift.quantiles import binomial

ODDS = (1.5, 2.0, 4.0, 10.0, 30.0, 100.0)
"""Alternatives: odds of a bad exchange over those of the objective."""
WORTH_A_PAGE = 1.2
"""Gate: over some trailing span the ratio is this many times the objective."""
FEWEST_BAD = 5
"""Gate: with at least so many bad exchanges in the span."""
OK, BAD = 0, 1


class ServiceBook:
    """Evidence against one objective: at most `objective` of the exchanges are bad. `share` of the budget is its own.

    The same calls as `sentinel.drift.book.Book`, with one feature of two cells, fine and bad exchanges.
    """

    def __init__(self, objective: float, budget: FalsePageBudget, share: float) -> None:
        self.objective = objective
        self.budget = budget
        self.share = share
        odds = objective / (1 - objective) * np.array(ODDS)
        worse = odds / (1 + odds)
        self._log_bet = np.stack([np.log((1 - worse) / (1 - objective)), np.log(worse / objective)], axis=1)
        self.capital = Capital.empty(np.full((1, len(ODDS)), 1 / len(ODDS)))
        self.blocks = Blocks.empty(1, 2)

    def pay(self, seconds: float, share: float = 1.0) -> None:
        """Time passes: capital for `seconds`, of which this book gets `share` of its share."""
        rate = self.budget.pages_per_second * self.share
        self.capital.pay(rate * seconds * share, at_most=rate * SECONDS_PER_DAY)
        self.blocks.step()

    def observe(self, exchanges: int, bad: int) -> None:
        """Bet on `exchanges` of which `bad` were bad."""
        counts = np.array([[exchanges - bad, bad]])
        growth = counts.astype(np.float64) @ self._log_bet.T
        self.capital.stake(growth, np.full(growth.shape, exchanges > 0))
        self.blocks.add(counts)

    def log_wealth(self) -> float:
        return total(self.capital.log_wealth())

    def gate(self) -> int | None:
        """The trailing span over which the ratio exceeds the objective most, if it does so by enough."""
        counts = self.blocks.trailing([0])[:, 0, :]
        ratio = self._ratio(counts)
        worth = (ratio > WORTH_A_PAGE * self.objective) & (counts[:, BAD] >= FEWEST_BAD)
        return int(np.where(worth, ratio, -1).argmax()) if worth.any() else None

    def ratio(self, span: int) -> tuple[float, int]:
        """(share of bad exchanges, exchanges) over a trailing span."""
        counts = self.blocks.span(span)[0]
        return float(self._ratio(counts)), int(counts.sum())

    @staticmethod
    def _ratio(counts: Counts) -> Floats:
        return np.asarray(counts[..., BAD] / np.maximum(counts.sum(axis=-1), 1))

    def recovered(self, seconds: float) -> bool:
        """Whether a block just completed has fewer bad exchanges than a ratio at the objective would ever show."""
        return any(self._block_recovered(i, seconds) for i in self.blocks.filled())

    def _block_recovered(self, length: int, seconds: float) -> bool:
        fine, bad = (int(n) for n in self.blocks.current[length, 0])
        level = RECOVERY_MISS * LENGTHS[length] * seconds / (self.budget.seconds * len(LENGTHS))
        return fine + bad > 0 and binomial(bad, fine + bad, self.objective) <= level

    def restart_blocks(self) -> None:
        self.blocks.restart()

    def clear(self) -> None:
        self.capital.clear()
