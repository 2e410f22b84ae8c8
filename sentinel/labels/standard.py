"""What the reference says of a model's quality: measures on the training rows, and the calibration of its scores. Pure.

It is the standard that realised quality is judged by, and what an estimate before labels is made with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from sentinel.labels.calibration import Calibration, IsotonicMap, calibrated, fitted
from sentinel.labels.estimate import scored
from sentinel.labels.intervals import wilson
from sentinel.labels.realised import as_number, qualities
from sentinel.labels.values import Answered, Quality

LEAST_ROWS = 100
"""Rows with a score and a truth below which nothing is calibrated."""
MOST_CLASSES = 32
ERROR_QUANTILE = 0.9
"""A number farther off than 9 of 10 were in the reference counts as wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """rows: with a truth; wrong: of these, missed. accepted_error: for numbers, else NaN. calibration: of scores."""

    rows: int
    wrong: int
    accepted_error: float
    qualities: tuple[Quality, ...]
    calibration: Calibration | None = None

    def wrong_ratio(self) -> float:
        """Upper end of the interval of the share of wrong rows: what the reference cannot rule out."""
        return wilson(self.wrong, self.rows)[1]


def standard(rows: Sequence[Answered], classes: Sequence[str] = ()) -> Standard:
    """Of rows with truths. classes: order of the classes; where not given, as their names sort.

    ValueError where no row has a truth that fits its prediction.
    """
    known = [row for row in rows if row.truth is not None]
    if not known:
        raise ValueError("no row has both a prediction and a label")
    if known[0].predicted is None:
        return _of_numbers(known)
    wrong = sum(row.predicted != row.truth for row in known)
    return Standard(len(known), wrong, nan, qualities(known), _calibration(known, classes))


def _of_numbers(rows: Sequence[Answered]) -> Standard:
    pairs = [(row.value, as_number(row.truth or "")) for row in rows]
    errors = np.sort([abs(value - truth) for value, truth in pairs if value is not None and truth is not None])
    if not len(errors):
        raise ValueError("no label is a number, as the predictions are")
    accepted = float(errors[min(len(errors) - 1, int(ERROR_QUANTILE * len(errors)))])
    return Standard(len(errors), int((errors > accepted).sum()), accepted, qualities(rows))


def _calibration(rows: Sequence[Answered], classes: Sequence[str]) -> Calibration | None:
    names = tuple(classes) or tuple(sorted({name for row in rows for name in row.scores}))
    if not 2 <= len(names) <= MOST_CLASSES:
        return None
    told = [row for row in rows if row.predicted in names and set(names) <= row.scores.keys()]
    if len(told) >= LEAST_ROWS:
        return calibrated(scored(names, told).scores, [row.truth or "" for row in told], names)
    sure = [row for row in rows if row.predicted in row.scores]
    if len(sure) < LEAST_ROWS:
        return None
    right = np.array([row.predicted == row.truth for row in sure])
    return Calibration((), (fitted(scored((), sure).scores[:, 0], right),))


def to_plain(made: Standard) -> dict[str, Any]:
    """Plain values, for the reference's file."""
    found = made.calibration
    maps = [] if found is None else [[own.x.tolist(), own.y.tolist(), own.rows.tolist()] for own in found.maps]
    return {
        "rows": made.rows,
        "wrong": made.wrong,
        "accepted_error": made.accepted_error,
        "qualities": [[q.metric, float(q.value), float(q.low), float(q.high), q.of] for q in made.qualities],
        "classes": None if found is None else list(found.classes),
        "maps": maps,
    }


def from_plain(content: dict[str, Any]) -> Standard:
    """What `to_plain` gave. KeyError, TypeError or ValueError where it does not fit together."""
    maps = tuple(IsotonicMap(*(np.array(part, dtype=np.float64) for part in own)) for own in content["maps"])
    classes = content["classes"]
    calibration = None if classes is None else Calibration(tuple(classes), maps)
    known = tuple(Quality(*given) for given in content["qualities"])
    return Standard(content["rows"], content["wrong"], content["accepted_error"], known, calibration)
