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
    duplicated_rows        rows that equal earlier ones, more than rows of the reference would
    one_client             most rows come from one client (where clients are told apart)

Shares count only where they rise by a notable amount and chance is excluded: windows can be small.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np
from numpy.typing import NDArray

from sentinel.drift.faults import Finding
from sentinel.features.derived import ASPECTS
from sentinel.reference.frozen import Counts, Floats, FrozenReference
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.counts import FeatureCounts
from sentinel.windows.quantiles import moments

Flags = NDArray[np.bool_]

NOTABLE_SHARE = 0.01
"""Rise of a share from which it is a finding."""
DUPLICATED_SHARE = 0.1
"""Rise of the share of duplicated rows from which it is a finding: retries and replays are a few of a hundred."""
DOMINATING_SHARE = 0.5
"""Share of one client from which it is a finding."""
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
"""Log-probability under the reference below which something is no chance: a year of minutes has 10⁶ windows."""

FAR_SHARE = 0.99
"""Share of values above the reference's range from which all are taken to be in another unit."""
FAR_FACTORS = (100, 30)
"""Lower bounds that are told of them: no drift of the world makes values so large all at once."""

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
        *_duplicated(reference, closed),
        *_dominated(closed),
    ]
    return tuple(sorted(found, key=lambda finding: -finding.share))


def _notable(after: Counts, before: Counts) -> Flags:
    """Whether shares rose by a notable amount that chance excludes. after, before: [F, 2] rows of a kind, and all rows.

    The known share is taken with one row more of the kind, so that what a reference never held may still come.
    """
    share, rows = after[:, 0] / np.maximum(after[:, 1], 1), after[:, 1]
    known = (before[:, 0] + 1) / (before[:, 1] + 2)
    risen = (share - known >= NOTABLE_SHARE) & (rows > 0)
    for index in np.flatnonzero(risen).tolist():
        risen[index] = _log_tail(share[index], int(rows[index]), known[index]) < IMPOSSIBLE
    return np.asarray(risen)


def _log_tail(share: float, rows: int, known: float) -> float:
    """Bound on the log-probability of at least this share: −rows·KL(share‖known) (Chernoff)."""
    if share <= known:
        return 0.0
    rest = (1 - share) * log((1 - share) / (1 - known)) if share < 1 else 0.0
    return -rows * (share * log(share / known) + rest)


def _of_cell(counts: Counts, rows_of_kind: NDArray[np.int64]) -> Counts:
    return np.stack([rows_of_kind, counts.sum(axis=1)], axis=1)


def _absent(names: tuple[str, ...], before: Counts, after: Counts) -> Iterator[Finding]:
    """The last two cells of a feature are missing and wrong type."""
    if not names:
        return
    expected, seen = _shares(before), _shares(after)
    lacking = _notable(_of_cell(after, after[:, -2]), _of_cell(before, before[:, -2]))
    wrong = _notable(_of_cell(after, after[:, -1]), _of_cell(before, before[:, -1]))
    for index in np.flatnonzero(lacking).tolist():
        share = float(seen[index, -2])
        lost = share >= LOST_SHARE > float(expected[index, -2])
        yield Finding("lost_field" if lost else "missing", names[index], share)
    for index in np.flatnonzero(wrong).tolist():
        yield Finding("wrong_type", names[index], float(seen[index, -1]))


def _outside(reference: FrozenReference, counts: FeatureCounts) -> Iterator[Finding]:
    table = reference.numeric
    every = np.arange(len(table.names))
    beyond = counts.numeric[:, 0] + counts.numeric[every, table.bins + 1]
    known = table.counts[:, 0] + table.counts[every, table.bins + 1]
    rows = np.maximum(counts.numeric.sum(axis=1), 1)
    for index in np.flatnonzero(_notable(_of_cell(counts.numeric, beyond), _of_cell(table.counts, known))).tolist():
        low, high = counts.extremes[index]
        least, most = table.quantiles[index, 0], table.quantiles[index, -1]
        detail = f"{low:.4g} to {high:.4g}, known {least:.4g} to {most:.4g}"
        yield Finding("out_of_range", table.names[index], float(beyond[index] / rows[index]), detail)


def _unseen(reference: FrozenReference, counts: FeatureCounts) -> Iterator[Finding]:
    """The third cell from the end is new; new categories are counted, never named."""
    table = reference.categorical
    if not table.names:
        return
    new = _notable(_of_cell(counts.categorical, counts.categorical[:, -3]), _of_cell(table.counts, table.counts[:, -3]))
    for index in np.flatnonzero(new).tolist():
        yield Finding("unseen_category", table.names[index], float(_shares(counts.categorical)[index, -3]))


def _duplicated(reference: FrozenReference, closed: ClosedWindow) -> Iterator[Finding]:
    """More rows equal earlier ones than there would be equal pairs among as many rows of the reference.

    The chance that two rows of the reference are equal is taken at its upper bound by Poisson's law (3 where none was
    found).
    """
    compared, pairs = reference.repeats
    whole = closed.whole
    if compared < LEAST_ROWS or whole.looked < LEAST_ROWS:
        return
    chance = (pairs + 3 * pairs**0.5 + 3) / (compared * (compared - 1) / 2)
    expected = min(1.0, chance * (whole.looked - 1) / 2)
    share = whole.repeated / whole.looked
    if share - expected >= DUPLICATED_SHARE and _log_tail(share, whole.looked, expected) < IMPOSSIBLE:
        yield Finding("duplicated_rows", "", share)


def _dominated(closed: ClosedWindow) -> Iterator[Finding]:
    whole = closed.whole
    if whole.told >= LEAST_ROWS and whole.largest / whole.told >= DOMINATING_SHARE:
        yield Finding("one_client", "", whole.largest / whole.told)


def _moved(reference: FrozenReference, counts: FeatureCounts) -> Iterator[Finding]:
    """Features whose law is no longer like the reference's, but like another known one."""
    before = _laws(reference, reference.numeric.counts, reference.numeric.sums)
    after = _laws(reference, counts.numeric, counts.sums)
    names = reference.numeric.names
    present = counts.numeric[:, :-2].sum(axis=1)
    share = present / np.maximum(counts.numeric.sum(axis=1), 1)
    odd = [i for i in range(len(names)) if present[i] >= LEAST_ROWS and not before[i].like(after[i])]
    for i in odd:
        if names[i].rpartition(".")[2] in ASPECTS:
            continue  # what is derived from texts and pictures has no unit
        unit = next((unit for unit, *change in UNITS if before[i].converted(*change).like(after[i])), "")
        above = counts.numeric[i, reference.numeric.bins[i] + 1] / present[i]
        if unit := unit or _far(before[i], after[i], float(above)):
            yield Finding("unit_change", names[i], float(share[i]), unit)
    for i, j in combinations(odd[:MOST_SWAPPED], 2):
        if before[i].like(after[j]) and before[j].like(after[i]):
            yield Finding("swapped", names[i], float(share[i]), names[j])


def _far(before: _Law, after: _Law, above: float) -> str:
    """Values so far out that they are winsorised, whose law is lost: their mean is at least so many times the known.

    above: share of the values above the reference's range.
    """
    if above < FAR_SHARE or before.mean <= 0:
        return ""
    return next((f"× {factor:,} or more" for factor in FAR_FACTORS if after.mean >= factor * before.mean), "")


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
