"""What is wrong with the data of a window, as findings: explanations, never decisions. Pure.

Read from the counts that every window has; no row is looked at again. A finding names the feature, the kind of fault
and the share of rows it concerns. Kinds:

    missing, wrong_type    more rows than in the reference have no value, or one of another type
    lost_field, new_field  a feature that (nearly) every row lacks; a column that the reference does not know
    out_of_range           numbers outside the reference's extremes
    unseen_category        categories that the reference does not have
    unit_change            values of another unit: × or ÷ 10, 100, 1,000, °C and °F; the shape is as before
    swapped                two features that each look like the other's reference
    stuck                  one value in all rows, where the reference makes that (all but) impossible
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.frozen import Counts, Floats, FrozenReference
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.counts import FeatureCounts
from sentinel.windows.quantiles import moments

Flags = NDArray[np.bool_]

NOTABLE_SHARE = 0.01
"""Rise of a share from which it is a finding."""
LOST_SHARE = 0.999
"""A feature that so many rows lack is a field that is gone."""
LEAST_ROWS = 30
"""Present rows from which moments say something."""
SAME_MEAN, SAME_SPREAD = 0.5, 1.25
"""A law is like another if its mean is within half a deviation and its deviation within a quarter."""
RESOLUTION = 0.005
"""Deviation, in reference deviations, that sums in single precision resolve."""
MOST_SWAPPED = 40
"""Features that are compared in pairs."""
IMPOSSIBLE = log(1e-9)
"""Log-probability under the reference below which one value in all rows is no chance."""

UNITS = (
    ("× 10", 10.0, 0.0),
    ("÷ 10", 0.1, 0.0),
    ("× 100", 100.0, 0.0),
    ("÷ 100", 0.01, 0.0),
    ("× 1,000", 1000.0, 0.0),
    ("÷ 1,000", 0.001, 0.0),
    ("°C as °F", 1.8, 32.0),
    ("°F as °C", 1 / 1.8, -32 / 1.8),
)
"""Name, factor and offset."""


@dataclass(frozen=True, slots=True)
class Finding:
    """share: of the window's rows of this feature, 0 to 1."""

    kind: str
    feature: str
    share: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Law:
    """Mean and deviation of a feature, in its own units; below `resolution` a deviation cannot be told from 0."""

    mean: float
    spread: float
    resolution: float

    def like(self, other: "_Law") -> bool:
        """Whether the two are alike; by this one's deviation."""
        if not self.spread > 0:
            return False
        tiny = max(self.spread, other.spread) < self.resolution
        alike = tiny or 1 / SAME_SPREAD <= other.spread / self.spread <= SAME_SPREAD
        return alike and abs(other.mean - self.mean) <= SAME_MEAN * self.spread

    def converted(self, factor: float, offset: float) -> "_Law":
        return _Law(self.mean * factor + offset, self.spread * factor, self.resolution)


def findings(reference: FrozenReference, closed: ClosedWindow) -> tuple[Finding, ...]:
    """All findings of a window, worst share first. Features of which no row came have none."""
    counts = closed.features
    if not counts.numeric.size and not counts.categorical.size:
        return ()
    found = [
        *_absent(reference.numeric.names, reference.numeric.counts, counts.numeric),
        *_absent(reference.categorical.names, reference.categorical.counts, counts.categorical),
        *_outside(reference, counts),
        *_unseen(reference, counts),
        *_moved(reference, counts),
        *_stuck(reference.numeric.names, reference.numeric.counts, counts.numeric, _one_number(counts)),
        *_stuck(reference.categorical.names, reference.categorical.counts, counts.categorical, _one_text(counts)),
        *(Finding("new_field", name, rows / max(1, closed.rows)) for name, rows in counts.unexpected.items()),
    ]
    return tuple(sorted(found, key=lambda finding: -finding.share))


