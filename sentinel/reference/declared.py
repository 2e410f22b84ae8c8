"""What is told about a table rather than inferred, and whether the table has it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sentinel.reference.schema import Kind, Role
from sentinel.reference.truths import TruthColumns

COUNTED_KINDS: tuple[Kind, ...] = ("numeric", "categorical")
"""Columns of other kinds are counted by what is derived from them (`sentinel.features`)."""

Columns = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """name, version: of the reference. kinds: kinds that override the inference, by column.

    predictions, labels: columns of that role, or whose derived columns have it, besides those whose name begins with
    "prediction". joint: whether to watch inputs together, which takes another pass. truths: columns that tell how good
    the predictions are; those with probabilities alone are no features. segments: categorical columns whose most
    frequent values are also counted each for itself.
    """

    name: str
    version: str
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    predictions: Sequence[str] = ()
    labels: Sequence[str] = ()
    joint: bool = False
    truths: TruthColumns | None = None
    segments: Sequence[str] = ()

    def check(self, columns: Columns) -> None:
        """ValueError where something else is said of columns than can be."""
        if self.truths is not None:
            for name in (self.truths.label, *self.truths.read):
                if name not in columns:
                    raise ValueError(
                        f"there is no column {name!r} to measure quality with; columns are {some(columns)}"
                    )
        features = self.features(columns).keys()
        known = features | {_source(column) for column in features}
        named = (
            ("kinds", self.kinds, features),
            ("predictions", self.predictions, known),
            ("labels", self.labels, known),
        )
        for what, told, candidates in named:
            unknown = sorted(set(told) - candidates)
            if unknown:
                raise ValueError(f"{what} names {unknown[0]!r}, which is no column; columns are {some(features)}")
        for name, kind in self.kinds.items():
            if kind not in COUNTED_KINDS:
                raise ValueError(f"column {name!r} cannot be {kind!r}; its kind is {' or '.join(COUNTED_KINDS)}")

    def features(self, columns: Columns) -> Columns:
        """The columns that become features."""
        if self.truths is None:
            return columns
        apart = set(self.truths.answers.scores.values()) - set(self.predictions)
        return {name: column for name, column in columns.items() if name not in apart}

    def role(self, name: str) -> Role:
        named = {name, _source(name)}
        if named & set(self.labels):
            return "label"
        return "prediction" if named & set(self.predictions) or name.lower().startswith("prediction") else "input"


def length(columns: Columns) -> int:
    """Rows of the columns. ValueError where they differ or there is none."""
    lengths = {name: len(column) for name, column in columns.items()}
    if not lengths:
        raise ValueError("a reference needs at least one column; none was given")
    first, rows = next(iter(lengths.items()))
    for name, other in lengths.items():
        if other != rows:
            raise ValueError(f"columns {first!r} and {name!r} have {rows} and {other} rows; they need as many")
    return rows


def some(names: Iterable[str]) -> str:
    """A few of the names, for a sentence."""
    shown = sorted(names)
    return ", ".join(shown[:5]) + (" …" if len(shown) > 5 else "")


def _source(name: str) -> str:
    """The column of which a derived one says something: `answer` of `answer.length`."""
    return name.rpartition(".")[0]
