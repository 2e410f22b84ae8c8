"""The frozen reference: bins, counts, moments and quantiles of every feature, in arrays over all features.

Only the values and their layout live here; building, saving and describing are other modules of this package.

Layout. Numeric features share one padded table of fine cells, categorical features another. A row of a window falls
into exactly one cell of a feature, so the cells of a feature sum to its rows.

    numeric, cell      0          1 … m            m + 1        … zeros …  W − 2     W − 1
                       below      fine bins        above                   missing   wrong type
    categorical, cell  0 … m − 1              … zeros …  W − 4   W − 3   W − 2     W − 1
                       categories                        other   new     missing   wrong type

Fine bins are half-open [edge, next edge). An atom a (a repeated exact value) has [a, next float after a) to itself.
The budget book reads coarser cells (`BookCells`), each a union of fine cells.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sentinel.labels.standard import Standard, to_plain
from sentinel.reference.groups import JointReference
from sentinel.reference.joint import JointSketch
from sentinel.reference.packing import pack_array
from sentinel.reference.schema import FeatureSpec
from sentinel.reference.segments import Segments

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

NUMERIC_TAIL = 2
"""Cells at the end of a numeric row: missing, wrong type."""
CATEGORICAL_TAIL = 4
"""Cells at the end of a categorical row: other, new, missing, wrong type."""

PROBABILITIES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
"""Quantiles kept of every numeric feature; the first and last are minimum and maximum."""


@dataclass(frozen=True, slots=True, eq=False)
class NumericTable:
    """Numeric features, one row of each array per feature; `counts` has the cells of the layout above.

    edges: [F, E] ascending, padded with +inf; bins: [F] number of fine bins m, whose edges are the first m + 1.
    means: [F, E] mean of the reference inside each fine bin (the middle of an empty one), padded with 0.
    centre, scale: [F] median and standard deviation of the reference (scale 1 for a constant feature).
    sums: [F, 2] Σu and Σu² of u = (value − centre) / scale, as in windows (`tally`). quantiles: [F, P].
    """

    names: tuple[str, ...]
    edges: Floats
    bins: Ints
    means: Floats
    counts: Counts
    centre: Floats
    scale: Floats
    sums: Counts
    quantiles: Floats

    @property
    def width(self) -> int:
        return int(self.counts.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class CategoricalTable:
    """Categorical features, one row per feature; `counts` has the cells of the layout above.

    categories: the most frequent first. pooled: known categories counted as other. complete: whether `categories` and
    `pooled` are all that the reference held; where not, an unknown category counts as other, never as new.
    """

    names: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    pooled: tuple[frozenset[str], ...]
    complete: tuple[bool, ...]
    counts: Counts

    @property
    def width(self) -> int:
        return int(self.counts.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class BookCells:
    """The coarse cells of all features, numeric first, padded: what the budget book bets on.

    counts: [F, K] reference rows per cell. cells: [F] cells in use. ordered: [F] how many of them, from the first,
    lie in ascending order (0 for categorical features).
    Numeric cells: below, ten or so quantile bins with frequent values in bins of their own, above (these are ordered),
    elsewhere (values between frequent ones where the reference had none; only where that can be), missing.
    Categorical cells: top categories, other, missing. Wrong types count as missing.
    """

    names: tuple[str, ...]
    roles: tuple[str, ...]
    counts: Counts
    cells: Ints
    ordered: Ints


@dataclass(frozen=True, eq=False)
class FrozenReference:
    """What windows are compared with. Immutable; equal content gives an equal `fingerprint` (sha256, hexadecimal).

    numeric_book, categorical_book: [F, W] fine cell -> coarse cell, for the two tables.
    joint: sketch of the joint law of the numeric inputs, and groups: inputs counted together, where asked for.
    repeats: rows that were compared with each other, and pairs of equal ones among them.
    segments: what it holds of the values of the columns that it was to tell apart.
    vocabularies: by text column, which tokens its texts have (`sentinel.features.vocabulary`, as bytes).
    standard: quality of the predictions and calibration of their scores, where the rows had labels.
    """

    name: str
    version: str
    rows: int
    schema: tuple[FeatureSpec, ...]
    numeric: NumericTable
    categorical: CategoricalTable
    numeric_book: Ints
    categorical_book: Ints
    joint: JointSketch | None = None
    vocabularies: Mapping[str, bytes] = field(default_factory=dict)
    groups: JointReference | None = None
    standard: Standard | None = None
    repeats: tuple[int, int] = (0, 0)
    segments: tuple[Segments, ...] = ()

    @cached_property
    def specs(self) -> Mapping[str, FeatureSpec]:
        return {spec.name: spec for spec in self.schema}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Counted features, numeric first: the order of all arrays over features."""
        return self.numeric.names + self.categorical.names

    @cached_property
    def fingerprint(self) -> str:
        return hashlib.sha256(msgspec.msgpack.encode(content_of(self), order="deterministic")).hexdigest()

    @cached_property
    def book(self) -> BookCells:
        """The reference's own coarse counts."""
        counts = self.coarse(self.numeric.counts, self.categorical.counts)
        cells = [int(row.max()) + 1 for book in (self.numeric_book, self.categorical_book) for row in book]
        ordered = [int(row[m + 1]) + 1 for row, m in zip(self.numeric_book, self.numeric.bins, strict=True)]
        return BookCells(
            names=self.names,
            roles=tuple(self.specs[name].role for name in self.names),
            counts=counts,
            cells=np.array(cells, dtype=np.intp),
            ordered=np.array(ordered + [0] * len(self.categorical_book), dtype=np.intp),
        )

    @cached_property
    def numeric_cells(self) -> Counts:
        """The reference's own coarse counts of the numeric features, as wide as these need."""
        return self.coarse_numeric(self.numeric.counts)

    def coarse_numeric(self, numeric: Counts) -> Counts:
        """Coarse counts of the numeric features alone."""
        return _gathered(self.numeric_book, numeric)

    def coarse(self, numeric: Counts, categorical: Counts) -> Counts:
        """Coarse counts [F, K] of fine counts, features in the order of `names`."""
        parts = _gathered(self.numeric_book, numeric), _gathered(self.categorical_book, categorical)
        out = np.zeros((len(self.names), max(part.shape[1] for part in parts)), dtype=np.int64)
        out[: len(parts[0]), : parts[0].shape[1]] = parts[0]
        out[len(parts[0]) :, : parts[1].shape[1]] = parts[1]
        return out


