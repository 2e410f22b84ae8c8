"""The shapes in which JSON carries rows, and the columns they become: rows, records, columns. Knows no protocol."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sentinel.decode.options import DecodeOptions
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column
from sentinel.decode.values import block, column, column_names, flat_record, split


class Table(msgspec.Struct, frozen=True, gc=False):
    """Columns of equal length. numbers: it is known that no value is text."""

    rows: int
    columns: Mapping[str, Column]
    numbers: bool = False


def from_rows(values: Any, name: str, options: DecodeOptions) -> Table:
    """A list with one item per row: an object, a list or tensor, or a bare value. `name` names what has none."""
    if not isinstance(values, list):
        raise Refused(Reason.NO_ROWS)
    check_rows(len(values), options)
    if all(type(item) is dict for item in values):
        return from_records(values, options)
    if type(values[0]) is list:
        return _from_lists(values, name, options)
    return Table(len(values), {name: column(values)})


def _from_lists(values: list[Any], name: str, options: DecodeOptions) -> Table:
    """Rectangular rows; rows whose cells differ in shape become one block per position."""
    try:
        return Table(len(values), split(name, block(values), options.columns, options.max_columns))
    except Refused as refusal:
        if refusal.reason not in (Reason.BAD_TENSOR, Reason.BAD_VALUE) or len({_length(row) for row in values}) != 1:
            raise
    titles = column_names(name, len(values[0]), options.columns)
    return from_columns(dict(zip(titles, map(list, zip(*values, strict=True)), strict=True)), options)


def _length(row: Any) -> int:
    return len(row) if type(row) is list else -1


def from_records(records: Sequence[Mapping[str, Any]], options: DecodeOptions) -> Table:
    """One object per row; a key that a row lacks is missing there."""
    if all(type(value) is dict and value.keys() == {"b64"} for value in records):
        return Table(len(records), {"b64": [_binary(value) for value in records]})
    flat = [flat_record(record, options.max_columns) for record in records]
    names: dict[str, None] = {}
    for record in flat:
        names.update(dict.fromkeys(record))
        if len(names) > options.max_columns:
            raise Refused(Reason.TOO_MANY_COLUMNS)
    return from_columns({name: [record.get(name) for record in flat] for name in names}, options)


def from_columns(columns: Mapping[str, Any], options: DecodeOptions) -> Table:
    """One list per column; a list of vectors becomes numbered columns. Refused: row_mismatch, no_rows, …"""
    if len(columns) > options.max_columns:
        raise Refused(Reason.TOO_MANY_COLUMNS)
    lengths = {len(values) if type(values) is list else 1 for values in columns.values()}
    if len(lengths) != 1:
        raise Refused(Reason.ROW_MISMATCH if lengths else Reason.NO_ROWS)
    rows = lengths.pop()
    check_rows(rows, options)
    found: dict[str, Column] = {}
    for name, values in columns.items():
        found.update(_cells(name, values if type(values) is list else [values], options))
        if len(found) > options.max_columns:
            raise Refused(Reason.TOO_MANY_COLUMNS)
    return Table(rows, found)


def _cells(name: str, values: list[Any], options: DecodeOptions) -> Mapping[str, Column]:
    """One named column's values, wherever they are vectors, binary or plain."""
    if any(type(value) is list for value in values):
        return split(name, block(values), (), options.max_columns)
    return {name: column([_binary(value) if type(value) is dict else value for value in values])}


def _binary(value: Any) -> Any:
    """The bytes of `{"b64": text}`; other objects cannot be a cell."""
    text = value.get("b64") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise Refused(Reason.BAD_VALUE)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.BAD_VALUE) from None


def from_split(split: Mapping[str, Any], options: DecodeOptions) -> Table:
    """pandas' split form: `columns` (names) and `data` (rows). Refused: no_rows, bad_value."""
    names, rows = split.get("columns"), split.get("data")
    if not isinstance(rows, list) or not rows:
        raise Refused(Reason.NO_ROWS)
    if not isinstance(names, list) or any(not isinstance(row, list) or len(row) != len(names) for row in rows):
        raise Refused(Reason.BAD_VALUE)
    return from_columns(dict(zip(map(str, names), map(list, zip(*rows, strict=True)), strict=True)), options)


def check_rows(rows: int, options: DecodeOptions) -> None:
    """Refused: no_rows, too_many_rows."""
    if rows == 0:
        raise Refused(Reason.NO_ROWS)
    if rows > options.max_rows:
        raise Refused(Reason.TOO_MANY_ROWS)
