"""Where drift is: in which segment of the traffic, or in the mix of segments. Pure; words, never decisions.

The change of a feature's shares splits exactly (Kitagawa 1955, Oaxaca-Blinder):

    q − p  =  Σ_v q(v)·[q(·|v) − p(·|v)]   +   Σ_v [q(v) − p(v)]·p(·|v)
              within segment v                 mix

Each term's part is its projection on the whole change in the metric 1/p of the reference, so that parts add up to 1. A
mix that changes moves a feature although no segment changed (Simpson 1951): then the mix has nearly all of it.

Which segment changed is told by how far each is from its own reference, ½Σ(q_v − p_v)²/p_v less what chance gives,
weighted by its rows: terms of the sum above can cancel each other, these cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sentinel.drift.distances import shares
from sentinel.reference.frozen import Counts, Floats, FrozenReference
from sentinel.reference.segments import Segments
from sentinel.windows.segmented import SegmentCounts

LEAST_ROWS = 200
"""Rows of a column's segments from which something is said."""
MOST_OF_IT = 0.5
"""Part of a change that is worth naming."""
BEYOND_ITS_SHARE = 0.2
"""A segment has the drift in it if its part exceeds its share of the rows by so much."""
ROOM = 1e-3
"""Share that empty cells of the reference are taken to have, so that no cell weighs without bound."""


@dataclass(frozen=True, slots=True)
class Origin:
    """How the change of a feature splits over the segments of a column.

    mix: part that the mix of them has. within: [S + 1] parts of the segments. own: [S + 1] shares of each of them in
    what changed within any of them. known, seen: [S + 1] shares of rows.
    """

    column: str
    names: tuple[str, ...]
    mix: float
    within: tuple[float, ...]
    own: tuple[float, ...]
    known: tuple[float, ...]
    seen: tuple[float, ...]

    def words(self) -> str:
        """Where the change is, "" where no place has most of it."""
        top = int(np.argmax(self.own))
        if self.mix >= MOST_OF_IT:
            moved = int(np.argmax(np.abs(np.subtract(self.seen, self.known))))
            change = f"{self.column}={self.names[moved]} {self.known[moved]:.0%} → {self.seen[moved]:.0%} of rows"
            return f"{min(self.mix, 1):.0%} of it is a change of mix, {change}"
        if self.own[top] >= max(MOST_OF_IT, self.seen[top] + BEYOND_ITS_SHARE):
            return f"{self.own[top]:.0%} of it is in {self.column}={self.names[top]}, {self.seen[top]:.0%} of rows"
        return ""


def origins(reference: FrozenReference, seen: SegmentCounts, feature: str) -> list[Origin]:
    """How the change of a feature splits, by each column of segments but the feature itself."""
    if feature not in reference.names:
        return []
    at = reference.names.index(feature)
    found = (
        _origin(segments, seen.counts[segments.column], at)
        for segments in reference.segments
        if segments.column in seen.counts and segments.column != feature
    )
    return [origin for origin in found if origin is not None]


def mix(reference: FrozenReference, seen: SegmentCounts) -> dict[tuple[str, str], float]:
    """Share of the rows that each segment has: (column, value) -> share; empty without rows."""
    found: dict[tuple[str, str], float] = {}
    for segments in reference.segments:
        rows = seen.counts[segments.column].sum(axis=2).max(axis=1) if segments.column in seen.counts else np.zeros(0)
        found |= {(segments.column, name): float(n / rows.sum()) for name, n in zip(segments.names, rows, strict=False)}
    return found


def in_words(reference: FrozenReference, seen: SegmentCounts, features: Sequence[str]) -> str:
    """Where the drift of the first of these features is, by the column that says most; "" where none does."""
    for feature in features:
        said = [origin for origin in origins(reference, seen, feature) if origin.words()]
        if said:
            best = max(said, key=lambda origin: max(origin.mix, *origin.own))
            return f"{feature}: {best.words()}"
    return ""


def _origin(segments: Segments, seen: Counts, feature: int) -> Origin | None:
    before, after = segments.counts[:, feature, :], seen[:, feature, :]
    known, now = before.sum(axis=1), after.sum(axis=1)
    if now.sum() < LEAST_ROWS or not known.sum():
        return None
    p, p_v, q_v = _law(before.sum(axis=0)), _laws(before, before.sum(axis=0)), _laws(after, before.sum(axis=0))
    weights, shares_seen = known / known.sum(), now / now.sum()
    within = shares_seen[:, None] * (q_v - p_v)
    mix = ((shares_seen - weights)[:, None] * p_v).sum(axis=0)
    change = within.sum(axis=0) + mix
    size = float(change @ (change / p))
    if not size > 0:
        return None
    parts = within @ (change / p) / size
    return Origin(
        segments.column,
        segments.names,
        float(mix @ (change / p) / size),
        tuple(parts.tolist()),
        tuple(_own(p_v, q_v, now).tolist()),
        tuple(weights.tolist()),
        tuple(shares_seen.tolist()),
    )


def _own(p_v: Floats, q_v: Floats, rows: Counts) -> Floats:
    """Shares [S + 1] of the segments in what changed within them."""
    free = (p_v > 0).sum(axis=1) - 1
    apart = ((q_v - p_v) ** 2 / np.maximum(p_v, ROOM)).sum(axis=1) / 2 - free / (2 * np.maximum(rows, 1))
    moved = rows * np.maximum(apart, 0)
    part: Floats = moved / max(moved.sum(), np.finfo(float).tiny)
    return part


def _law(counts: Counts) -> Floats:
    """Shares of cells, none of them below ROOM."""
    law: Floats = np.maximum(counts / max(1, counts.sum()), ROOM)
    return law


def _laws(counts: Counts, whole: Counts) -> Floats:
    """Shares of cells per segment; those of the whole for a segment without rows."""
    found = shares(counts)
    empty = counts.sum(axis=1) == 0
    found[empty] = whole / max(1, whole.sum())
    return found
