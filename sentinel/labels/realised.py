"""Realised quality: predictions beside their truths, as measures with 95 % intervals. Pure.

classes     accuracy, precision, recall, f1 (macro over classes, and of the most frequent classes each), roc_auc,
            log_loss, calibration_error
numbers     mae, rmse

Measures agree with scikit-learn's of the same name. roc_auc of more than two classes is the mean over one class against
the rest (`multi_class="ovr"`, `average="macro"`); log_loss in nats, probabilities clipped to the smallest normal step
from 0 and 1. calibration_error is the expected calibration error of Guo et al. (2017, "On calibration of modern neural
networks", ICML) over 15 bins of equal width of the probability of the predicted class.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import isfinite, sqrt

import numpy as np
from numpy.typing import NDArray

from sentinel.labels import confusion, intervals
from sentinel.labels.intervals import Floats
from sentinel.labels.values import Answered, Quality

Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

CLASSES_SHOWN = 10
"""Classes with measures of their own, the most frequent; all count in the macro means."""
MOST_CLASSES = 40
"""Classes told apart; the rarest beyond them share `OTHER`: 400 draws of their table take 5 MB."""
OTHER = "__other__"
CALIBRATION_BINS = 15
SMALLEST = float(np.finfo(np.float64).eps)
CLASS_METRICS = ("accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "calibration_error")
NUMBER_METRICS = ("mae", "rmse")
METRICS = CLASS_METRICS + NUMBER_METRICS
LOWER_IS_BETTER = ("log_loss", "calibration_error", "mae", "rmse")


def missed(predicted: str | None, value: float | None, truth: str, most_error: float | None = None) -> bool | None:
    """Whether a prediction missed its truth: another class, or a number farther off than `most_error`.

    None where that cannot be said: a truth that is no number, or no such limit.
    """
    if predicted is not None:
        return predicted != truth
    actual = as_number(truth)
    if value is None or actual is None or most_error is None:
        return None
    return abs(value - actual) > most_error


def as_number(truth: str) -> float | None:
    try:
        number = float(truth)
    except ValueError:
        return None
    return number if isfinite(number) else None


def qualities(rows: Iterable[Answered]) -> tuple[Quality, ...]:
    """All measures of the rows that have a truth; without any, none."""
    known = [row for row in rows if row.truth is not None]
    classes = [row for row in known if row.predicted is not None]
    numbers = [(row.value, as_number(row.truth or "")) for row in known if row.predicted is None]
    pairs = [(value, truth) for value, truth in numbers if value is not None and truth is not None]
    return (*_of_classes(classes), *_of_numbers(np.array(pairs, dtype=np.float64).reshape(-1, 2)))


# -- classes -----------------------------------------------------------------------------------------------------


def _of_classes(rows: Sequence[Answered]) -> tuple[Quality, ...]:
    if not rows:
        return ()
    truths, answers = [row.truth or "" for row in rows], [row.predicted or "" for row in rows]
    names = _names(truths, answers)
    table = _table(truths, answers, names)
    hits = float(np.trace(table)) if OTHER not in names else sum(t == p for t, p in zip(truths, answers, strict=True))
    accuracy = Quality("accuracy", hits / len(rows), *intervals.wilson(hits, len(rows)))
    return (accuracy, *_macro(table), *_each(table, names), *_of_scores([row for row in rows if row.scores]))


def _names(truths: Sequence[str], answers: Sequence[str]) -> list[str]:
    """Classes that occur, the most frequent first."""
    counted = Counter(truths) + Counter(answers)
    ranked = sorted(counted, key=lambda name: (-counted[name], name))
    return ranked if len(ranked) <= MOST_CLASSES else [*ranked[:MOST_CLASSES], OTHER]


def _table(truths: Sequence[str], answers: Sequence[str], names: Sequence[str]) -> Floats:
    place = {name: at for at, name in enumerate(names)}
    width, other = len(names), len(names) - 1
    cells = [place.get(t, other) * width + place.get(p, other) for t, p in zip(truths, answers, strict=True)]
    return np.bincount(cells, minlength=width * width).reshape(width, width).astype(np.float64)


def _macro(table: Floats) -> Iterable[Quality]:
    for name, measure in confusion.BY_CLASS.items():
        value = float(confusion.macro(measure(table), table))
        draws = intervals.resampled(table, partial(_macro_of, measure))
        yield Quality(name, value, *_within(intervals.around(value, draws)))


def _macro_of(measure: Callable[[Floats], Floats], tables: Floats) -> Floats:
    return confusion.macro(measure(tables), tables)


def _each(table: Floats, names: Sequence[str]) -> Iterable[Quality]:
    hits, predicted, actual = np.diagonal(table), table.sum(axis=0), table.sum(axis=1)
    scores = confusion.f1(table)
    draws = {}
    if len(names) > 1:
        rng = np.random.default_rng(intervals.SEED)
        draws = {
            at: _f1_draws(rng, hits[at], predicted[at], actual[at]) for at in range(min(len(names), CLASSES_SHOWN))
        }
    for at in draws:
        of = names[at]
        yield Quality("precision", _share(hits[at], predicted[at]), *intervals.wilson(hits[at], predicted[at]), of)
        yield Quality("recall", _share(hits[at], actual[at]), *intervals.wilson(hits[at], actual[at]), of)
        yield Quality("f1", float(scores[at]), *_within(intervals.around(float(scores[at]), draws[at])), of)


def _f1_draws(rng: np.random.Generator, hits: float, predicted: float, actual: float) -> Floats:
    """F1 of one class is 2·hits / (predicted + actual): draws of hits, false alarms and misses."""
    cells = np.array([hits, predicted - hits, actual - hits])
    drawn = rng.multinomial(int(cells.sum()), cells / cells.sum(), size=intervals.DRAWS)
    return np.asarray(2 * drawn[:, 0] / np.maximum(2 * drawn[:, 0] + drawn[:, 1] + drawn[:, 2], 1))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0


def _within(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = interval
    return (max(0.0, low), min(1.0, high)) if low == low else interval


# -- scores ------------------------------------------------------------------------------------------------------


def _of_scores(rows: Sequence[Answered]) -> Iterable[Quality]:
    names = sorted({name for row in rows for name in row.scores})[:MOST_CLASSES]
    told = [row for row in rows if row.truth in row.scores] if len(names) > 1 else []
    if told:
        scores = np.array([[row.scores.get(name, 0.0) for name in names] for row in told])
        truth = np.array([names.index(row.truth or "") for row in told])
        yield Quality("roc_auc", *_roc_auc(scores, truth))
        yield _log_loss(scores, truth)
    sure = [
        (row.scores[row.predicted or ""], row.predicted == row.truth) for row in rows if row.predicted in row.scores
    ]
    if sure:
        yield _calibration_error(np.array([s for s, _ in sure]), np.array([right for _, right in sure]))


def _roc_auc(scores: Floats, truth: Ints) -> tuple[float, float, float]:
    if scores.shape[1] == 2:
        return intervals.auc(scores[:, 1], truth == 1)
    each = np.array([intervals.auc(scores[:, at], truth == at) for at in range(scores.shape[1])])
    if np.isnan(each[:, 0]).any():
        return (float("nan"), *intervals.NOTHING)
    area = float(each[:, 0].mean())
    half = float(((each[:, 2] - each[:, 1]) / 2).mean())  # as if all erred together: too wide rather than too narrow
    return area, max(0.0, area - half), min(1.0, area + half)


def _log_loss(scores: Floats, truth: Ints) -> Quality:
    clipped = np.clip(scores, SMALLEST, 1 - SMALLEST)
    clipped /= clipped.sum(axis=1, keepdims=True)
    losses = -np.log(clipped[np.arange(len(truth)), truth])
    low, high = intervals.of_mean(losses)
    return Quality("log_loss", float(losses.mean()), max(0.0, low) if low == low else low, high)


def _calibration_error(confidence: Floats, right: Flags) -> Quality:
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    rows = np.bincount(bins, minlength=CALIBRATION_BINS).astype(np.float64)
    mean = np.bincount(bins, weights=confidence, minlength=CALIBRATION_BINS) / np.maximum(rows, 1)
    hits = np.bincount(bins, weights=right, minlength=CALIBRATION_BINS)
    value = float(np.abs(hits - mean * rows).sum() / rows.sum())

    def errors(drawn: Floats) -> Floats:
        """[draws, bins, (right, wrong)] -> [draws]."""
        n = drawn.sum(axis=2)
        return np.asarray(np.abs(drawn[:, :, 0] - mean * n).sum(axis=1) / n.sum(axis=1))

    draws = intervals.resampled(np.stack([hits, rows - hits], axis=1), errors)
    return Quality("calibration_error", value, *_within(intervals.around(value, draws)))


# -- numbers -----------------------------------------------------------------------------------------------------


def _of_numbers(pairs: Floats) -> tuple[Quality, ...]:
    if not len(pairs):
        return ()
    off = np.abs(pairs[:, 0] - pairs[:, 1])
    low, high = intervals.of_mean(off)
    square_low, square_high = intervals.of_mean(off**2)
    mae = Quality("mae", float(off.mean()), max(0.0, low) if low == low else low, high)
    root = (sqrt(max(0.0, square_low)), sqrt(square_high)) if square_low == square_low else intervals.NOTHING
    return mae, Quality("rmse", sqrt(float((off**2).mean())), *root)
