"""Rows that depend on each other: by how much evidence must be divided so that it does not count one thing many times.

Sessions, retries and batches make rows alike; a book that takes them for independent pages thousands of times a month.
D is the largest variance inflation of the shares of cells, of location and of scale, between neighbouring blocks of
time (so that a lasting drift inflates it once, not always): where the variance is D times that of independent rows,
dividing log evidence by D restores it. This is an estimate, not a theorem. It is learnt from the first week of windows
(`Meter`) or from recorded ones (`calibrated`), and shown.
"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np

from sentinel.drift.accounts import normal_scores, scale_scores
from sentinel.drift.bets import Floats, Ints
from sentinel.drift.blocks import Counts

BLOCK_SECONDS = (0.0, 300.0, 3600.0)
"""Blocks at least this long are compared: single windows, five minutes, an hour; dependence may outlast a window."""
WARM_UP_SECONDS = 7 * 86_400.0
"""D is learnt for a week, which has every hour of the day and day of the week, and is then held."""
FEWEST_PAIRS = 12
FEWEST_ROWS = 30
"""A cell with fewer rows in all says nothing of its variance."""
SURELY = 4.3
"""Normal deviate that an inflation must exceed before it is believed: independent rows keep D = 1."""
ASIDE = 2
"""Largest differences that are set aside: a drift in the first week steps up once and down once."""
MARGIN = 1.1
"""Factor on the inflation, for the error of its estimate."""
CAUTION = 10.0
CAUTION_PAIRS = 4
CAUTION_ENDS = 40
"""Before anything is known D is 10, as if four pairs of windows had shown it; after 40 pairs this is forgotten."""


@dataclass(slots=True, eq=False)
class Meter:
    """Sums from which D [F] follows; axis 0 is the block length.

    scores: [F, 2, K] location and scale scores of the cells. pending: [B, F, K] rows of the block being filled, since
    elapsed: [B] seconds. previous: [B, F, K] rows of the block before. rows: [B, F, K] of all blocks. pairs: [B, F]
    pairs of neighbouring blocks compared. jumps: [B, F, K + 2] summed squares of the standardised difference between
    neighbours, of the share of each cell and of the two mean scores; but for largest: [ASIDE, B, F, K + 2] the largest
    of them. learnt: [1] seconds of warm-up so far.
    """

    scores: Floats
    pending: Floats
    elapsed: Floats
    previous: Floats
    rows: Floats
    pairs: Floats
    jumps: Floats
    largest: Floats
    learnt: Floats

    @classmethod
    def of(cls, p0: Floats, cells: Ints, ordered: Ints) -> "Meter":
        features, width = p0.shape
        scores = np.zeros((features, 2, width))
        for f in range(features):
            k = int(cells[f])
            scores[f, 0, :k] = normal_scores(p0[f, :k], int(ordered[f]))
            scores[f, 1, :k] = scale_scores(p0[f, :k], scores[f, 0, :k])
        lengths = len(BLOCK_SECONDS)
        return cls(
            scores=scores,
            pending=np.zeros((lengths, features, width)),
            elapsed=np.zeros(lengths),
            previous=np.zeros((lengths, features, width)),
            rows=np.zeros((lengths, features, width)),
            pairs=np.zeros((lengths, features)),
            jumps=np.zeros((lengths, features, width + 2)),
            largest=np.zeros((ASIDE, lengths, features, width + 2)),
            learnt=np.zeros(1),
        )

    @property
    def done(self) -> bool:
        return bool(self.learnt[0] >= WARM_UP_SECONDS)

    def successor(self) -> "Meter":
        """What was learnt, without the latest blocks: a step from one version to the next is no dependence."""
        heir = deepcopy(self)
        heir.previous[:] = 0
        heir.pending[:] = 0
        return heir

    def pass_time(self, seconds: float) -> bool:
        """Close the blocks that have lasted long enough; whether D may have changed."""
        due = (self.elapsed >= np.array(BLOCK_SECONDS)) & (self.elapsed > 0)
        for i in np.flatnonzero(due):
            self._close(int(i))
        self.elapsed += seconds
        self.learnt += seconds
        return bool(due.any())

    def add(self, counts: Counts) -> None:
        """Rows of the present window."""
        self.pending += counts

    def _close(self, i: int) -> None:
        now, before = self.pending[i], self.previous[i]
        n, m = now.sum(axis=1), before.sum(axis=1)
        both = (n > 0) & (m > 0)
        jump = self._means(now) - self._means(before)
        effective = np.where(both, n * m / np.maximum(n + m, 1), 0.0)
        ranked = np.sort(np.concatenate([self.largest[:, i], [jump**2 * effective[:, None]]]), axis=0)
        self.jumps[i] += ranked[0]
        self.largest[:, i] = ranked[1:]
        self.pairs[i] += both
        self.rows[i] += now
        self.previous[i] = np.where((n > 0)[:, None], now, before)
        self.pending[i] = 0
        self.elapsed[i] = 0

    def _means(self, counts: Floats) -> Floats:
        """Share of every cell and the two mean scores, [F, K + 2]."""
        share = counts / np.maximum(counts.sum(axis=1), 1)[:, None]
        return np.concatenate([share, np.matmul(self.scores, share[:, :, None])[:, :, 0]], axis=1)

    def factor(self) -> Floats:
        """D [F], 1 where nothing speaks against independence."""
        return np.asarray(np.max([self._factor(i) for i in range(len(BLOCK_SECONDS))], axis=0))

    def _factor(self, i: int) -> Floats:
        n = np.maximum(self.rows[i].sum(axis=1), 1)[:, None]
        share = self.rows[i] / n
        squares = np.concatenate([share, np.matmul(self.scores**2, share[:, :, None])[:, :, 0]], axis=1)
        variance = squares - self._means(self.rows[i]) ** 2
        pairs = np.maximum(self.pairs[i] - ASIDE, 1)[:, None]
        rows = np.concatenate([np.minimum(share, 1 - share) * n, np.repeat(n, 2, axis=1)], axis=1)
        usable = (variance > 0) & (rows >= FEWEST_ROWS) & ((i == 0) | (pairs >= FEWEST_PAIRS))
        inflation = np.divide(self.jumps[i] / pairs, variance, out=np.ones_like(variance), where=usable)
        sure = np.where(inflation > _largest_by_chance(pairs, pairs / np.maximum(rows, 1)), MARGIN * inflation, 1.0)
        if i == 0:
            known = np.maximum(self.pairs[i] - ASIDE, 0)[:, None]
            cautious = (CAUTION * CAUTION_PAIRS + known * inflation) / (CAUTION_PAIRS + known)
            sure = np.where(known < CAUTION_ENDS, cautious, sure)
        return np.asarray(np.maximum(sure.max(axis=1), 1.0))


def _largest_by_chance(pairs: Floats, sparseness: Floats) -> Floats:
    """Mean of `pairs` squared differences of neighbours that independent rows hardly ever exceed (Wilson–Hilferty).

    sparseness: 1 / rows per block in a cell, which adds kurtosis. Neighbouring differences share a block: three
    halves of the variance of independent squares.
    """
    spread = (3 + sparseness) / (9 * pairs)
    return np.asarray((1 - spread + SURELY * np.sqrt(spread)) ** 3)
