"""The counts of all features in a window, as arrays over features: what merges, travels and is scored.

Cells and the order of features are those of the reference (`sentinel.reference.frozen`); this module adds no meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.frozen import Counts, Floats, FrozenReference
from sentinel.reference.joint import JointSketch
from sentinel.windows.window import added


def _no_counts() -> Counts:
    return np.zeros((0, 0), dtype=np.int64)


def _no_extremes() -> Floats:
    return np.zeros((0, 2))


@dataclass(frozen=True, slots=True, eq=False)
class FeatureCounts:
    """Counts of a window.

    numeric: [F, W] cells; sums: [F, 2] Σu and Σu² of u = (value − centre) / scale of finite values, in units of
    `sentinel.reference.tally.SUM_UNIT`;
    extremes: [F, 2] smallest and largest value, to 7 digits of its distance from the reference median and within
    `CLIP` deviations of it (+inf, −inf where there was none).
    categorical: [C, V] cells. unexpected: rows that carried a column the reference does not know, by name (bounded).
    joint: sketch of the joint law of the numeric inputs, where the reference has one. groups: [G, CELLS] rows by
    group of inputs and cell (`sentinel.reference.groups`), likewise.
    """

    numeric: Counts = field(default_factory=_no_counts)
    sums: NDArray[np.int64] = field(default_factory=_no_counts)
    extremes: Floats = field(default_factory=_no_extremes)
    categorical: Counts = field(default_factory=_no_counts)
    unexpected: Mapping[str, int] = field(default_factory=dict)
    joint: JointSketch | None = None
    groups: Counts = field(default_factory=_no_counts)

    def __or__(self, other: "FeatureCounts") -> "FeatureCounts":
        """Add the counts of another window of the same reference."""
        extremes = np.minimum(self.extremes, other.extremes)
        np.maximum(self.extremes[:, 1], other.extremes[:, 1], out=extremes[:, 1])
        return FeatureCounts(
            numeric=self.numeric + other.numeric,
            sums=self.sums + other.sums,
            extremes=extremes,
            categorical=self.categorical + other.categorical,
            unexpected=added(self.unexpected, other.unexpected) if self.unexpected or other.unexpected else {},
            joint=self.joint | other.joint if self.joint is not None and other.joint is not None else None,
            groups=self.groups + other.groups if self.groups.size else self.groups,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FeatureCounts):
            return NotImplemented
        mine = (self.numeric, self.sums, self.extremes, self.categorical, self.groups)
        theirs = (other.numeric, other.sums, other.extremes, other.categorical, other.groups)
        same = all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))
        return same and dict(self.unexpected) == dict(other.unexpected) and self.joint == other.joint


def coarse(reference: FrozenReference, counts: FeatureCounts) -> Counts:
    """The budget book's counts [F, K] of a window, laid out like `reference.book`; rows sum to the feature's rows."""
    return reference.coarse(counts.numeric, counts.categorical)


def nothing_of(reference: FrozenReference | None) -> FeatureCounts:
    """The counts of no rows."""
    if reference is None:
        return FeatureCounts()
    features = len(reference.numeric.names)
    return FeatureCounts(
        numeric=np.zeros_like(reference.numeric.counts),
        sums=np.zeros((features, 2), dtype=np.int64),
        extremes=np.tile(np.array([np.inf, -np.inf]), (features, 1)),
        categorical=np.zeros_like(reference.categorical.counts),
        joint=None if reference.joint is None else JointSketch.nothing(),
        groups=_no_counts() if reference.groups is None else np.zeros_like(reference.groups.counts),
    )
