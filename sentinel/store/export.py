"""Stored windows as JSON lines or Parquet: for notebooks and warehouses. Writes files; knows rows, not tables."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import msgspec

from sentinel.store.errors import StoreError

Format = Literal["json", "parquet"]
ROWS_AT_ONCE = 10_000  # rows of a Parquet row group: a few MB


def json_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """One JSON object a line; what is not a number is null."""
    return (msgspec.json.encode(row) + b"\n" for row in rows)


def write(rows: Iterable[Mapping[str, Any]], path: Path, kind: Format) -> int:
    """Write rows to a file that appears whole or not at all; how many. StoreError where pyarrow is missing."""
    aside = path.with_name(f"{path.name}.part")
    try:
        count = _write_parquet(rows, aside) if kind == "parquet" else _write_json(rows, aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return count


def _write_json(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    count = 0
    with path.open("wb") as file:
        for line in json_lines(rows):
            file.write(line)
            count += 1
    return count


def _write_parquet(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise StoreError(
            "Parquet needs pyarrow, which is not installed: pip install 'sentinel-sidecar[parquet]'"
        ) from error
    remaining = iter(rows)
    table = pa.Table.from_pylist([dict(row) for row in islice(remaining, ROWS_AT_ONCE)])
    count: int = table.num_rows
    with parquet.ParquetWriter(path, table.schema, compression="zstd") as writer:
        while table.num_rows:
            writer.write_table(table)
            table = pa.Table.from_pylist([dict(row) for row in islice(remaining, ROWS_AT_ONCE)], schema=table.schema)
            count += table.num_rows
    return count
