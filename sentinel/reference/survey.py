"""The first look at a column: what kind it is, and what its bins are made from. Bounded memory for any length. Pure.

Kinds, where the builder is not told: text, dates and booleans are categorical; so are whole numbers with at most
`LABEL_LIKE` different values, each seen ten times or more on average (class labels, flags, counts of few). Other
numbers are numeric, also when up to 1 % of the values are text (counted as wrong type). Nothing but missing: numeric.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from sentinel.reference.frozen import Floats
from sentinel.reference.sample import Sample
from sentinel.reference.schema import Kind
from sentinel.reference.values import categories, category, is_boolean, numbers

LABEL_LIKE = 10
"""Most distinct whole numbers that are read as labels rather than amounts."""
LEAST_ROWS_PER_LABEL = 10
TEXT_SHARE = 0.01
"""Share of present values that may be text in a numeric column."""
MOST_CATEGORIES = 100_000
"""Distinct categories followed at once; beyond, the rarest are forgotten and the table is marked incomplete."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What a column showed. values: sample of its finite numbers. texts: rows by category, complete or not."""

    kind: Kind
    values: Floats
    low: float
    high: float
    texts: Counter[str]
    complete: bool


class ColumnSurvey:
    """Looks at a column of one part of a table in chunks; surveys of different parts merge by |."""

    def __init__(self, part: int = 0) -> None:
        self._numbers = 0
        self._texts_seen = 0
        self._texts: Counter[str] = Counter()
        self._complete = True
        self._whole: Counter[float] | None = Counter()
        self._low, self._high = np.inf, -np.inf
        self._sample = Sample(part)

    def look(self, column: Any) -> None:
        if is_boolean(column):
            self._texts_seen += self._look_at_texts(column)
            return
        values, wrong = numbers(column)
        finite = (
            values[np.isfinite(values)] + 0.0
        )  # no negative zero: which of two equal values comes first must not show
        self._look_at_numbers(finite)
        if wrong:
            self._texts_seen += wrong
            self._look_at_texts(column)
        elif self._whole is not None:
            self._follow_whole(self._whole, finite)

    def __or__(self, other: "ColumnSurvey") -> "ColumnSurvey":
        both = ColumnSurvey()
        both._numbers = self._numbers + other._numbers
        both._texts_seen = self._texts_seen + other._texts_seen
        both._texts = self._texts + other._texts
        both._complete = self._complete and other._complete
        both._bound_texts()
        both._whole = self._whole + other._whole if self._whole is not None and other._whole is not None else None
        if both._whole is not None and len(both._whole) > LABEL_LIKE:
            both._whole = None
        both._low, both._high = min(self._low, other._low), max(self._high, other._high)
        both._sample = self._sample | other._sample
        return both

    def _look_at_texts(self, column: Any) -> int:
        found, _, _ = categories(column)
        storable = {text: rows for text, rows in found.items() if _is_storable(text)}
        self._complete = self._complete and len(storable) == len(found)
        self._texts.update(storable)
        self._bound_texts()
        return found.total()

    def _bound_texts(self) -> None:
        if len(self._texts) > MOST_CATEGORIES:
            self._complete = False
            kept = sorted(self._texts.items(), key=by_frequency)[: MOST_CATEGORIES // 2]
            self._texts = Counter(dict(kept))

    def _look_at_numbers(self, values: Floats) -> None:
        if len(values):
            self._numbers += len(values)
            self._low, self._high = min(self._low, float(values.min())), max(self._high, float(values.max()))
            self._sample.add(values)

    def _follow_whole(self, whole: Counter[float], values: Floats) -> None:
        distinct, counts = np.unique(values, return_counts=True)
        whole.update(dict(zip(distinct.tolist(), counts.tolist(), strict=True)))
        if len(whole) > LABEL_LIKE or not (distinct == np.floor(distinct)).all():
            self._whole = None

    def finish(self, kind: Kind | None) -> Surveyed:
        """What was seen; `kind` overrides the rule."""
        values = self._sample.values()
        chosen = kind or self._kind()
        texts, complete = self._texts, self._complete
        if chosen == "categorical" and self._numbers:
            texts = texts + self._number_texts(values)
            complete = complete and (self._whole is not None or self._sample.whole)
        return Surveyed(chosen, values, self._low, self._high, texts, complete)

    def _kind(self) -> Kind:
        if self._texts_seen > TEXT_SHARE * (self._numbers + self._texts_seen):
            return "categorical"
        labels = len(self._whole or ())
        return "categorical" if labels and self._numbers >= LEAST_ROWS_PER_LABEL * labels else "numeric"

    def _number_texts(self, values: Floats) -> Counter[str]:
        texts: Counter[str] = Counter()
        for value, rows in (Counter(values.tolist()) if self._whole is None else self._whole).items():
            texts[str(category(value))] += rows
        return texts


def by_frequency(found: tuple[str, int]) -> tuple[int, str]:
    """Key that sorts (category, rows): most frequent first, equally frequent ones by name."""
    text, rows = found
    return -rows, text


def _is_storable(text: str) -> bool:
    """Whether the text can be written to a file: JSON can smuggle in halves of characters that cannot."""
    return text.isascii() or text.encode("utf-8", "ignore").decode() == text
