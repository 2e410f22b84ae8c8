"""Quality before labels come: an estimate from scores alone. Pure.

Confidence-based performance estimation (CBPE), as NannyML does it (Kivimäki, Białek, Nurminen & Kuberski 2024,
"Confidence-based estimators for predictive performance in model monitoring", arXiv 2407.08649): a calibrated
probability is the chance that a row is of a class, so probabilities add up to an expected table of predicted and true
classes, and that says accuracy, precision, recall, F1 and the area under the ROC curve. It is right as long as the
probabilities are: truths may not have changed their meaning, and rows may not lie where the reference had none.

Intervals: a bootstrap over both sources of doubt. Truths are drawn from the probabilities (rows of similar scores
together), and the calibration as another reference of the same size might have given it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentinel.labels import confusion
from sentinel.labels.calibration import Calibration
from sentinel.labels.intervals import SEED, Floats, around
from sentinel.labels.values import Answered, Quality

DRAWS = 200
GROUPS = 40
"""Groups of similar scores for each predicted class."""
METRICS = ("accuracy", "precision", "recall", "f1", "roc_auc")


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Rows as arrays. scores: [n, classes], or confidences [n, 1]; predicted: [n] place among the classes."""

    scores: Floats
    predicted: NDArray[np.intp]


def estimated(calibration: Calibration, rows: Sequence[Answered]) -> tuple[Quality, ...]:
    """The estimate for rows with scores of the calibration's classes; nothing where there is none."""
    return qualities(calibration, scored(calibration.classes, rows))


def scored(classes: Sequence[str], rows: Sequence[Answered]) -> Scored:
    """The rows that have a score of each class, or, for no classes, of the predicted one."""
    place = {name: at for at, name in enumerate(classes)}
    if not classes:
        sure = [[row.scores[row.predicted or ""]] for row in rows if row.predicted in row.scores]
        return Scored(np.array(sure, dtype=np.float64).reshape(-1, 1), np.zeros(len(sure), dtype=np.intp))
    told = [row for row in rows if row.predicted in place and place.keys() <= row.scores.keys()]
    scores = np.array([[row.scores[name] for name in classes] for row in told], dtype=np.float64)
    predicted = np.array([place[row.predicted or ""] for row in told], dtype=np.intp)
    return Scored(scores.reshape(-1, len(classes)), predicted)


def qualities(calibration: Calibration, rows: Scored) -> tuple[Quality, ...]:
    """All measures with their intervals."""
    if not len(rows.scores):
        return ()
    exact = _measures(calibration, calibration.probabilities(rows.scores), rows.scores, rows.predicted)
    groups = _grouped(rows)
    rng = np.random.default_rng(SEED)
    draws = [_drawn(calibration, groups, rng) for _ in range(DRAWS)]
    return tuple(
        Quality(name, value, *_within(around(value, np.array([draw[name] for draw in draws]))))
        for name, value in exact.items()
    )


def _measures(
    calibration: Calibration, truths: Floats, scores: Floats, predicted: NDArray[np.intp]
) -> dict[str, float]:
    """Measures of rows (or groups of them) with expected or drawn numbers of truths [n, classes]."""
    if not calibration.classes:
        return {"accuracy": float(truths[:, 0].mean())}
    width = len(calibration.classes)
    table = np.zeros((width, width))
    np.add.at(table.T, predicted, truths)
    found = {"accuracy": float(confusion.accuracy(table))}
    for name, measure in confusion.BY_CLASS.items():
        found[name] = float(confusion.macro(measure(table), table))
    chosen = range(1, 2) if width == 2 else range(width)
    areas = [expected_area(scores[:, at], truths[:, at], truths.sum(axis=1)) for at in chosen]
    return found | {"roc_auc": float(np.mean(areas))}


def expected_area(scores: Floats, positive: Floats, rows: Floats) -> float:
    """Area under the ROC curve of rows that are positive in part; equal scores count half, no row against itself."""
    order = np.argsort(scores, kind="stable")
    ordered, up, down = scores[order], positive[order], (rows - positive)[order]
    below = np.concatenate([[0.0], np.cumsum(down)])
    first = np.searchsorted(ordered, ordered, side="left")
    last = np.searchsorted(ordered, ordered, side="right")
    itself = float((up * down).sum()) if float(rows.max()) <= 1 else 0.0
    won = float((up * (below[first] + below[last])).sum()) / 2 - itself / 2
    pairs = float(up.sum() * down.sum()) - itself
    return won / pairs if pairs > 0 else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Rows gathered by predicted class and score: mean scores [G, classes], predicted [G], rows [G]."""

    scores: Floats
    predicted: NDArray[np.intp]
    rows: NDArray[np.int64]


def _grouped(rows: Scored) -> _Groups:
    width = rows.scores.shape[1]
    key = rows.scores[:, -1] if width <= 2 else rows.scores[np.arange(len(rows.scores)), rows.predicted]
    ranks = np.empty(len(key), dtype=np.intp)
    ranks[np.argsort(key, kind="stable")] = np.arange(len(key))
    cells = rows.predicted * GROUPS + ranks * GROUPS // len(key)
    counts = np.bincount(cells, minlength=width * GROUPS)
    used = np.flatnonzero(counts)
    sums = [np.bincount(cells, weights=rows.scores[:, at], minlength=width * GROUPS)[used] for at in range(width)]
    return _Groups(np.stack(sums, axis=1) / counts[used][:, None], used // GROUPS, counts[used])


def _drawn(calibration: Calibration, groups: _Groups, rng: np.random.Generator) -> dict[str, float]:
    """Measures of one draw of the calibration and of the truths."""
    shaken = calibration.shaken(rng).probabilities(groups.scores)
    if not calibration.classes:
        right = rng.binomial(groups.rows, np.clip(shaken[:, 0], 0, 1))
        return {"accuracy": float(right.sum() / groups.rows.sum())}
    truths = rng.multinomial(groups.rows, shaken / shaken.sum(axis=1, keepdims=True)).astype(np.float64)
    return _measures(calibration, truths, groups.scores, groups.predicted)


def _within(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = interval
    return (max(0.0, low), min(1.0, high)) if low == low else interval
