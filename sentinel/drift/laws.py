"""What is frozen with a reference: its features as the book bets on them, their laws, radii and bets.

No evidence and no time lives here; `book` has both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sentinel.drift import accounts, plugins, radius
from sentinel.drift.bets import Flags, Floats, Ints, departure, log_bet
from sentinel.drift.blocks import Counts


@dataclass(frozen=True, slots=True, eq=False)
class BinnedFeatures:
    """The features of a book, as the reference counted them.

    counts: [F, K] reference rows, padded with zeros. cells: [F] cells in use. ordered: [F] how many of them, from the
    first, are in ascending order (0: categorical). weights: [F] shares of the budget. tolerances: [F] nats.
    dependence: [F] D ≥ 1, by which the log evidence of dependent rows is divided; NaN: learn it (`dependence`).
    """

    names: tuple[str, ...]
    counts: Counts
    cells: Ints
    ordered: Ints
    weights: Floats
    tolerances: Floats
    dependence: Floats

    def take(self, chosen: Sequence[int]) -> "BinnedFeatures":
        """Some of the features."""
        rows = list(chosen)
        return BinnedFeatures(
            names=tuple(self.names[i] for i in rows),
            counts=self.counts[rows],
            cells=self.cells[rows],
            ordered=self.ordered[rows],
            weights=self.weights[rows],
            tolerances=self.tolerances[rows],
            dependence=self.dependence[rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Laws:
    """What is frozen with the reference: p0 [F, K], rows [F], δ of each kind of account in nats, the dictionary."""

    features: BinnedFeatures
    p0: Floats
    rows: Floats
    delta_plugins: Floats
    delta_tilts: Floats
    delta_spikes: Floats
    dictionary: accounts.Dictionary

    @classmethod
    def of(cls, features: BinnedFeatures, references: int = 1) -> "Laws":
        """Smooth the reference, find its radii and build the bets. A few milliseconds a feature.

        references: how many references are used in turn (seasons): they share the confidence of the radii.
        """
        number = len(features.names)
        p0 = np.zeros(features.counts.shape)
        everywhere, tilts, spikes = np.zeros(number), np.zeros(number), np.zeros(p0.shape)
        for f in range(number):
            k = int(features.cells[f])
            counts = features.counts[f, :k].astype(np.float64)
            p0[f, :k] = radius.reference_law(counts)
            radii = _radii(
                counts, p0[f, :k], int(features.ordered[f]), float(features.tolerances[f]), number * references
            )
            everywhere[f], tilts[f], spikes[f, :k] = (_delta(features.tolerances[f], epsilon) for epsilon in radii)
        rows = features.counts.sum(axis=1).astype(np.float64)
        bets = accounts.dictionary(p0, features.cells, features.ordered, tilts, spikes)
        return cls(features, p0, rows, everywhere, tilts, spikes, bets)

    def bets(self, memory: Floats, counts: Counts, dependence: Floats) -> tuple[Floats, Flags]:
        """Log growth [F, J] of all accounts over the rows in `counts` [F, K], and which accounts bet.

        memory: [F, MEMORIES, K] earlier rows, from which the plug-ins take their alternatives. dependence: [F].
        """
        rows = counts.astype(np.float64)
        static = self.dictionary.growth(rows)
        learnt, active = plugins.everywhere(memory, self.p0, self.delta_plugins, rows)
        on_one, surprised = plugins.one_cell(memory, self.p0, self.delta_spikes, rows, dependence)
        growth = np.concatenate([static, learnt, on_one], axis=1) / dependence[:, None]
        betting = np.concatenate([np.ones(static.shape, dtype=bool), active, surprised], axis=1)
        return growth, betting & (rows.sum(axis=1)[:, None] > 0)


def _delta(tolerance: float, epsilon: Any) -> Any:
    return (np.sqrt(tolerance) + np.sqrt(epsilon)) ** 2


def _radii(counts: Floats, p0: Floats, ordered: int, tolerance: float, features: int) -> tuple[float, float, Floats]:
    """ε over all directions, along the tilts, and along each cell [K], of one feature among `features`."""
    rows, miss = max(float(counts.sum()), 1.0), radius.CONFIDENCE_MISS / max(features, 1)
    cells = radius.of_cells(counts, p0, miss / (2 * len(counts)))
    everywhere = radius.formula(rows, len(counts), miss)
    along = radius.formula_along(rows, miss / accounts.TILT_DIRECTIONS)
    if features > radius.DRAWN_FEATURES:
        return radius.FALLBACK * everywhere, radius.FALLBACK * along, cells
    gap = radius.gaps(counts, p0)
    tilts = accounts.tilts(p0, ordered)
    delta = np.full(len(tilts), _delta(tolerance, along))
    usable = departure(tilts, p0) > accounts.WORTH_A_BET * delta
    if usable.any():
        bets = np.exp(log_bet(tilts[usable], p0, delta[usable]))
        along = max(along, radius.drawn_along(gap, p0, bets, miss, accounts.TILT_DIRECTIONS))
    return max(everywhere, radius.drawn(gap, p0, miss)), along, cells
