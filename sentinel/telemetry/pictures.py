"""Windows as pictures: counts against the reference in a dozen bins that a person reads. Pure, numpy only.

Reference bins hold equal shares of the reference, which makes every healthy histogram a flat line. For the eye a
numeric feature is drawn in bins of equal width between its 1 % and 99 % quantile; a fine cell that straddles two of
them is divided in proportion. The histogram metric of a prediction takes its bounds from fine cells instead, so that
its counts are exact (cells are half-open: a value equal to a bound counts above it).
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sentinel.judge.verdict import Verdict
from sentinel.reference.frozen import CATEGORICAL_TAIL, PROBABILITIES, CategoricalTable, FrozenReference
from sentinel.reference.schema import FeatureSpec
from sentinel.telemetry.view import MOST_FEATURES, FeaturePicture
from sentinel.windows.closed import ClosedWindow

Array = NDArray[np.float64]

DRAWN_BINS = 16
DRAWN_CATEGORIES = 10
METRIC_BOUNDS = 12
_LOW, _HIGH = PROBABILITIES.index(0.01), PROBABILITIES.index(0.99)
_MISSING, _WRONG_TYPE = -2, -1  # the last cells of both tables


def pictures(reference: FrozenReference, closed: ClosedWindow, verdict: Verdict) -> list[FeaturePicture]:
    """One picture per counted feature; bins for those that the page may show, the features of the verdict first."""
    if closed.rows == 0 or closed.reference_id != reference.fingerprint:
        return []
    drawn = _drawn(reference, verdict)
    numeric = [_numeric(reference, closed, i, name in drawn) for i, name in enumerate(reference.numeric.names)]
    table = reference.categorical
    return numeric + [_categorical(reference, closed, i, name in drawn) for i, name in enumerate(table.names)]


def _drawn(reference: FrozenReference, verdict: Verdict) -> set[str]:
    names = dict.fromkeys([*(finding.feature for finding in verdict.findings), *reference.names])
    return set(list(names)[:MOST_FEATURES])


def _numeric(reference: FrozenReference, closed: ClosedWindow, i: int, drawn: bool) -> FeaturePicture:
    table, counts = reference.numeric, closed.features.numeric[i]
    spec, bins = reference.specs[table.names[i]], int(table.bins[i])
    rows = max(int(counts.sum()), 1)
    problems = {
        "missing": counts[_MISSING] / rows,
        "wrong_type": counts[_WRONG_TYPE] / rows,
        "out_of_range": (counts[0] + counts[bins + 1]) / rows,
    }
    if not drawn:
        return _bare(spec, problems)
    edges = table.edges[i, : bins + 1]
    grid = np.linspace(table.quantiles[i, _LOW], table.quantiles[i, _HIGH], DRAWN_BINS + 1)
    bounds, binned = _metric_bins(edges, counts[: bins + 2]) if spec.role == "prediction" else ((), ())
    return FeaturePicture(
        feature=spec.name,
        role=spec.role,
        kind=spec.kind,
        problems=_plain(problems),
        bins=[f"{low:.3g} … {high:.3g}" for low, high in pairwise(grid)],
        reference=_shares(_regrid(edges, table.counts[i, : bins + 2], grid)),
        window=_shares(_regrid(edges, counts[: bins + 2], grid)),
        counts=binned,
        edges=bounds,
    )


def _regrid(edges: Array, cells: NDArray[np.int64], grid: Array) -> Array:
    """Rows per bin of `grid` from fine cells (below, bins between `edges`, above); the ends take what lies beyond."""
    reached = np.cumsum(cells)[:-1].astype(float)  # rows below each edge
    at = np.interp(grid[1:-1], edges, reached)
    return np.diff(np.concatenate([[0.0], at, [float(cells.sum())]]))


def _metric_bins(edges: Array, cells: NDArray[np.int64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """About a dozen bounds among the fine edges, with the rows between them."""
    chosen = np.linspace(0, len(edges) - 1, min(METRIC_BOUNDS, len(edges))).astype(int)  # strictly ascending
    reached = np.cumsum(cells)
    at = np.concatenate([[0], reached[chosen], [reached[-1]]])
    return tuple(map(float, edges[chosen])), tuple(map(float, np.diff(at)))


def _categorical(reference: FrozenReference, closed: ClosedWindow, i: int, drawn: bool) -> FeaturePicture:
    table, counts = reference.categorical, closed.features.categorical[i]
    spec, rows = reference.specs[table.names[i]], max(int(counts.sum()), 1)
    new = counts[-CATEGORICAL_TAIL + 1]
    problems = {
        "missing": counts[_MISSING] / rows,
        "wrong_type": counts[_WRONG_TYPE] / rows,
        "new_category": new / rows,
    }
    if not drawn:
        return _bare(spec, problems)
    return FeaturePicture(
        feature=spec.name,
        role=spec.role,
        kind=spec.kind,
        problems=_plain(problems),
        bins=[*table.categories[i][:DRAWN_CATEGORIES], "other", "new"],
        reference=_shares(_by_category(table, i, table.counts[i])),
        window=_shares(_by_category(table, i, counts)),
    )


def _by_category(table: CategoricalTable, i: int, counts: NDArray[np.int64]) -> Array:
    """Rows of the first categories, of all others, and of new ones."""
    known, tail = len(table.categories[i]), len(counts) - CATEGORICAL_TAIL
    shown = min(known, DRAWN_CATEGORIES)
    return np.array([*counts[:shown], counts[shown:known].sum() + counts[tail], counts[tail + 1]], dtype=float)


def _bare(spec: FeatureSpec, problems: dict[str, float]) -> FeaturePicture:
    return FeaturePicture(spec.name, spec.role, spec.kind, problems=_plain(problems))


def _plain(problems: dict[str, float]) -> dict[str, float]:
    return {problem: float(share) for problem, share in problems.items()}


def _shares(rows: Iterable[float]) -> tuple[float, ...]:
    values = list(rows)
    total = sum(values) or 1.0
    return tuple(float(value / total) for value in values)