def _gathered(book: Ints, counts: Counts) -> Counts:
    """Sums of the fine counts that share a coarse cell."""
    width = int(book.max(initial=-1)) + 1
    flat = np.arange(len(book))[:, None] * width + book
    sums = np.bincount(flat.ravel(), weights=counts.ravel(), minlength=len(book) * width)  # exact below 2⁵³ rows
    return sums.astype(np.int64).reshape(len(book), width)


def content_of(reference: FrozenReference) -> dict[str, Any]:
    """The canonical content as plain values: what the file holds and the fingerprint covers."""
    numeric, categorical = reference.numeric, reference.categorical
    arrays = ("edges", "bins", "means", "counts", "centre", "scale", "sums", "quantiles")
    known = {} if reference.standard is None else {"standard": to_plain(reference.standard)}
    return {
        "name": reference.name,
        "version": reference.version,
        "rows": reference.rows,
        "schema": [[spec.name, spec.kind, spec.role] for spec in reference.schema],
        "numeric": {"names": list(numeric.names), **{key: pack_array(getattr(numeric, key)) for key in arrays}},
        "categorical": {
            "names": list(categorical.names),
            "categories": [list(names) for names in categorical.categories],
            "pooled": [sorted(names) for names in categorical.pooled],
            "complete": list(categorical.complete),
            "counts": pack_array(categorical.counts),
        },
        "numeric_book": pack_array(reference.numeric_book),
        "categorical_book": pack_array(reference.categorical_book),
        **known,
        "joint": None if reference.joint is None else [reference.joint.rows, pack_array(reference.joint.sums)],
        **({"vocabularies": dict(reference.vocabularies)} if reference.vocabularies else {}),
        **({} if reference.groups is None else {"groups": _grouped(reference.groups)}),
        **({"segments": [_segments(segments) for segments in reference.segments]} if reference.segments else {}),
        **({"repeats": list(reference.repeats)} if any(reference.repeats) else {}),
    }


def _grouped(groups: JointReference) -> list[Any]:
    plan = groups.plan
    edges = {name: list(at) for name, at in plan.edges.items()}
    leading = {name: list(categories) for name, categories in plan.leading.items()}
    return [list(plan.names), edges, leading, pack_array(groups.counts)]


def _segments(segments: Segments) -> list[Any]:
    return [segments.column, list(segments.values), pack_array(segments.counts)]
