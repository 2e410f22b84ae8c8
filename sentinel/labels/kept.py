"""Decoded rows as predictions worth keeping: the class or number of each row, and its probabilities where it has them.

Which output is the prediction is told by `AnswerSpec`, and otherwise seen: a distribution over classes first, then a
class (text, truth value, whole number), then a number. The text of a generated answer is kept only where it was named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from typing import Any, Literal

import numpy as np

from sentinel.decode.rows import Column, Decoded
from sentinel.labels.keys import KeyOptions, stored
from sentinel.labels.values import KeptPrediction, Span, word

Task = Literal["auto", "classification", "regression"]
CLASS_SUFFIX, CONFIDENCE_SUFFIX = ".class", ".confidence"
MOST_SCORES = 32
"""Classes whose probabilities are kept; of wider answers only that of the predicted class is."""


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """What is the prediction in an answer.

    column: output with the class or the number, "" to see for oneself. scores: class -> column with its probability.
    classes: names of the classes of a distribution, in its order; with a probability of one of two, also the other's.
    """

    column: str = ""
    scores: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    task: Task = "auto"


@dataclass(frozen=True, slots=True)
class Said:
    """What a model said of one row: a class or a number, and probabilities of classes."""

    predicted: str | None
    value: float | None
    scores: Mapping[str, float]


def kept(decoded: Decoded, spec: AnswerSpec, keys: KeyOptions, span: Span, at: float) -> list[KeptPrediction]:
    """The rows of one call, ready to be kept; none where the call has no id or no prediction."""
    ids = decoded.joinable
    if ids is None or not ids.request_id:
        return []
    request_id = stored(ids.request_id, keys)
    alias, trace = (stored(other, keys) if other else None for other in (ids.alias, ids.trace))
    call = partial(
        KeptPrediction,
        span.model,
        span.version,
        request_id,
        at=at,
        start=span.start,
        end=span.end,
        alias=alias,
        trace=trace,
    )
    said_of = enumerate(said_by(decoded, spec))
    return [call(row=row, predicted=s.predicted, value=s.value, scores=s.scores) for row, s in said_of if s is not None]


def said_by(decoded: Decoded, spec: AnswerSpec) -> Iterator[Said | None]:
    """What the answer says of each row; None where it says nothing."""
    scores = _scores(decoded, spec)
    name = spec.column or _column(decoded, spec)
    values = _values(decoded.predictions.get(name), decoded.rows)
    if spec.task == "regression" or (
        spec.task == "auto" and not scores and _are_numbers(decoded.predictions.get(name))
    ):
        yield from (_number(value) for value in values)
        return
    known = scores or [{}] * decoded.rows
    sure = _values(decoded.predictions.get(f"{name.removesuffix(CLASS_SUFFIX)}{CONFIDENCE_SUFFIX}"), decoded.rows)
    named = bool(spec.column) or not scores or (bool(spec.scores) and _is_class(decoded.predictions.get(name)))
    for row in range(decoded.rows):
        predicted = word(values[row]) if named else _likeliest(known[row])
        if predicted is None:
            yield None
        else:
            yield Said(predicted, None, _bounded(predicted, known[row], sure[row]))


def _likeliest(scores: Mapping[str, float]) -> str | None:
    """The class with the highest probability; None where that of one class alone is known."""
    return max(scores, key=scores.__getitem__) if len(scores) > 1 else None


def _is_class(values: Column | None) -> bool:
    """Whether a column holds words, truth values or whole numbers."""
    return values is not None and not _are_numbers(values)


def _column(decoded: Decoded, spec: AnswerSpec) -> str:
    """The column that holds the prediction: a distribution's class, else words, else whole numbers, else numbers."""
    if decoded.usage is not None:
        return ""  # a generated text is no class, and must not be kept unasked
    own = [name for name in decoded.predictions if name not in (*spec.scores.values(), *decoded.kinds)]
    ranked = sorted(own, key=lambda name: _rank(name, decoded.predictions[name]))
    return ranked[0] if ranked else ""


def _rank(name: str, values: Column) -> int:
    if name.endswith(CLASS_SUFFIX):
        return 0
    if isinstance(values, list):
        return 1 if any(isinstance(value, str) for value in values) else 3
    return 2 if values.dtype.kind in "biu" else 3


def _are_numbers(values: Column | None) -> bool:
    """Whether a column holds measures: floats, and no words, truth values or whole numbers."""
    if isinstance(values, list):
        return any(isinstance(value, float) for value in values) and not any(isinstance(v, str) for v in values)
    return values is not None and values.dtype.kind == "f"


def _scores(decoded: Decoded, spec: AnswerSpec) -> Sequence[Mapping[str, float]]:
    """Row -> class -> probability; empty where the answer has none."""
    if spec.scores:
        return _from_columns(decoded, spec)
    given = decoded.joinable.scores if decoded.joinable else {}
    if not given:
        return []
    matrix = given.get(spec.column.removesuffix(CLASS_SUFFIX), next(iter(given.values())))
    width = matrix.shape[1]
    names = spec.classes if len(spec.classes) == width else tuple(map(str, range(width)))
    return [dict(zip(names, row, strict=True)) if all(map(isfinite, row)) else {} for row in matrix.tolist()]


def _from_columns(decoded: Decoded, spec: AnswerSpec) -> Sequence[Mapping[str, float]]:
    """Probabilities that are outputs of their own; of two classes one is enough."""
    columns = {of: _values(decoded.predictions.get(name), decoded.rows) for of, name in spec.scores.items()}
    rest = [name for name in spec.classes if name not in columns]
    rows = []
    for row in range(decoded.rows):
        found = {of: float(values[row]) for of, values in columns.items() if _is_finite(values[row])}
        if len(rest) == 1 and len(found) == len(columns):
            found[rest[0]] = 1.0 - sum(found.values())
        rows.append(found)
    return rows if any(rows) else []


def _bounded(predicted: str, scores: Mapping[str, float], sure: Any) -> Mapping[str, float]:
    if not scores and _is_finite(sure):
        return {predicted: sure}
    return scores if len(scores) <= MOST_SCORES else {name: scores[name] for name in (predicted,) if name in scores}


def _number(value: Any) -> Said | None:
    return Said(None, float(value), {}) if _is_finite(value) else None


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and isfinite(value)


def _values(column: Column | None, rows: int) -> list[Any]:
    """Plain values, as many as rows."""
    if column is None or len(column) != rows or (isinstance(column, np.ndarray) and column.ndim != 1):
        return [None] * rows
    return column.tolist() if isinstance(column, np.ndarray) else list(column)
