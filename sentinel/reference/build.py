"""Build a frozen reference: a first pass surveys the columns, a second counts them into the cells. Pure.

Columns arrive whole (`build`) or in chunks (`Builder`, twice over the same chunks); memory is bounded by the survey's
samples, not by the rows. Up to `survey.SAMPLE_VALUES` rows everything is exact; beyond, bin edges, median, deviation
and inner quantiles come from a uniform sample of that size, while counts, minimum and maximum stay exact.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sentinel.reference import bins
from sentinel.reference.frozen import (
    PROBABILITIES,
    CategoricalTable,
    Floats,
    FrozenReference,
    NumericTable,
)
from sentinel.reference.grouping import grouped
from sentinel.reference.joint import JointSketch
from sentinel.reference.repeats import RepeatCounter
from sentinel.reference.schema import FeatureSpec, Kind, Role
from sentinel.reference.segments import MOST_VALUES, OTHERS, Segments
from sentinel.reference.splitting import split
from sentinel.reference.survey import ColumnSurvey, Surveyed
from sentinel.reference.tally import Tally, count_columns
from sentinel.reference.truths import TruthColumns, Truths

COUNTED_KINDS: tuple[Kind, ...] = ("numeric", "categorical")
"""Columns of other kinds are counted by what is derived from them (`sentinel.features`)."""
MOST_CELLS = 100
"""Categories with a fine cell of their own; the rest count as other."""
MOST_COMPARED = 20_000
"""Rows that are compared with each other, to know how often equal ones are to be expected."""
MOST_POOLED = 4096
"""Names of pooled categories remembered, to tell rare ones from new ones."""
_SEED = 20_261_101
"""Fixes the survey's sampling: equal columns give an equal reference."""

Columns = Mapping[str, Any]


