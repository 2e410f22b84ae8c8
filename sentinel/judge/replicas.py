"""The odd replica out: one pod of many that sees, or predicts, other things than its siblings do. Pure.

In each window a replica's rows are compared with the rows of all replicas together. If nothing sets it apart, its rows
are a sample without replacement from that pool, and Hoeffding (1963, section 6) makes

    e(k) = g_k / (⟨p̂, g⟩ + √(2·tolerance)·sd_p̂(g)),   p̂ = shares of this window over all replicas,

a bet of mean ≤ 1, exactly at tolerance 0: no reference is trusted, and seasons cancel. The tolerance is there because a
harmless fixed difference between replicas would page for ever without it. The alternatives g are those of the book.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sentinel.drift.bets import Floats
from sentinel.drift.blocks import Counts
from sentinel.drift.budget import SECONDS_PER_DAY, FalsePageBudget, Tolerance
from sentinel.drift.capital import Capital, total
from sentinel.drift.laws import Laws
from sentinel.reference.packing import pack_array, unpack_array

ODD_REPLICA_SHARE = 0.1
"""Share of the budget, all replicas together."""
FEWEST_REPLICAS = 3
"""Of two that differ nobody knows which is odd."""
REMEMBERED_LOG_WEALTH = np.log(1e-4)
"""Of a replica's feature, from which it is remembered: where all are alike, none of a thousand replicas has it."""
MOST_REMEMBERED = 64
"""Features of replicas that are remembered, so that the memory of a large fleet stays as small as that of three."""
PARTS = ("unbet", "saved", "bet", "rise")


class ReplicaBook:
    """Evidence that one replica differs from the others. Call `observe` with every replica's counts of one window.

    laws: the alternatives, from `Laws.of`. Memory grows with replicas × features, 2.3 KB for each pair, in single
    precision; replicas not seen in a window keep their wealth, those given to `forget` lose it.
    """

    def __init__(self, laws: Laws, budget: FalsePageBudget, tolerance: Tolerance | None = None) -> None:
        self.laws = laws
        self.budget = budget
        self.tolerance = tolerance if tolerance is not None else Tolerance()
        self.replicas: dict[str, Capital] = {}
        statics = laws.dictionary.weights[:, : laws.dictionary.statics]
        shares = statics / statics.sum(axis=1, keepdims=True).clip(1e-300) * laws.features.weights[:, None]
        self._shares = shares.astype(np.float32)
        self._tilts = np.exp(laws.dictionary.tilts)
        self._at, self._off = np.exp(laws.dictionary.spike_at), np.exp(laws.dictionary.spike_off)

    def observe(self, counts: Mapping[str, Counts], seconds: float) -> None:
        """One window of `seconds`: counts [F, K] of every replica that served."""
        if len(counts) < FEWEST_REPLICAS:
            return
        pool = np.sum(list(counts.values()), axis=0)
        norm = np.log(self._denominators(pool))
        rate = self.budget.pages_per_second * ODD_REPLICA_SHARE / len(counts)
        dependence = np.nan_to_num(self.laws.features.dependence, nan=1.0)[:, None]
        for replica, own in counts.items():
            capital = self.replicas.setdefault(replica, Capital.empty(self._shares))
            capital.pay(rate * seconds, at_most=rate * SECONDS_PER_DAY)
            rows = own.astype(np.float64)
            n = rows.sum(axis=1)[:, None]
            growth = (self.laws.dictionary.growth(rows) - n * norm) / dependence
            capital.stake(growth.astype(np.float32), (n > 0) & (self._shares > 0))

    def _denominators(self, pool: Counts) -> Floats:
        """⟨p̂, g⟩ + √(2·tolerance)·sd_p̂(g) of every static account, [F, statics]; 1 for features without rows."""
        rows = pool.sum(axis=1)
        p = pool / np.maximum(rows, 1)[:, None]
        first = self._moment(p, 1)
        spread = np.sqrt(np.maximum(self._moment(p, 2) - first**2, 0))
        return np.where(rows[:, None] > 0, first + np.sqrt(2 * self.tolerance.nats) * spread, 1.0)

    def _moment(self, p: Floats, power: int) -> Floats:
        tilts = np.matmul(self._tilts**power, p[:, :, None])[:, :, 0]
        off, at = self._off**power, self._at**power
        spikes = off + p[:, None, :] * (at - off)
        return np.concatenate([tilts, spikes.reshape(len(p), -1)], axis=1)

    def log_wealth(self) -> dict[str, float]:
        """log of the wealth of each replica. A page is due when their sum reaches 1; the wealthiest is the odd one."""
        return {replica: total(capital.log_wealth()) for replica, capital in self.replicas.items()}

    def odd(self) -> tuple[str, tuple[str, ...]] | None:
        """(replica, its features by wealth) when a page is due; None otherwise."""
        wealth = self.log_wealth()
        if not wealth or np.logaddexp.reduce(list(wealth.values())) < 0:
            return None
        replica = max(wealth, key=lambda name: wealth[name])
        by_feature = self.replicas[replica].log_wealth()
        leading = [int(f) for f in np.argsort(-by_feature) if by_feature[f] >= wealth[replica] + np.log(0.1)]
        return replica, tuple(self.laws.features.names[f] for f in leading)

    def clear(self) -> None:
        """After a page: all replicas start again."""
        for capital in self.replicas.values():
            capital.clear()

    def forget(self, replica: str) -> None:
        """A replica is gone."""
        self.replicas.pop(replica, None)

    def state(self) -> list[Any]:
        """What another leader may go on from: replica, feature and capital where evidence is.

        What is left out is given up, which is valid at any time and costs periods of delay.
        """
        features = self.laws.features.names
        pairs = [
            (float(wealth), replica, f)
            for replica, capital in self.replicas.items()
            for f, wealth in enumerate(capital.log_wealth())
            if wealth >= REMEMBERED_LOG_WEALTH
        ]
        return [
            [replica, features[f], *(pack_array(getattr(self.replicas[replica], part)[f]) for part in PARTS)]
            for _, replica, f in sorted(pairs, reverse=True)[:MOST_REMEMBERED]
        ]

    def adopt(self, state: list[Any]) -> None:
        """Go on from the `state` of a book with the same laws and budget, with nothing else."""
        self.replicas.clear()
        names = list(self.laws.features.names)
        for replica, feature, *parts in state:
            capital = self.replicas.setdefault(replica, Capital.empty(self._shares))
            for part, packed in zip(PARTS, parts, strict=True):
                own = getattr(capital, part).copy()
                own[names.index(feature)] = unpack_array(packed, np.float32)
                setattr(capital, part, own)
