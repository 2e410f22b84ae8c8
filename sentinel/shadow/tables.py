"""Files of rows, of request bodies and of predictions, for `sentinel compare`.

CSV and Parquet hold a row a line; JSON lines hold an object a line: a row's outputs in a file of predictions, a whole
request body in a file of requests.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sentinel.decode.rows import Column
from sentinel.decode.values import column
from sentinel.reference.tables import csv_chunks, parquet_chunks

JSON_LINES = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet", ".pq")

Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows become request bodies. body: a key of BODIES; datatype: of numbers, in V2."""

    body: str
    batch_rows: int = 8
    datatype: str = "FP32"


def read_table(path: Path) -> dict[str, Column]:
    """All columns of a table. Raises OSError or ValueError with what is wrong."""
    if path.suffix.lower() in JSON_LINES:
        return _columns([_object(line, number) for number, line in _lines(path)])
    chunks: list[Columns] = [columns for columns, _share in _chunks(path)]
    if not chunks:
        raise ValueError("it holds no rows")
    return {name: _joined([chunk[name] for chunk in chunks]) for name in chunks[0]}


def read_bodies(path: Path, layout: Layout) -> Iterator[bytes]:
    """Request bodies of a file: its lines, or its rows in batches. Raises OSError or ValueError."""
    if path.suffix.lower() in JSON_LINES:
        yield from (line for _number, line in _lines(path))
        return
    for columns, _share in _chunks(path):
        rows = len(next(iter(columns.values()), ()))
        for start in range(0, rows, layout.batch_rows):
            batch = {name: _plain(values[start : start + layout.batch_rows]) for name, values in columns.items()}
            yield json.dumps(BODIES[layout.body](batch, layout)).encode()


def body_for(url: str) -> str:
    """The kind of body that an address asks for."""
    if "/v2/" in url:
        return "v2"
    return "v1" if "/v1/" in url or url.endswith(":predict") else "rows"


def _v2(batch: Mapping[str, list[Any]], layout: Layout) -> dict[str, Any]:
    """Open Inference Protocol: one [rows, 1] tensor per column."""
    return {
        "inputs": [
            {"name": name, "shape": [len(values), 1], "datatype": _datatype(values, layout), "data": values}
            for name, values in batch.items()
        ]
    }


def _datatype(values: Sequence[Any], layout: Layout) -> str:
    return "BYTES" if any(isinstance(value, str) for value in values) else layout.datatype


def _records(batch: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(batch, row, strict=True)) for row in zip(*batch.values(), strict=True)]


BODIES: Mapping[str, Callable[[Mapping[str, list[Any]], Layout], Any]] = {
    "v2": _v2,
    "v1": lambda batch, _layout: {"instances": _records(batch)},
    "rows": lambda batch, _layout: _records(batch),
}
"""Open Inference Protocol; TensorFlow Serving and KServe V1; a list of objects."""


def _chunks(path: Path) -> Iterator[tuple[Columns, float]]:
    return (parquet_chunks if path.suffix.lower() in PARQUET else csv_chunks)(path)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers."""
    with path.open("rb") as file:
        for number, line in zip(count(1), file, strict=False):
            if line.strip():
                yield number, line.strip()


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise ValueError(f"line {number} is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise ValueError(f"line {number} is no JSON object")
    return found


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    if not rows:
        raise ValueError("it holds no rows")
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _values([row.get(name) for row in rows]) for name in names}


def _values(values: list[Any]) -> Column:
    """Numbers, texts, or vectors where every value is a list of as many numbers."""
    if all(isinstance(value, list) for value in values):
        return np.array(values, dtype=np.float64)
    return column(values)


def _joined(parts: Sequence[Column]) -> Column:
    """One column of its chunks; numbers only where every chunk holds numbers."""
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate([np.asarray(part) for part in parts])
    return [value for part in parts for value in _plain(part)]


def _plain(values: Column) -> list[Any]:
    """JSON values; missing is null."""
    items = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return [None if isinstance(value, float) and value != value else value for value in items]
