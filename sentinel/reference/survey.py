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
from sentinel.reference.schema import Kind
from sentinel.reference.values import categories, category, is_boolean, numbers

LABEL_LIKE = 10
"""Most distinct whole numbers that are read as labels rather than amounts."""
LEAST_ROWS_PER_LABEL = 10
TEXT_SHARE = 0.01
"""Share of present values that may be text in a numeric column."""
SAMPLE_VALUES = 1 << 17
"""Values kept of a longer column for bin edges and quantiles: 64 bins then hold 2,048 each, ± 2 % of a bin."""
MOST_CATEGORIES = 100_000
"""Distinct categories followed at once; beyond, the rarest are forgotten and the table is marked incomplete."""


class Sample:
    """A uniform sample of numbers of bounded size: each is kept with probability 2^−level, decided by `rng`."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._parts: list[Floats] = []
        self._size = 0
        self._level = 0

    def add(self, values: Floats) -> None:
        self._keep(values if not self._level else self._thinned(values, 2.0**-self._level))
        while self._size > SAMPLE_VALUES:
            self._level += 1
            half = self._thinned(self.values(), 0.5)
            self._parts, self._size = [], 0
            self._keep(half)

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return self._level == 0

    def values(self) -> Floats:
        return np.concatenate(self._parts) if self._parts else np.zeros(0)

    def _keep(self, values: Floats) -> None:
        self._parts.append(values)
        self._size += len(values)

    def _thinned(self, values: Floats, ratio: float) -> Floats:
        return values[self._rng.random(len(values)) < ratio]


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
    """Looks at a column in chunks."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._numbers = 0
        self._texts_seen = 0
        self._texts: Counter[str] = Counter()
        self._complete = True
        self._whole: Counter[float] | None = Counter()
        self._low, self._high = np.inf, -np.inf
        self._sample = Sample(rng)

    def look(self, column: Any) -> None:
        if is_boolean(column):
            self._texts_seen += self._look_at_texts(column)
            return
        values, wrong = numbers(column)
        finite = values[np.isfinite(values)]
        self._look_at_numbers(finite)
        if wrong:
            self._texts_seen += wrong
            self._look_at_texts(column)
        elif self._whole is not None:
            self._follow_whole(self._whole, finite)

    def _look_at_texts(self, column: Any) -> int:
        found, _, _ = categories(column)
        storable = {text: rows for text, rows in found.items() if _is_storable(text)}
        self._complete = self._complete and len(storable) == len(found)
        self._texts.update(storable)
        if len(self._texts) > MOST_CATEGORIES:
            self._complete = False
            self._texts = Counter(dict(self._texts.most_common(MOST_CATEGORIES // 2)))
        return found.total()

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


def _is_storable(text: str) -> bool:
    """Whether the text can be written to a file: JSON can smuggle in halves of characters that cannot."""
    return text.isascii() or text.encode("utf-8", "ignore").decode() == text
