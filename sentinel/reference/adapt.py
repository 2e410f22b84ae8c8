"""Tables of other libraries as columns: Arrow tables and batches, data frames, mappings. None of them is imported.

A table is told by what it can do, so this file knows pandas, polars and Arrow by their methods only.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sentinel.reference.values import Coded


def columns_of(table: Any) -> Mapping[str, Any]:
    """Columns (name -> array or list of one value per row) of a mapping, an Arrow table or batch, or a data frame.

    TypeError for anything else.
    """
    if isinstance(table, Mapping):
        if set(map(type, table.values())) <= _READY:
            return table
        return {str(name): column_of(column) for name, column in table.items()}
    names = getattr(table, "column_names", None)  # Arrow
    if names is None:
        names = getattr(table, "columns", None)  # pandas, polars
    if names is None or callable(names):
        raise TypeError(f"columns cannot be read from {type(table).__name__}; give a mapping of name to values")
    return {str(name): column_of(table[name]) for name in names}


_READY = {list, np.ndarray, Coded}


def column_of(column: Any) -> Any:
    """One column as an array, a list of Python values or a coded column, missing ones None or NaN."""
    if isinstance(column, list | np.ndarray | Coded):
        return column
    if type(getattr(column, "dtype", None)).__name__ == "CategoricalDtype":  # pandas
        return Coded(np.asarray(column.cat.codes), list(column.cat.categories))
    if hasattr(type(column), "to_pylist"):  # Arrow; numbers without nulls come as an array, the rest as Python values
        return _arrow(column)
    if hasattr(type(column), "to_numpy"):  # pandas and polars series
        values = column.to_numpy()
        return values if values.dtype.kind in "fiubM" else values.tolist()
    return list(column)


def _arrow(column: Any) -> Any:
    kind = str(column.type)
    if column.null_count == 0 and kind in _PLAIN:
        return np.asarray(column)
    if kind.startswith("dictionary<"):
        whole = column.combine_chunks() if hasattr(column, "combine_chunks") else column
        return Coded(np.asarray(whole.indices.fill_null(-1)), whole.dictionary.to_pylist())
    values = column.to_pylist()
    return _vectors(values) if kind.startswith(("list<", "fixed_size_list<", "large_list<")) else values


def _vectors(values: list[Any]) -> Any:
    """Equally long vectors of numbers as one array [rows, dimensions]; anything else as it is."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        return values


_PLAIN = frozenset(("double", "float", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"))
