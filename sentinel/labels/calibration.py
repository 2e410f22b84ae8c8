"""Scores to probabilities: isotonic maps, fitted on the reference, where truths are known. Pure.

Isotonic regression by pool-adjacent-violators (Ayer et al. 1955; as calibration: Zadrozny & Elkan 2002, "Transforming
classifier scores into accurate multiclass probability estimates", KDD). Scores are first gathered into at most
`MOST_GROUPS` groups of equal size, equal scores together; between two blocks the map is a straight line.

Two classes have one map, of the last class. More have one each, against the rest, and are made to sum to 1. An answer
that tells only how sure it is has one map: confidence -> chance of being right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentinel.labels.intervals import Floats

MOST_GROUPS = 400
"""Groups of a map before pooling: fine enough for any monotone curve, and 250 rows each of 100,000."""
TINY = 1e-12
"""A row of probabilities that sums to less than this says nothing; then all classes are as likely."""


@dataclass(frozen=True, slots=True, eq=False)
class IsotonicMap:
    """x [B]: mean score of each block, ascending. y [B]: share of hits in it. rows [B]: of the reference."""

    x: Floats
    y: Floats
    rows: Floats

    def __call__(self, scores: Floats) -> Floats:
        return np.interp(scores, self.x, self.y)

    def shaken(self, rng: np.random.Generator) -> "IsotonicMap":
        """A map that another reference of the same law might have given: each share drawn anew.

        From the posterior of a share under a flat prior, so that a block of hits alone is not taken for certain.
        """
        drawn = rng.beta(self.y * self.rows + 1, (1 - self.y) * self.rows + 1)
        return IsotonicMap(self.x, np.maximum.accumulate(drawn), self.rows)


def fitted(scores: Floats, hits: NDArray[Any]) -> IsotonicMap:
    """The map of scores [n] to the chance of a hit. ValueError without rows."""
    if not len(scores):
        raise ValueError("a calibration needs rows with a score and a truth")
    x, y, rows = _groups(scores, hits.astype(np.float64))
    blocks: list[list[float]] = []  # mean score, mean hit, rows
    for block in zip(x, y, rows, strict=True):
        blocks.append(list(block))
        while len(blocks) > 1 and blocks[-2][1] >= blocks[-1][1]:
            last, before = blocks.pop(), blocks.pop()
            n = last[2] + before[2]
            blocks.append([(last[i] * last[2] + before[i] * before[2]) / n for i in (0, 1)] + [n])
    columns = np.array(blocks).T
    return IsotonicMap(columns[0], columns[1], columns[2])


def _groups(scores: Floats, hits: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean score, mean hit and rows of neighbouring scores."""
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    cuts = np.linspace(0, len(scores), min(MOST_GROUPS, len(scores)), endpoint=False).astype(int)
    first = np.searchsorted(ordered, ordered[cuts], side="left")  # equal scores stay together
    starts = first[np.concatenate([[True], np.diff(first) > 0])]
    rows = np.diff(np.append(starts, len(scores))).astype(np.float64)
    return np.add.reduceat(ordered, starts) / rows, np.add.reduceat(hits[order], starts) / rows, rows


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """classes: in the order of the columns of `probabilities`, () where only a confidence is known."""

    classes: tuple[str, ...]
    maps: tuple[IsotonicMap, ...]

    def probabilities(self, scores: Floats) -> Floats:
        """Calibrated [n, classes] of scores [n, classes]; of confidences [n, 1], the chance of being right."""
        if not self.classes:
            return self.maps[0](scores[:, 0]).reshape(-1, 1)
        if len(self.classes) == 2:
            positive = self.maps[0](scores[:, 1])
            return np.stack([1 - positive, positive], axis=1)
        raw = np.stack([own(scores[:, at]) for at, own in enumerate(self.maps)], axis=1)
        total = raw.sum(axis=1, keepdims=True)
        even = np.full_like(raw, 1 / raw.shape[1])
        return np.asarray(np.divide(raw, total, out=even, where=total > TINY))

    def shaken(self, rng: np.random.Generator) -> "Calibration":
        return Calibration(self.classes, tuple(own.shaken(rng) for own in self.maps))


def calibrated(scores: Floats, truths: Sequence[str], classes: Sequence[str]) -> Calibration:
    """From scores [n, classes] and the true class of each row."""
    actual = np.array(truths, dtype=object)
    chosen = classes[1:] if len(classes) == 2 else classes
    maps = (fitted(scores[:, list(classes).index(name)], actual == name) for name in chosen)
    return Calibration(tuple(classes), tuple(maps))
