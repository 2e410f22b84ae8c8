"""Build a frozen reference: a first pass surveys the columns, a second counts them into the cells. Pure.

Columns arrive whole (`build`), or in parts that are surveyed and counted apart, on other machines too, and merged
(`sentinel.reference.parts`). Memory is bounded by the survey's samples, not by the rows. Up to `sample.SAMPLE_VALUES`
rows everything is exact; beyond, bin edges, median, deviation and inner quantiles come from a uniform sample of that
size, while counts, minimum and maximum stay exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sentinel.reference import bins
from sentinel.reference.counting import Counted, counted, values_of
from sentinel.reference.declared import Columns, Declared, length
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.grouping import grouped
from sentinel.reference.joint import JointSketch
from sentinel.reference.layout import categorical_table, known_categories, numeric_table
from sentinel.reference.schema import FeatureSpec, Kind
from sentinel.reference.segments import Segments
from sentinel.reference.survey import ColumnSurvey
from sentinel.reference.truths import TruthColumns

NO_ROWS = "a reference needs at least one row; the columns hold none"


class Survey:
    """First pass over one part of a table: `look` at every chunk. Surveys of different parts merge by |."""

    def __init__(self, part: int = 0) -> None:
        self._part = part
        self.columns: dict[str, ColumnSurvey] = {}

    def look(self, columns: Columns) -> None:
        """ValueError where columns differ in length or from those of earlier chunks."""
        length(columns)
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


def laid_out(survey: Survey, declared: Declared) -> FrozenReference:
    """The reference with its cells laid out and nothing counted. ValueError for segments that are no categories."""
    seen = {name: column.finish(declared.kinds.get(name)) for name, column in survey.columns.items()}
    plan = FrozenReference(
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
    for column in declared.segments:
        if column not in plan.categorical.names:
            known = ", ".join(plan.categorical.names[:5]) or "there are none"
            raise ValueError(f"segments names {column!r}, which is no categorical column; these are: {known}")
    return plan


def frozen(plan: FrozenReference, counts: Counted) -> FrozenReference:
    """The reference with its cells filled. ValueError when there was not one row."""
    if not counts.rows:
        raise ValueError(NO_ROWS)
    cells = counts.cells
    whole = replace(
        plan,
        rows=counts.rows,
        numeric=replace(plan.numeric, counts=cells.numeric, sums=counts.sums),
        categorical=replace(plan.categorical, counts=cells.categorical),
        numeric_book=bins.numeric_book(cells.numeric, plan.numeric.bins),
        categorical_book=bins.categorical_book(cells.categorical, known_categories(plan.categorical)),
        joint=counts.joint,
        standard=counts.truths.finish() if counts.truths is not None else None,
        repeats=counts.repeats[1:],
    )
    return replace(whole, segments=tuple(_segments(whole, counts, column) for column in counts.segments))


def build(
    columns: Columns,
    *,
    name: str,
    version: str,
    kinds: Mapping[str, Kind] | None = None,
    predictions: Sequence[str] = (),
    labels: Sequence[str] = (),
    joint: bool = False,
    truths: TruthColumns | None = None,
    segments: Sequence[str] = (),
) -> FrozenReference:
    """The reference of columns held in memory (name -> array or list, one value per row)."""
    declared = Declared(name, version, kinds or {}, predictions, labels, joint, truths, segments)
    length(columns)
    declared.check(columns)
    survey = Survey()
    survey.look(declared.features(columns))
    plan = laid_out(survey, declared)
    whole = frozen(plan, counted(plan, declared, [columns]))
    return grouped(whole, [columns]) if joint else whole


def _segments(whole: FrozenReference, counts: Counted, column: str) -> Segments:
    cells = counts.segments[column]
    coarse = [whole.coarse(numeric, texts) for numeric, texts in zip(cells.numeric, cells.categorical, strict=True)]
    return Segments(column, values_of(whole, column), np.stack(coarse))


def _same_names(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    if before.keys() != now.keys():
        odd = sorted(before.keys() ^ now.keys())
        raise ValueError(f"column {odd[0]!r} is in some chunks only; every chunk needs the same columns")
