"""Quality on the rows a reference is made of: predictions beside labels, gathered while the rows are counted. Pure.

Up to MOST_ROWS rows are all used; of more, a uniform sample of that size.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sentinel.decode.rows import Decoded
from sentinel.labels.kept import AnswerSpec, said_by
from sentinel.labels.standard import Standard, standard
from sentinel.labels.values import Answered, word
from sentinel.reference.sample import Places
from sentinel.reference.values import listed

MOST_ROWS = 100_000
"""Enough for a third of a point of accuracy, and for 400 groups of 250 rows in a calibration."""


@dataclass(frozen=True, slots=True)
class TruthColumns:
    """label: column with the truth. predictions: columns that the answer would have. answers: which of them is what."""

    label: str
    predictions: tuple[str, ...] = ()
    answers: AnswerSpec = field(default_factory=AnswerSpec)

    @property
    def read(self) -> tuple[str, ...]:
        """Columns of the table that hold predictions and probabilities."""
        chosen = (self.answers.column,) if self.answers.column else ()
        return tuple(dict.fromkeys((*self.predictions, *chosen, *self.answers.scores.values())))


class Truths:
    """Takes chunks of columns of one part of a table, gives a `Standard`. Those of different parts merge by |."""

    def __init__(self, columns: TruthColumns, part: int = 0) -> None:
        self._columns = columns
        self._places = Places(part)
        self._rows: list[tuple[int, Answered]] = []

    def add(self, columns: Mapping[str, Any], rows: int) -> None:
        """Take in a chunk: name -> one value per row."""
        truths = [word(value) for value in _plain(columns[self._columns.label])]
        answers = replace(self._columns.answers, classes=self._classes(truths))
        predictions = {name: _plain(columns[name]) for name in self._columns.read}
        said = said_by(Decoded(rows, {}, predictions), answers)
        drawn = self._places.following(rows).tolist()
        self._rows += [
            (key, Answered(one.predicted, one.value, one.scores, truth))
            for key, one, truth in zip(drawn, said, truths, strict=True)
            if one is not None and truth is not None
        ]
        if len(self._rows) > 2 * MOST_ROWS:
            self._trim()

    def __or__(self, other: "Truths") -> "Truths":
        both = Truths(self._columns)
        both._rows = [*self._rows, *other._rows]
        both._trim()
        return both

    def finish(self) -> Standard:
        """ValueError where no row has both a prediction and a label that fit."""
        self._trim()
        return standard([row for _, row in self._rows], self._columns.answers.classes)

    def _trim(self) -> None:
        self._rows.sort(key=lambda keyed: keyed[0])
        del self._rows[MOST_ROWS:]

    def _classes(self, truths: list[str | None]) -> tuple[str, ...]:
        """The classes; with the probability of one class alone, the other is the other truth."""
        known = self._columns.answers
        others = {truth for truth in truths if truth is not None} - known.scores.keys()
        if known.classes or len(known.scores) != 1 or len(others) != 1:
            return known.classes
        return (others.pop(), *known.scores)


def _plain(column: Any) -> list[Any]:
    """Plain values: missing numbers are None, and numbers that are all whole are integers, as CSV cannot say."""
    values = [None if isinstance(value, float) and value != value else value for value in listed(column)]
    numbers = [value for value in values if value is not None]
    if all(isinstance(value, float) and value.is_integer() for value in numbers):
        return [None if value is None else int(value) for value in values]
    return values
