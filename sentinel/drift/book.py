"""The budget book of one group of features: evidence against "within tolerance", page gate and recovery.

A tolerant e-detector on binned counts. The parts are `radius` (what the reference hides), `accounts` and `plugins`
(what is bet on), `bets` (the bet), `capital` (the money) and `blocks` (effect size over several spans); here they meet.
The book knows nothing of versions, incidents or words.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from sentinel.drift import accounts, plugins
from sentinel.drift.bets import Floats, departure
from sentinel.drift.blocks import LENGTHS, Blocks, Counts
from sentinel.drift.budget import SECONDS_PER_DAY, FalsePageBudget
from sentinel.drift.capital import Capital, total
from sentinel.drift.dependence import Meter
from sentinel.drift.laws import Laws
from sentinel.drift.quantiles import non_central_chi_square

LEADING_SHARE = 0.1
"""A feature speaks for the book if it holds at least this share of the wealth."""
RECOVERY_MISS = 0.1
"""Chance, per period of the budget, that a drift still at the tolerance is taken for recovered."""
RECOVERED_PART = 4
RECOVERED_NATS = 0.005
"""Recovered means within tolerance. Where that is smaller than these nats: a quarter of the drift paged, or these
nats, whichever is less; for nobody can show that a drift is exactly nothing."""


class Seasons(Protocol):
    """References that take turns with the time of day and week (`sentinel.drift.seasons`)."""

    def laws_at(self, at: float) -> Laws:
        """The laws of the season at a time, over the same features and cells."""


class Book:
    """Evidence of one group of features over time. `share` of the budget is this book's.

    Call `pay` as time passes, `observe` for rows, in any slicing; read `log_wealth`. A page is due when the wealth
    reaches 1 and `gate` names a feature; after it, `restart_blocks`, then `recovered` until it is true, then `clear`.
    """

    def __init__(self, laws: Laws, budget: FalsePageBudget, share: float, seasons: Seasons | None = None) -> None:
        self.laws = laws
        self.budget = budget
        self.share = share
        self.seasons = seasons
        features, cells = laws.p0.shape
        weights = laws.dictionary.weights
        if seasons is not None:
            weights = accounts.seasonal_weights(laws.features.cells, laws.features.ordered, cells)
        self.capital = Capital.empty(weights * laws.features.weights[:, None])
        self.memory = np.zeros((features, accounts.MEMORIES, cells))
        self.blocks = Blocks.empty(features, cells)
        self.recover_to = laws.features.tolerances
        self.expected = None if seasons is None else Blocks.empty(features, cells, np.float64)
        self.meter = Meter.of(laws.p0, laws.features.cells, laws.features.ordered)
        self._learnt: Floats | None = None

    def pay(self, seconds: float, share: float = 1.0) -> None:
        """Time passes: capital for `seconds`, of which this book gets `share` of its share, and memories fade."""
        day = self.budget.pages_per_second * SECONDS_PER_DAY * self.share
        self.capital.pay(self.budget.pages_per_second * seconds * self.share * share, at_most=day)
        self.memory = plugins.decayed(self.memory, seconds)
        self.blocks.step()
        if self.expected is not None:
            self.expected.step()
        if not self.meter.done and self.meter.pass_time(seconds):
            self._learnt = None

    def dependence(self) -> Floats:
        """D [F] as known before the present window: as stated or, where not stated, as learnt."""
        if self._learnt is None:
            self._learnt = self.meter.factor()
        stated = self.laws.features.dependence
        return np.where(np.isnan(stated), self._learnt, stated)

    def learn_from(self, meter: Meter) -> None:
        """Go on from a meter of dependence that has learnt already."""
        self.meter, self._learnt = meter, None

    def observe(self, counts: Counts, at: float = 0.0) -> None:
        """Bet on the rows in `counts` [F, K], which were all seen after every earlier call.

        at: the middle of their window, seconds since the epoch; only seasons read it.
        """
        laws = self.laws if self.seasons is None else self.seasons.laws_at(at)
        rows = counts.sum(axis=1, keepdims=True)
        growth, active = laws.bets(self.memory, counts, self.dependence())
        if self.expected is not None:
            active &= laws.dictionary.weights > 0
            self.expected.add(laws.p0 * rows)
        self.capital.stake(growth, active)
        self.memory = self.memory + counts[:, None, :]
        self.blocks.add(counts)
        if not self.meter.done:
            self.meter.add(counts + rows * (self.laws.p0 - laws.p0))  # a change of season is no dependence

    def log_wealth(self) -> Floats:
        """log of the wealth of each feature [F]; a page is due when their sum reaches 1."""
        return self.capital.log_wealth()

    def leading(self) -> list[int]:
        """Features that hold at least `LEADING_SHARE` of the wealth, the wealthiest first."""
        wealth = self.log_wealth()
        own = total(wealth)
        order = np.argsort(-wealth, kind="stable")
        return [int(f) for f in order if np.isfinite(own) and wealth[f] >= own + np.log(LEADING_SHARE)]

    def gate(self) -> dict[int, int]:
        """Leading features whose drift, net of noise, is larger than the tolerance; and over which span it is largest.

        A page without such a feature would be about an effect too small to matter: the wealth is kept, and waits.
        The spans are those of `Blocks.trailing`.
        """
        leading = self.leading()
        excess = self.excess(leading)
        over = excess.max(axis=0) > self.laws.features.tolerances[leading]
        return {f: int(excess[:, i].argmax()) for i, f in enumerate(leading) if over[i]}

    def excess(self, features: Sequence[int]) -> Floats:
        """Divergence in nats, less what noise gives, over every trailing span: [spans, features]; −inf without rows."""
        chosen = list(features)
        counts = self.blocks.trailing(chosen)
        rows = counts.sum(axis=-1).astype(np.float64)
        some = np.maximum(rows, 1.0)
        noise = (self.laws.features.cells[chosen] - 1) * (1 / some + 1 / np.maximum(self.laws.rows[chosen], 1.0))
        law = self.laws.p0[chosen]
        if self.expected is not None:
            law = _shares(self.expected.trailing(chosen), law)
        half = (departure(counts / some[..., None], law) - noise) / 2
        return np.where(rows > 0, half, -np.inf)

    def expected_shares(self, span: int) -> Floats:
        """What the reference expects of the rows in a trailing span: [F, K], p0 where there are no seasons."""
        return self.laws.p0 if self.expected is None else _shares(self.expected.span(span), self.laws.p0)

    def restart_blocks(self) -> None:
        """An incident opens: count the blocks for its recovery from here, and settle what recovered means."""
        seen = np.maximum(self.excess(range(len(self.laws.rows))).max(axis=0), 0.0)
        close = np.minimum(seen / RECOVERED_PART, RECOVERED_NATS)
        self.recover_to = np.maximum(self.laws.features.tolerances, close)
        self.blocks.restart()
        if self.expected is not None:
            self.expected.restart()

    def recovered(self, features: Sequence[int], seconds: float) -> bool:
        """Whether a block just completed shows every one of `features` back within tolerance.

        seconds: length of a window. A drift that stands at the tolerance passes with probability `RECOVERY_MISS` per
        period of the budget, over all lengths and blocks: the statistic must fall below a low non-central χ² quantile.
        """
        chosen = list(features)
        return any(self._block_recovered(i, chosen, seconds) for i in self.blocks.filled()) if chosen else True

    def _block_recovered(self, length: int, chosen: list[int], seconds: float) -> bool:
        counts = self.blocks.current[length][chosen]
        rows = counts.sum(axis=1).astype(np.float64)
        if not rows.all():
            return False
        effective = 1 / (1 / rows + 1 / self.laws.rows[chosen])
        law = self.laws.p0 if self.expected is None else _shares(self.expected.current[length], self.laws.p0)
        statistic = effective * departure(counts / rows[:, None], law[chosen])
        level = min(RECOVERY_MISS * LENGTHS[length] * seconds / (self.budget.seconds * len(LENGTHS)), 0.5)
        filled = (rows[:, None] * self.laws.p0[chosen] >= 1).sum(axis=1)  # cells that add noise to the statistic
        freedom = np.maximum(filled - 1, 1)
        centrality = 2 * self.recover_to[chosen] * effective
        return all(
            x < k + nc and non_central_chi_square(x, k, nc) <= level  # the mean is above the median
            for x, k, nc in zip(statistic.tolist(), freedom.tolist(), centrality.tolist(), strict=True)
        )

    def clear(self) -> None:
        """An incident ended: its evidence is spent."""
        self.capital.clear()


def _shares(expected: Floats, otherwise: Floats) -> Floats:
    """Expected rows [..., F, K] as shares; `otherwise` [F, K] where none are expected."""
    rows = expected.sum(axis=-1, keepdims=True)
    return np.where(rows > 0, expected / np.maximum(rows, np.finfo(float).tiny), otherwise)
