"""Build a frozen reference: a first pass surveys the columns, a second counts them into the cells. Pure.

Columns arrive whole (`build`), or in parts that are surveyed and
counted apart, on other machines too, and merged (`Survey`, `Counted`; `sentinel.reference.parts`). Memory is bounded by
the survey's samples, not by the rows. Up to `sample.SAMPLE_VALUES` rows everything is exact; beyond, bin edges, median,
deviation and inner quantiles come from a uniform sample of that size, while counts, minimum and maximum stay exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sentinel.reference import bins
from sentinel.reference.frozen import Counts, FrozenReference
from sentinel.reference.joint import JointSketch
from sentinel.reference.layout import categorical_table, known_categories, numeric_table
from sentinel.reference.schema import FeatureSpec, Kind, Role
from sentinel.reference.survey import ColumnSurvey
from sentinel.reference.tally import Tally, count_columns

COUNTED_KINDS: tuple[Kind, ...] = ("numeric", "categorical")
"""Columns of other kinds are counted by what is derived from them (`sentinel.features`)."""

Columns = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """What is told about a table rather than inferred.

    kinds: kinds that override the inference, by column. predictions, labels: columns of that role, or whose derived
    columns have it, besides those whose name begins with "prediction". joint: whether to sketch the joint law of the
    numeric inputs.
    """

    name: str
    version: str
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    predictions: Sequence[str] = ()
    labels: Sequence[str] = ()
    joint: bool = False

    def check(self, names: Iterable[str]) -> None:
        """ValueError where something else is said of columns than can be."""
        columns = set(names)
        known = columns | {_source(column) for column in columns}
        named = (
            ("kinds", self.kinds, columns),
            ("predictions", self.predictions, known),
            ("labels", self.labels, known),
        )
        for what, told, candidates in named:
            unknown = sorted(set(told) - candidates)
            if unknown:
                raise ValueError(f"{what} names {unknown[0]!r}, which is no column; columns are {_some(columns)}")
        for name, kind in self.kinds.items():
            if kind not in COUNTED_KINDS:
                raise ValueError(f"column {name!r} cannot be {kind!r}; its kind is {' or '.join(COUNTED_KINDS)}")

    def role(self, name: str) -> Role:
        named = {name, _source(name)}
        if named & set(self.labels):
            return "label"
        return "prediction" if named & set(self.predictions) or name.lower().startswith("prediction") else "input"


class Survey:
    """First pass over one part of a table: `look` at every chunk. Surveys of different parts merge by |."""

    def __init__(self, part: int = 0) -> None:
        self._part = part
        self.columns: dict[str, ColumnSurvey] = {}

    def look(self, columns: Columns) -> None:
        """ValueError where columns differ in length or from those of earlier chunks."""
        _same_length(columns)
        self.columns = self.columns or {name: ColumnSurvey(self._part) for name in columns}
        _same_names(self.columns, columns)
        for name, column in columns.items():
            self.columns[name].look(column)

    def __or__(self, other: "Survey") -> "Survey":
        if not self.columns or not other.columns:
            return self if self.columns else other
        _same_names(self.columns, other.columns)
        first, second = sorted((self, other), key=lambda survey: survey._part)  # whose order of columns is kept
        both = Survey(first._part)
        both.columns = {name: column | second.columns[name] for name, column in first.columns.items()}
        return both


@dataclass(frozen=True, slots=True)
class Counted:
    """Second pass over one part: rows, and what of them is in which cell. Merges by |, exactly."""

    rows: int
    numeric: Counts
    sums: Counts
    categorical: Counts
    joint: JointSketch | None

    def __or__(self, other: "Counted") -> "Counted":
        return Counted(
            self.rows + other.rows,
            self.numeric + other.numeric,
            self.sums + other.sums,
            self.categorical + other.categorical,
            self.joint | other.joint if self.joint is not None and other.joint is not None else None,
        )


def laid_out(survey: Survey, declared: Declared) -> FrozenReference:
    """The reference with its cells laid out and nothing counted. ValueError when nothing was seen."""
    if not survey.columns:
        raise ValueError(NO_ROWS)
    declared.check(survey.columns)
    seen = {name: column.finish(declared.kinds.get(name)) for name, column in survey.columns.items()}
    return FrozenReference(
        name=declared.name,
        version=declared.version,
        rows=0,
        schema=tuple(FeatureSpec(name, column.kind, declared.role(name)) for name, column in seen.items()),
        numeric=numeric_table({name: column for name, column in seen.items() if column.kind == "numeric"}),
        categorical=categorical_table({name: column for name, column in seen.items() if column.kind == "categorical"}),
        numeric_book=np.zeros((0, 0), dtype=np.intp),
        categorical_book=np.zeros((0, 0), dtype=np.intp),
        joint=JointSketch.nothing() if declared.joint else None,
    )


def counted(plan: FrozenReference, chunks: Iterable[Columns]) -> Counted:
    """Count chunks into the cells of a reference that is laid out."""
    tally, rows = Tally(plan), 0
    for columns in chunks:
        own = _same_length(columns)
        count_columns(tally, columns, own)
        rows += own
    return Counted(rows, tally.numeric, tally.sums, tally.categorical, tally.joint)


def frozen(plan: FrozenReference, counts: Counted) -> FrozenReference:
    """The reference with its cells filled. ValueError when there was not one row."""
    if not counts.rows:
        raise ValueError(NO_ROWS)
    return replace(
        plan,
        rows=counts.rows,
        numeric=replace(plan.numeric, counts=counts.numeric, sums=counts.sums),
        categorical=replace(plan.categorical, counts=counts.categorical),
        numeric_book=bins.numeric_book(counts.numeric, plan.numeric.bins),
        categorical_book=bins.categorical_book(counts.categorical, known_categories(plan.categorical)),
        joint=counts.joint,
    )


def build(
    columns: Columns,
    *,
    name: str,
    version: str,
    kinds: Mapping[str, Kind] | None = None,
    predictions: Sequence[str] = (),
    labels: Sequence[str] = (),
    joint: bool = False,
) -> FrozenReference:
    """The reference of columns held in memory (name -> array or list, one value per row)."""
    survey = Survey()
    survey.look(columns)
    plan = laid_out(survey, Declared(name, version, kinds or {}, predictions, labels, joint))
    return frozen(plan, counted(plan, [columns]))


NO_ROWS = "a reference needs at least one row; the columns hold none"


def _source(name: str) -> str:
    """The column of which a derived one says something: `answer` of `answer.length`."""
    return name.rpartition(".")[0]


def _same_length(columns: Columns) -> int:
    lengths = {name: len(column) for name, column in columns.items()}
    if not lengths:
        raise ValueError("a reference needs at least one column; none was given")
    first, rows = next(iter(lengths.items()))
    for name, length in lengths.items():
        if length != rows:
            raise ValueError(f"columns {first!r} and {name!r} have {rows} and {length} rows; they need as many")
    return rows


def _same_names(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    if before.keys() != now.keys():
        odd = sorted(before.keys() ^ now.keys())
        raise ValueError(f"column {odd[0]!r} is in some chunks only; every chunk needs the same columns")


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:5]) + (" …" if len(shown) > 5 else "")