class Builder:
    """Builds a reference from chunks of columns: `survey` every chunk, then `count` every chunk, then `freeze`.

    kinds: kinds that override the inference, by column. predictions, labels: columns of that role, or whose derived
    columns have it, besides those whose name begins with "prediction". joint: whether to sketch the joint law of the
    numeric inputs; their groups take another pass (`grouped`). truths: columns that tell how good the predictions are;
    those with probabilities alone are no features. segments: categorical columns whose most frequent values are also
    counted each for itself.
    """

    def __init__(
        self,
        *,
        kinds: Mapping[str, Kind] | None = None,
        predictions: Sequence[str] = (),
        labels: Sequence[str] = (),
        joint: bool = False,
        truths: TruthColumns | None = None,
        segments: Sequence[str] = (),
    ) -> None:
        self._joint = joint
        self._truth_columns = truths
        self._segments = tuple(segments)
        self._by_segment: dict[str, list[Tally]] = {}
        self._kinds = dict(kinds or {})
        self._predictions, self._labels = frozenset(predictions), frozenset(labels)
        self._rng = np.random.default_rng(_SEED)
        self._truths = Truths(truths, np.random.default_rng(_SEED)) if truths else None
        self._surveys: dict[str, ColumnSurvey] = {}
        self._tally: Tally | None = None
        self._repeats = RepeatCounter((), 0)
        self._rows = 0

    def survey(self, columns: Columns) -> None:
        """First pass over a chunk. ValueError where its columns differ in length or from those of earlier chunks."""
        _same_length(columns)
        self._check_truths(columns)
        columns = self._features(columns)
        if not self._surveys:
            self._surveys = {name: ColumnSurvey(self._rng) for name in columns}
            self._check_names()
        if self._surveys.keys() != columns.keys():
            odd = sorted(self._surveys.keys() ^ columns.keys())
            raise ValueError(f"column {odd[0]!r} is in some chunks only; every chunk needs the same columns")
        for name, column in columns.items():
            self._surveys[name].look(column)

    def count(self, columns: Columns) -> None:
        """Second pass over a chunk."""
        if self._tally is None:
            plan = self._plan()
            self._tally = Tally(plan)
            inputs = [spec.name for spec in plan.schema if spec.role == "input"]
            self._repeats = RepeatCounter(inputs, MOST_COMPARED)
            self._by_segment = {column: self._tallies(plan, column) for column in self._segments}
        rows = _same_length(columns)
        self._rows += rows
        features = self._features(columns)
        count_columns(self._tally, features, rows)
        if self._truths is not None:
            self._truths.add(columns, rows)
        self._repeats.add(features)
        for column, tallies in self._by_segment.items():
            for at, part, size in split(features, _values_of(self._tally.reference, column), column):
                count_columns(tallies[at], part, size)

    def freeze(self, *, name: str, version: str) -> FrozenReference:
        """The reference. ValueError when there was not one row."""
        if self._tally is None or not self._rows:
            raise ValueError("a reference needs at least one row; the columns hold none")
        plan, tally = self._tally.reference, self._tally
        frozen = replace(
            plan,
            name=name,
            version=version,
            rows=self._rows,
            numeric=replace(plan.numeric, counts=tally.numeric, sums=tally.sums),
            categorical=replace(plan.categorical, counts=tally.categorical),
            numeric_book=bins.numeric_book(tally.numeric, plan.numeric.bins),
            categorical_book=bins.categorical_book(tally.categorical, _known(plan.categorical)),
            joint=tally.joint,
            standard=self._truths.finish() if self._truths is not None else None,
            repeats=(self._repeats.looked, self._repeats.equal_pairs),
        )
        return replace(frozen, segments=tuple(self._segment(frozen, column) for column in self._segments))

    def _tallies(self, plan: FrozenReference, column: str) -> list[Tally]:
        """One for each value told apart and one for the others. ValueError for a column that is no category."""
        if column not in plan.categorical.names:
            known = ", ".join(plan.categorical.names[:5]) or "there are none"
            raise ValueError(f"segments names {column!r}, which is no categorical column; these are: {known}")
        return [Tally(replace(plan, joint=None)) for _ in (*_values_of(plan, column), OTHERS)]

    def _segment(self, frozen: FrozenReference, column: str) -> Segments:
        coarse = [frozen.coarse(tally.numeric, tally.categorical) for tally in self._by_segment[column]]
        return Segments(column, _values_of(frozen, column), np.stack(coarse))

    def _features(self, columns: Columns) -> Columns:
        """The columns that become features."""
        if self._truth_columns is None:
            return columns
        apart = set(self._truth_columns.answers.scores.values()) - self._predictions
        return {name: column for name, column in columns.items() if name not in apart}

    def _check_truths(self, columns: Columns) -> None:
        if self._truth_columns is None:
            return
        for name in (self._truth_columns.label, *self._truth_columns.read):
            if name not in columns:
                raise ValueError(f"there is no column {name!r} to measure quality with; columns are {_some(columns)}")

    def _check_names(self) -> None:
        columns = self._surveys.keys()
        known = columns | {_source(column) for column in columns}
        named = (
            ("kinds", self._kinds, columns),
            ("predictions", self._predictions, known),
            ("labels", self._labels, known),
        )
        for what, names, candidates in named:
            unknown = sorted(set(names) - candidates)
            if unknown:
                raise ValueError(f"{what} names {unknown[0]!r}, which is no column; columns are {_some(self._surveys)}")
        for name, kind in self._kinds.items():
            if kind not in COUNTED_KINDS:
                raise ValueError(f"column {name!r} cannot be {kind!r}; its kind is {' or '.join(COUNTED_KINDS)}")

    def _plan(self) -> FrozenReference:
        """The reference with its cells laid out and nothing counted."""
        seen = {name: survey.finish(self._kinds.get(name)) for name, survey in self._surveys.items()}
        numeric = {name: column for name, column in seen.items() if column.kind == "numeric"}
        categorical = {name: column for name, column in seen.items() if column.kind == "categorical"}
        return FrozenReference(
            name="",
            version="",
            rows=0,
            schema=tuple(FeatureSpec(name, column.kind, self._role(name)) for name, column in seen.items()),
            numeric=_numeric_table(numeric),
            categorical=_categorical_table(categorical),
            numeric_book=np.zeros((0, 0), dtype=np.intp),
            categorical_book=np.zeros((0, 0), dtype=np.intp),
            joint=JointSketch.nothing() if self._joint else None,
        )

    def _role(self, name: str) -> Role:
        named = {name, _source(name)}
        if named & self._labels:
            return "label"
        return "prediction" if named & self._predictions or name.lower().startswith("prediction") else "input"


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
    told = {"predictions": predictions, "labels": labels, "segments": segments}
    builder = Builder(kinds=kinds, joint=joint, truths=truths, **told)
    builder.survey(columns)
    builder.count(columns)
    frozen = builder.freeze(name=name, version=version)
    return grouped(frozen, [columns]) if joint else frozen


