"""Two models' outputs on the same rows: which rows differ, and by how much. Pure; knows no protocol and no verdict.

An output is a class (text, truth value), a value (a number) or a vector (an embedding, an image). Classes differ when
they are not equal; values when they are further apart than `tolerance` standard deviations of the reference's own
values; vectors when the distance between them is more than `tolerance` of the reference's length.
Missing equals missing and nothing else. A row differs when any of its outputs does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from sentinel.decode.rows import Column

Floats = np.ndarray[Any, np.dtype[np.float64]]
Booleans = np.ndarray[Any, np.dtype[np.bool_]]
OutputKind = Literal["class", "value", "vector"]


@dataclass(frozen=True, slots=True)
class OutputPairs:
    """One output on paired rows. differs: [rows]. distances: [rows] in units of the scale, NaN where there is none."""

    kind: OutputKind
    differs: Booleans
    distances: Floats


@dataclass(frozen=True, slots=True)
class Compared:
    """All outputs on paired rows, by the reference's names. rows: [rows], whether any output differs."""

    rows: Booleans
    outputs: Mapping[str, OutputPairs] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The share of rows that differ."""
        return float(self.rows.mean()) if len(self.rows) else 0.0


@dataclass(slots=True)
class Scale:
    """Standard deviation of each of the reference's values, learnt from its first `rows` rows, then left as it is.

    Pairs are judged only afterwards, by a scale that they had no part in. sds: output -> its standard deviation; 0 for
    one that never varied. An output that came later is not known here: any distance between its values is a difference.
    """

    rows: int
    learnt: int = 0
    sds: dict[str, float] = field(default_factory=dict)
    _seen: dict[str, list[float]] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return self.learnt >= self.rows

    def learn(self, outputs: Mapping[str, Column]) -> None:
        """Take in rows of the reference."""
        self.learnt += max((len(column) for column in outputs.values()), default=0)
        for name, column in outputs.items():
            if (found := numbers(column)) is not None:
                self._seen.setdefault(name, []).extend(found[np.isfinite(found)].tolist())
        if self.ready:
            self.sds = {name: float(np.std(values)) if values else 0.0 for name, values in self._seen.items()}
            self._seen = {}


def compare(
    reference: Mapping[str, Column], candidate: Mapping[str, Column], scale: Scale, tolerance: float
) -> Compared:
    """Pair the rows of two answers. Every row differs where the candidate lacks rows or outputs."""
    rows = min((len(column) for column in reference.values()), default=0)
    partners = matched(reference, candidate)
    if partners is None or any(len(candidate[partner]) != rows for partner in partners.values()):
        return Compared(np.ones(rows, dtype=bool))
    outputs = {
        name: _output(column, candidate[partners[name]], scale.sds.get(name, 0.0), tolerance)
        for name, column in reference.items()
    }
    differs = np.zeros(rows, dtype=bool)
    for output in outputs.values():
        differs |= output.differs
    return Compared(differs, outputs)


def matched(reference: Mapping[str, Column], candidate: Mapping[str, Column]) -> dict[str, str] | None:
    """The candidate's output for each of the reference's: by name, or by place where all were renamed.

    None when one has no partner. Outputs that only the candidate has are no difference.
    """
    if reference.keys() <= candidate.keys():
        return {name: name for name in reference}
    renamed = len(reference) == len(candidate) and not reference.keys() & candidate.keys()
    return dict(zip(reference, candidate, strict=True)) if renamed else None


def numbers(column: Column) -> Floats | None:
    """A column as floats, missing as NaN; None when it is no column of single numbers."""
    if isinstance(column, np.ndarray):
        return column.astype(np.float64) if column.ndim == 1 and column.dtype.kind in "iuf" else None
    if any(type(value) not in (int, float, type(None)) for value in column):
        return None
    return np.array([np.nan if value is None else value for value in column], dtype=np.float64)


def _output(mine: Column, theirs: Column, sd: float, tolerance: float) -> OutputPairs:
    if isinstance(mine, np.ndarray) and mine.ndim > 1:
        return _vectors(mine, theirs, tolerance)
    values, other = numbers(mine), numbers(theirs)
    if values is None or other is None or not np.isfinite(values).any():
        return _classes(mine, theirs)
    with np.errstate(invalid="ignore"):
        away = np.where(values == other, 0.0, np.abs(values - other))  # equal infinities are no distance apart
    missing = np.isnan(values) | np.isnan(other)
    one_missing = np.isnan(values) != np.isnan(other)
    differs = one_missing | (~missing & (away > tolerance * sd))
    distances = away / sd if sd > 0 else np.where(away > 0, np.inf, 0.0)
    return OutputPairs("value", differs, np.where(missing, np.nan, distances))


def _classes(mine: Column, theirs: Column) -> OutputPairs:
    differs = np.array([not _same(a, b) for a, b in zip(_items(mine), _items(theirs), strict=True)], dtype=bool)
    return OutputPairs("class", differs, np.full(len(differs), np.nan))


def _same(mine: Any, theirs: Any) -> bool:
    """Equal, or both missing (None or NaN)."""
    return bool(mine == theirs) or (_missing(mine) and _missing(theirs))


def _missing(value: Any) -> bool:
    return value is None or value != value


def _items(column: Column) -> Sequence[Any]:
    items: Sequence[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    return items


def _vectors(mine: "np.ndarray[Any, Any]", theirs: Column, tolerance: float) -> OutputPairs:
    if not isinstance(theirs, np.ndarray) or theirs.shape != mine.shape:
        return OutputPairs("vector", np.ones(len(mine), dtype=bool), np.full(len(mine), np.nan))
    flat, other = (side.reshape(len(mine), -1).astype(np.float64) for side in (mine, theirs))
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.linalg.norm(flat - other, axis=1)
        lengths = np.linalg.norm(flat, axis=1)
        distances = np.where(away == 0, 0.0, away / lengths)
    same = np.array([np.array_equal(a, b, equal_nan=True) for a, b in zip(flat, other, strict=True)], dtype=bool)
    return OutputPairs("vector", ~same & ~(distances <= tolerance), distances)
