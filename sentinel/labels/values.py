"""Predictions, labels and qualities as values. Nothing here knows where they come from or are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

LONGEST_WORD = 200
"""Characters kept of a class: a label is a word, not a document."""
_TRUTH_VALUES = {"true": "1", "True": "1", "TRUE": "1", "false": "0", "False": "0", "FALSE": "0"}
_WHOLE = 1e15
"""Below this a whole float is written as an integer; beyond it floats are no longer exact."""

Outcome = Literal["received", "refused", "joined", "late", "duplicate", "corrected", "outdated", "ambiguous", "orphan"]
OUTCOMES: tuple[Outcome, ...] = Outcome.__args__  # type: ignore[attr-defined]  # the words of the Literal
"""What became of a label. received = all the others + those that wait.

joined, late: found its prediction, before or after the window of that was closed. duplicate: said what was known.
corrected: changed a truth. outdated: was older than the known truth. ambiguous: named several predictions. orphan: no
prediction came for it in time (it was not sampled, or is not known). refused: could not be read.
"""

Kind = Literal["realised", "estimate"]


@dataclass(frozen=True, slots=True)
class KeptPrediction:
    """One row of an answer. Ids as `keys.stored` gives them; `alias` and `trace` name the same call otherwise.

    at: when the answer was complete; start, end: of the window it counts in (seconds since the epoch).
    predicted: a class, or None where `value` is a number. scores: class -> probability, may be empty.
    """

    model: str
    version: str
    request_id: str
    row: int
    at: float
    start: float
    end: float
    predicted: str | None = None
    value: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    alias: str | None = None
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about one row of one call. model: "" where the sender names none. truth_at: when it was established."""

    model: str
    request_id: str
    row: int
    truth: str
    truth_at: float | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A kept prediction as it is scored: with its truth, None while none came."""

    predicted: str | None
    value: float | None
    scores: Mapping[str, float]
    truth: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """A window of one model version, all replicas together."""

    model: str
    version: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Quality:
    """One measure of a window. of: the class it is about, "" for all. NaN where there is nothing to measure.

    low, high: 95 % interval. trusted: False only for estimates, which then say `why_not`.
    """

    metric: str
    value: float
    low: float
    high: float
    of: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The quality of a window, realised or as an estimate. rows: predictions kept; labelled: those with a truth."""

    span: Span
    kind: Kind
    rows: int
    labelled: int
    qualities: tuple[Quality, ...] = ()
    trusted: bool = True
    why_not: str = ""

    def value(self, metric: str, of: str = "") -> Quality | None:
        return next((q for q in self.qualities if (q.metric, q.of) == (metric, of)), None)


def word(value: object) -> str | None:
    """A class or a number as text; None for what is neither.

    1, 1.0, "1", "1.0", true and "True" are the same: JSON, CSV and data frames write one class in all these ways.
    """
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        if value != value:
            return None
        return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else repr(value)
    if isinstance(value, int):
        return str(value)[:LONGEST_WORD]
    return _plain(printable(value)[:LONGEST_WORD]) or None if isinstance(value, str) else None


def printable(text: str) -> str:
    """The text without what no database takes and nobody sees."""
    return text if text.isprintable() else "".join(filter(str.isprintable, text))


def _plain(text: str) -> str:
    """Truth values and whole numbers as other writers put them."""
    whole, point, rest = text.partition(".")
    if point and whole.removeprefix("-").isdecimal() and rest and not rest.strip("0"):
        return whole
    return _TRUTH_VALUES.get(text, text)