def _values_of(reference: FrozenReference, column: str) -> tuple[str, ...]:
    """The values of a categorical column that are segments of their own."""
    table = reference.categorical
    return table.categories[table.names.index(column)][:MOST_VALUES]


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


def _numeric_table(seen: Mapping[str, Surveyed]) -> NumericTable:
    edges = [bins.fine_edges(column.values, column.low, column.high) for column in seen.values()]
    means = [bins.bin_means(own, column.values) for own, column in zip(edges, seen.values(), strict=True)]
    m = np.array([len(row) - 1 for row in edges], dtype=np.intp)
    quantiles = np.array([_quantiles(column) for column in seen.values()]).reshape(-1, len(PROBABILITIES))
    return NumericTable(
        names=tuple(seen),
        edges=_padded(edges, np.inf),
        bins=m,
        means=_padded(means, 0.0),
        counts=np.zeros((len(edges), bins.numeric_width(m)), dtype=np.int64),
        centre=np.nan_to_num(quantiles[:, PROBABILITIES.index(0.5)]),
        scale=np.array([_deviation(column) for column in seen.values()]),
        sums=np.zeros((len(edges), 2), dtype=np.int64),
        quantiles=quantiles,
    )


def _padded(rows: Sequence[Floats], filler: float) -> Floats:
    padded = np.full((len(rows), max(map(len, rows), default=0)), filler)
    for into, row in zip(padded, rows, strict=True):
        into[: len(row)] = row
    return padded


def _deviation(column: Surveyed) -> float:
    """Standard deviation; half the range where it is beyond floats; 1 where it is 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(np.std(column.values)) if len(column.values) else 0.0
    return (deviation if np.isfinite(deviation) else column.high / 2 - column.low / 2) or 1.0


def _quantiles(column: Surveyed) -> Floats:
    if not len(column.values):
        return np.full(len(PROBABILITIES), np.nan)
    found = np.quantile(column.values, PROBABILITIES, method="inverted_cdf")  # values that occurred, never between
    found[0], found[-1] = column.low, column.high
    return found


def _categorical_table(seen: Mapping[str, Surveyed]) -> CategoricalTable:
    chosen = [_cells(column) for column in seen.values()]
    table = CategoricalTable(
        names=tuple(seen),
        categories=tuple(categories for categories, _, _ in chosen),
        pooled=tuple(pooled for _, pooled, _ in chosen),
        complete=tuple(complete for _, _, complete in chosen),
        counts=np.zeros((0, 0), dtype=np.int64),
    )
    width = bins.categorical_width(_known(table))
    return replace(table, counts=np.zeros((len(chosen), width), dtype=np.int64))


def _cells(column: Surveyed) -> tuple[tuple[str, ...], frozenset[str], bool]:
    """Categories with a cell of their own, pooled ones, and whether these are all."""
    ranked = sorted(column.texts.items(), key=lambda item: (-item[1], item[0]))
    own = [text for text, rows in ranked[:MOST_CELLS] if rows >= bins.POOLED_BELOW]
    rest = [text for text, _ in ranked[len(own) :]]
    return tuple(own), frozenset(rest[:MOST_POOLED]), column.complete and len(rest) <= MOST_POOLED


def _known(table: CategoricalTable) -> np.ndarray[Any, np.dtype[np.intp]]:
    return np.array([len(names) for names in table.categories], dtype=np.intp)


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:5]) + (" …" if len(shown) > 5 else "")
