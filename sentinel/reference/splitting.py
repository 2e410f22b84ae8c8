"""Rows split by the segment they belong to. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentinel.reference.values import category, listed


def split(
    columns: Mapping[str, Any], values: Sequence[str], column: str
) -> Iterator[tuple[int, Mapping[str, Any], int]]:
    """(segment, columns of its rows, rows) of each segment that occurs; none where the column is absent."""
    if column not in columns:
        return
    place = {value: at for at, value in enumerate(values)}
    found = [place.get(_word(value), len(values)) for value in listed(columns[column])]
    if len(set(found)) == 1:
        yield found[0], columns, len(found)
        return
    at = np.array(found, dtype=np.intp)
    for segment in np.unique(at).tolist():
        rows = np.flatnonzero(at == segment)
        yield segment, {name: _taken(values, rows) for name, values in columns.items()}, len(rows)


def _word(value: object) -> str:
    text = category(value)
    return text if isinstance(text, str) else ""


def _taken(column: Any, rows: NDArray[np.intp]) -> Any:
    if isinstance(column, np.ndarray):
        return column[rows]
    values = listed(column)
    return [values[row] for row in rows.tolist() if row < len(values)]
