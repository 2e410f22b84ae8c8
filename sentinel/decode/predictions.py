"""Outputs of a model become prediction columns: a value, or a classifier's class, confidence and entropy.

An output is a block of values: its first axis is the batch. What a block of scores means is read from its values
(rows that are probability distributions sum to 1) or told by the operator; it is not guessed from names.
"""

from collections.abc import Iterable
from math import log
from typing import Any

import numpy as np

from sentinel.decode.options import DecodeOptions, OutputKind
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column
from sentinel.decode.values import Block, split

Array = np.ndarray[Any, Any]
Scores = np.ndarray[Any, np.dtype[np.float64]]

FEW_SCORES = 32
"""Scores of one output that are read one by one."""

SUM_TOLERANCE = 1e-2
"""How far a row of probabilities may be from 1: half precision and rounded answers."""

MAX_VALUE_COLUMNS = 16
"""A wider block of scores that is not a distribution is one vector (an embedding), not that many predictions."""


def columns(outputs: Iterable[tuple[str, Block]], rows: int, options: DecodeOptions) -> dict[str, Column]:
    """Prediction columns of all outputs, each with `rows` values. Refused: row_mismatch, too_many_columns."""
    found: dict[str, Column] = {}
    for name, output in outputs:
        found.update(_described(name, _aligned(output, rows), options))
        if len(found) > options.max_columns:
            raise Refused(Reason.TOO_MANY_COLUMNS)
    return found


def probabilities(outputs: Iterable[tuple[str, Block]], rows: int, options: DecodeOptions) -> dict[str, Scores]:
    """Output name -> probabilities [rows, classes], of a classifier's scores. Refused: row_mismatch."""
    found = {}
    for name, given in outputs:
        output, kind = _aligned(given, rows), options.outputs.get(name, "auto")
        scores = output.array() if len(output.shape) >= 2 and output.shape[1] >= 2 else None
        if scores is None:
            continue
        kind = _kind_of(scores) if kind == "auto" else kind
        if kind in ("probabilities", "logits"):
            flat = scores.reshape(len(scores), -1).astype(np.float64)
            found[name] = flat if kind == "probabilities" else softmax(flat)
    return found


def _aligned(output: Block, rows: int) -> Block:
    """The same output with the batch as its first axis: one row's answer may come without it."""
    if output.rows == rows:
        return output
    if rows == 1 and len(output.shape) == 1:
        return Block(output.flat, (1, *output.shape))
    raise Refused(Reason.ROW_MISMATCH)


def _described(name: str, output: Block, options: DecodeOptions) -> dict[str, Column]:
    kind = options.outputs.get(name, "auto")
    if kind == "label" or len(output.shape) < 2 or output.shape[1] < 2:
        return _plain(name, output, kind, options)
    if kind == "auto" and output.few and len(output.flat) <= FEW_SCORES:
        return _few_classified(name, output) or _plain(name, output, kind, options)
    if (scores := output.array()) is None:
        return _plain(name, output, kind, options)
    if kind == "auto":
        kind = _kind_of(scores)
    if kind in ("probabilities", "logits"):
        rows = scores.reshape(len(scores), -1).astype(np.float64)
        return classified(name, rows if kind == "probabilities" else softmax(rows))
    return {name: scores} if kind == "embedding" else split(name, output, (), options.max_columns)


def _plain(name: str, output: Block, kind: OutputKind, options: DecodeOptions) -> dict[str, Column]:
    found = split(name, output, (), options.max_columns)
    return {title: label_texts(values) for title, values in found.items()} if kind == "label" else found


def _kind_of(scores: Array) -> OutputKind:
    if scores.ndim > 2:
        return "embedding"
    if is_distribution(scores):
        return "probabilities"
    return "value" if scores.shape[1] <= MAX_VALUE_COLUMNS else "embedding"


def is_distribution(scores: Array) -> bool:
    """Whether every row of a [rows, classes] array is non-negative and sums to 1."""
    if scores.dtype.kind != "f" or scores.size == 0:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        sums = scores.sum(axis=1, dtype=np.float64)
        return bool(scores.min() >= 0 and np.abs(sums - 1).max() <= SUM_TOLERANCE)


def _few_classified(name: str, output: Block) -> dict[str, Column] | None:
    """What `classified` says of rows that are distributions; None if one is not. For a few scores arrays cost more."""
    flat, width = list(output.flat), output.shape[1]
    classes, confidences, entropies = [], [], []
    for start in range(0, len(flat), width):
        row = flat[start : start + width]
        if not (min(row) >= 0 and abs(sum(row) - 1) <= SUM_TOLERANCE):
            return None
        best = max(row)
        classes.append(str(row.index(best)))
        confidences.append(best)
        entropies.append(-sum(score * log(score) for score in row if score > 0))
    return {f"{name}.class": classes, f"{name}.confidence": confidences, f"{name}.entropy": entropies}


def classified(name: str, probabilities: Scores) -> dict[str, Column]:
    """Predicted class (text: it is a category), confidence (its probability) and entropy (nats) of each row."""
    best = probabilities.argmax(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(probabilities > 0, probabilities * np.log(probabilities), 0.0)
    return {
        f"{name}.class": label_texts(best),
        f"{name}.confidence": probabilities[np.arange(len(best)), best],
        f"{name}.entropy": -terms.sum(axis=1),
    }


def softmax(scores: Scores) -> Scores:
    """Row-wise, shifted by the row's maximum so that no exponential overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def label_texts(values: Column) -> Column:
    """Labels as text: 3 and 3.0 are the class "3"."""
    if isinstance(values, np.ndarray):
        whole = values.astype(np.int64) if values.dtype.kind == "f" and np.all(values == np.rint(values)) else values
        return [str(value) for value in whole.tolist()]
    return [value if value is None or isinstance(value, str) else str(value) for value in values]
