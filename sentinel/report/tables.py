"""The two tables that a tool for rows compares: what is normal, and the range. From rows where there are any.

Rows of the range: those that `capture.keep_rows` kept, else drawn from the sketches of its windows. Normal rows: a
table that is named, else drawn from the reference. What was drawn is said, as a notice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from random import Random
from typing import Any

from sentinel.library import Derivation
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.tables import csv_chunks, parquet_chunks
from sentinel.reference.values import listed
from sentinel.report.drawn import Columns, from_reference, from_window
from sentinel.store import SqlStore
from sentinel.store.contract import Selection
from sentinel.windows.kept import Reservoir, thinned

MOST_ROWS = 5_000
"""Rows of a table: plots and tests of such tools need no more, and take seconds."""
_SEED = 20_261_122

_DRAWN = (
    "{which} rows are synthetic: drawn from sketches, feature by feature. Distributions of single features are right; "
    "correlations, rows and duplicates mean nothing. {instead}"
)


class NoRows(Exception):
    """There is nothing to make a table of; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Columns of both tables, by kind; notices say where they are from."""

    normal: Columns
    range: Columns
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    notices: tuple[str, ...]


def tables(store: SqlStore, chosen: Selection, reference: FrozenReference, normal: Path | None) -> Tables:
    """Both tables over the features of the reference. Raises NoRows."""
    notices = []
    if normal is not None:
        before = _read(normal, reference.names)
        notices.append(f"The reference rows are a uniform sample of {_length(before):,} rows of {normal.name}.")
    else:
        before = from_reference(reference, min(MOST_ROWS, max(reference.rows, 1)))
        notices.append(_DRAWN.format(which="The reference", instead="Name the training table with --reference-rows."))
    now, notice = _range(store, chosen, reference)
    shared = [name for name in reference.names if name in before and name in now and _any(before[name], now[name])]
    numeric = tuple(name for name in shared if name in reference.numeric.names)
    return Tables(
        {name: before[name] for name in shared},
        {name: now[name] for name in shared},
        numeric,
        tuple(name for name in shared if name not in numeric),
        (*notices, notice),
    )


def _range(store: SqlStore, chosen: Selection, reference: FrozenReference) -> tuple[Columns, str]:
    samples = list(store.kept_rows(chosen))
    rows = thinned(samples, MOST_ROWS, Random(_SEED))
    if rows:
        seen = sum(sample.seen for sample in samples)
        columns = {name: [row.get(name) for row in rows] for name in reference.names if any(name in r for r in rows)}
        return columns, f"The current rows are a uniform sample of {len(rows):,} of {seen:,} rows (capture.keep_rows)."
    merged = [w for w in store.merge_windows(chosen) if w.reference_id == reference.fingerprint and w.rows]
    if not merged:
        raise NoRows(
            "no rows of this range were counted against this reference: choose another --from, --to or --model"
        )
    features = reduce(or_, (window.features for window in merged))
    count = min(MOST_ROWS, sum(window.rows for window in merged))
    instead = "Set capture.keep_rows to keep a bounded sample of real rows."
    return from_window(reference, features, count), _DRAWN.format(which="The current", instead=instead)


def _read(path: Path, names: Sequence[str]) -> Columns:
    """A uniform sample of a CSV or Parquet file, with what is derived from texts and dates."""
    chunks = parquet_chunks if path.suffix.lower() in (".parquet", ".pq") else csv_chunks
    derive, sample = Derivation(), Reservoir(MOST_ROWS, Random(_SEED))
    for chunk, _share in chunks(path):
        made = derive(chunk)
        sample.add({name: listed(made[name]) for name in names if name in made})
    return {name: [row.get(name) for row in sample.rows] for name in names if any(name in r for r in sample.rows)}


def _length(columns: Columns) -> int:
    return max(map(len, columns.values()), default=0)


def _any(*columns: Sequence[Any]) -> bool:
    """Whether each column has a value."""
    return all(any(v is not None and v == v for v in column) for column in columns)
