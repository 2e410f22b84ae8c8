"""The scores of a feature in a window: distances with their range and direction; never a decision. Pure.

All distances compare values that are present; missing and wrong ones have their own share. PSI, Jensen-Shannon and
Hellinger of numeric features use the coarse cells (about ten quantile bins, where the usual thresholds are meant);
KS and Wasserstein use the fine ones. Categorical features are compared on all categories with a cell of
their own and one cell for the others, new ones with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sentinel.drift import distances
from sentinel.drift.words import categorical_changes, numeric_changes
from sentinel.reference.binning import CLIP
from sentinel.reference.frozen import Counts, Floats, FrozenReference, NumericTable
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.counts import FeatureCounts
from sentinel.windows.quantiles import borders

JOINT = "__joint__"
"""Name under which the joint law of the numeric inputs is scored, where the reference sketches it."""


@dataclass(frozen=True, slots=True)
class FeatureScores:
    """distances: method (psi, jensen_shannon, ks, wasserstein, chi2, total_variation …) -> value; larger is farther.

    rows: rows of the feature, missing and wrong ones too; with none present there are no distances.
    missing_ratio: share of rows missing or of the wrong type.
    change: direction and size in the operator's words, such as "mean +0.31 sd".
    """

    feature: str
    role: str
    rows: int
    missing_ratio: float
    distances: Mapping[str, float]
    change: str


def score(reference: FrozenReference, closed: ClosedWindow) -> Mapping[str, FeatureScores]:
    """Scores by feature, numeric features first; `JOINT` last, where the reference sketches the joint law.

    ValueError when the window was counted against another reference. A window of no rows has no scores.
    """
    if closed.reference_id != reference.fingerprint:
        raise ValueError(
            f"the window was counted against reference {closed.reference_id[:12] or 'none'}, not {reference.name} "
            f"{reference.version} ({reference.fingerprint[:12]}); score it with its own"
        )
    if not closed.rows:
        return {}
    counts, found = closed.features, _joint(reference, closed.features)
    if reference.categorical.names:
        found = (
            _table(reference, reference.categorical.names, counts.categorical, _categorical(reference, counts)) | found
        )
    if reference.numeric.names:
        found = _table(reference, reference.numeric.names, counts.numeric, _numeric(reference, counts)) | found
    return found


def _joint(reference: FrozenReference, counts: FeatureCounts) -> dict[str, FeatureScores]:
    known, seen = reference.joint, counts.joint
    if known is None or seen is None or min(known.rows, seen.rows) < 2:
        return {}
    mmd = known.distance(seen)
    change = f"joint law of the numeric inputs moved by {mmd:.3f}"
    return {JOINT: FeatureScores(JOINT, "input", seen.rows, 0.0, {"mmd": mmd}, change)}


def _table(
    reference: FrozenReference, names: tuple[str, ...], counts: Counts, found: tuple[Mapping[str, Floats], list[str]]
) -> dict[str, FeatureScores]:
    by_method, changes = found
    rows = counts.sum(axis=1).tolist()
    absent = counts[:, -2:].sum(axis=1).tolist()
    columns = zip(*(values.tolist() for values in by_method.values()), strict=True)
    table = {}
    for name, n, gone, values, change in zip(names, rows, absent, columns, changes, strict=True):
        table[name] = FeatureScores(
            feature=name,
            role=reference.specs[name].role,
            rows=n,
            missing_ratio=gone / n if n else 0.0,
            distances=dict(zip(by_method, values, strict=True)) if n > gone else {},
            change=change,
        )
    return table


def _numeric(reference: FrozenReference, counts: FeatureCounts) -> tuple[dict[str, Floats], list[str]]:
    table = reference.numeric
    book = reference.numeric_cells
    used = np.arange(book.shape[1]) < (reference.book.cells[: len(book)] - 1)[:, None]
    coarse = reference.coarse_numeric(counts.numeric)
    p, q = distances.shares(book * used), distances.shares(coarse * used)
    fine_p, fine_q = distances.shares(table.counts[:, :-2]), distances.shares(counts.numeric[:, :-2])
    return {
        "psi": distances.psi(book, coarse, used),
        "jensen_shannon": distances.jensen_shannon(p, q),
        "ks": distances.ks(fine_p, fine_q),
        "wasserstein": distances.wasserstein(fine_p, fine_q, *_positions(table, counts.extremes)),
        "hellinger": distances.hellinger(p, q),
    }, numeric_changes(reference, counts)


def _positions(table: NumericTable, extremes: Floats) -> tuple[Floats, Floats]:
    """Ends [F, K + 1] and centres [F, K] of the ordered cells, in reference deviations from the median, winsorised."""
    ends = _standardised(table, borders(table, extremes))
    centres = (ends[:, :-1] + ends[:, 1:]) / 2
    bins = np.arange(table.means.shape[1]) < table.bins[:, None]
    centres[:, 1:-1][bins] = _standardised(table, table.means)[bins]
    return ends, centres


def _standardised(table: NumericTable, values: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return np.clip((values - table.centre[:, None]) / table.scale[:, None], -CLIP, CLIP)


def _categorical(reference: FrozenReference, counts: FeatureCounts) -> tuple[dict[str, Floats], list[str]]:
    known = np.array([len(names) for names in reference.categorical.categories], dtype=np.intp)
    before, after = _with_new_as_other(reference.categorical.counts), _with_new_as_other(counts.categorical)
    used = np.arange(before.shape[1]) < known[:, None]
    used[:, -1] = True
    p, q = distances.shares(before), distances.shares(after)
    return {
        "chi2": distances.chi2(before, after),
        "total_variation": distances.total_variation(p, q),
        "psi": distances.psi(before, after, used),
        "jensen_shannon": distances.jensen_shannon(p, q),
        "l_infinity": distances.largest_change(p, q),
    }, categorical_changes(reference, counts)


def _with_new_as_other(counts: Counts) -> Counts:
    """Cells of present values, new categories counted as other."""
    cells = counts[:, :-3].copy()
    cells[:, -1] += counts[:, -3]
    return cells
