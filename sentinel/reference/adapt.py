"""Tables of other libraries as columns: Arrow tables and batches, data frames, mappings. None of them is imported.

A table is told by what it can do, so this file knows pandas, polars and Arrow by their methods only.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def columns_of(table: Any) -> Mapping[str, Any]:
    """Columns (name -> array or list of one value per row) of a mapping, an Arrow table or batch, or a data frame.

    TypeError for anything else.
    """
    if isinstance(table, Mapping):
        return {str(name): column_of(column) for name, column in table.items()}
    names = getattr(table, "column_names", None)  # Arrow
    if names is None:
        names = getattr(table, "columns", None)  # pandas, polars
    if names is None or callable(names):
        raise TypeError(f"columns cannot be read from {type(table).__name__}; give a mapping of name to values")
    return {str(name): column_of(table[name]) for name in _listed(names)}


def column_of(column: Any) -> Any:
    """One column as an array or a list of Python values, missing ones None or NaN."""
    if isinstance(column, list | np.ndarray):
        return column
    if hasattr(column, "to_pylist"):  # Arrow; numbers without nulls come as an array, the rest as Python values
        return _arrow(column)
    if hasattr(column, "to_numpy"):  # pandas and polars series
        values = column.to_numpy()
        return values if values.dtype.kind in "fiubM" else values.tolist()
    return list(column)


def _arrow(column: Any) -> Any:
    kind = str(column.type)
    if column.null_count == 0 and kind in _PLAIN:
        return np.asarray(column)
    return column.to_pylist()


_PLAIN = frozenset(("double", "float", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"))


def _listed(names: Iterable[Any]) -> list[Any]:
    return list(names)
