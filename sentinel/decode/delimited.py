"""Rows as lines: CSV (RFC 4180) and JSON lines. Knows no protocol."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from sentinel.decode import jsontext
from sentinel.decode.options import DecodeOptions
from sentinel.decode.reasons import Reason, Refused

CSV_TYPES = ("text/csv", "application/csv")
MAX_CELL_CHARACTERS = 131_072
"""Python's own limit of a field, which a process that reads tables may have raised."""
JSON_LINES_TYPES = ("application/jsonlines", "application/jsonl", "application/x-ndjson", "application/x-jsonlines")


def csv_rows(body: bytes, options: DecodeOptions) -> list[list[Any]]:
    """Lines of cells, numbers as numbers and empty cells as None. Refused: bad_csv, too_many_rows, too_many_columns."""
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        rows: list[list[Any]] = []
        for line in lines:
            if not line:
                continue
            if len(line) > options.max_columns:
                raise Refused(Reason.TOO_MANY_COLUMNS)
            if len(rows) > options.max_rows:  # one more than rows: a header
                raise Refused(Reason.TOO_MANY_ROWS)
            rows.append([_cell(cell) for cell in line])
    except (csv.Error, UnicodeDecodeError):
        raise Refused(Reason.BAD_CSV) from None
    if len(set(map(len, rows))) > 1:
        raise Refused(Reason.BAD_CSV)
    return rows


def _cell(text: str) -> Any:
    if not text:
        return None
    if len(text) > MAX_CELL_CHARACTERS:
        raise Refused(Reason.BAD_CSV)
    try:
        return float(text) if "_" not in text else text  # Python alone reads 1_000 as a number
    except ValueError:
        return text


def looks_like_header(row: Sequence[Any]) -> bool:
    """Whether every cell is text, and no two are the same: names of columns."""
    return all(isinstance(cell, str) for cell in row) and len(set(row)) == len(row)


def json_lines(body: bytes, options: DecodeOptions) -> list[Any]:
    """One JSON value per line. Refused: too_many_rows and the reasons of JSON."""
    lines = [line for line in body.split(b"\n", options.max_rows + 1) if line.strip()]
    if len(lines) > options.max_rows:
        raise Refused(Reason.TOO_MANY_ROWS)
    return [jsontext.parse(line) for line in lines]