def _absent(names: tuple[str, ...], before: Counts, after: Counts) -> Iterator[Finding]:
    """The last two cells of a feature are missing and wrong type."""
    expected, seen = _shares(before), _shares(after)
    for index, name in enumerate(names):
        lacking = float(seen[index, -2])
        if lacking >= LOST_SHARE > float(expected[index, -2]):
            yield Finding("lost_field", name, lacking)
        elif lacking - expected[index, -2] >= NOTABLE_SHARE:
            yield Finding("missing", name, lacking)
        if seen[index, -1] - expected[index, -1] >= NOTABLE_SHARE:
            yield Finding("wrong_type", name, float(seen[index, -1]))


def _outside(reference: FrozenReference, counts: FeatureCounts) -> Iterator[Finding]:
    table = reference.numeric
    shares = _shares(counts.numeric)
    for index, name in enumerate(table.names):
        beyond = float(shares[index, 0] + shares[index, table.bins[index] + 1])
        if beyond >= NOTABLE_SHARE:
            low, high = counts.extremes[index]
            least, most = table.quantiles[index, 0], table.quantiles[index, -1]
            yield Finding("out_of_range", name, beyond, f"{low:.4g} to {high:.4g}, known {least:.4g} to {most:.4g}")


def _unseen(reference: FrozenReference, counts: FeatureCounts) -> Iterator[Finding]:
    """The third cell from the end is new; new categories are counted, never named."""
    shares = _shares(counts.categorical)
    for index, name in enumerate(reference.categorical.names):
        if shares[index, -3] >= NOTABLE_SHARE:
            yield Finding("unseen_category", name, float(shares[index, -3]))


def _moved(reference: FrozenReference, counts: FeatureCounts) -> Iterator[Finding]:
    """Features whose law is no longer like the reference's, but like another known one."""
    before = _laws(reference, reference.numeric.counts, reference.numeric.sums)
    after = _laws(reference, counts.numeric, counts.sums)
    names = reference.numeric.names
    present = counts.numeric[:, :-2].sum(axis=1)
    share = present / np.maximum(counts.numeric.sum(axis=1), 1)
    odd = [i for i in range(len(names)) if present[i] >= LEAST_ROWS and not before[i].like(after[i])]
    for i in odd:
        unit = next((unit for unit, *change in UNITS if before[i].converted(*change).like(after[i])), "")
        if unit:
            yield Finding("unit_change", names[i], float(share[i]), unit)
    for i, j in combinations(odd[:MOST_SWAPPED], 2):
        if before[i].like(after[j]) and before[j].like(after[i]):
            yield Finding("swapped", names[i], float(share[i]), names[j])


def _laws(reference: FrozenReference, counts: Counts, sums: Counts) -> list[_Law]:
    means, spreads = moments(counts, sums)
    centre, scale = reference.numeric.centre, reference.numeric.scale
    told = zip(
        (centre + means * scale).tolist(), (spreads * scale).tolist(), (RESOLUTION * scale).tolist(), strict=True
    )
    return [_Law(*law) for law in told]


def _stuck(names: tuple[str, ...], before: Counts, after: Counts, same: Flags) -> Iterator[Finding]:
    """All present rows have one value, and the reference gives no value more than the share p: that is p^rows."""
    for index in np.flatnonzero(same).tolist():
        known = before[index, :-2]
        rows, total = int(after[index, :-2].sum()), int(known.sum())
        if total and rows * log(int(known.max()) / total) < IMPOSSIBLE:
            yield Finding("stuck", names[index], rows / int(after[index].sum()))


def _one_number(counts: FeatureCounts) -> Flags:
    return np.asarray(counts.extremes[:, 0] == counts.extremes[:, 1])


def _one_text(counts: FeatureCounts) -> Flags:
    """One category; several may share the cells of other and new."""
    return np.asarray((counts.categorical[:, :-4] > 0).sum(axis=1) + 2 * counts.categorical[:, -4:-2].any(axis=1) == 1)


def _shares(counts: Counts) -> Floats:
    shares: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares
