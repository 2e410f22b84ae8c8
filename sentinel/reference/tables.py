"""Tables on disk, CSV and Parquet, in parts and chunks: read as often as needed, never whole.

A Parquet file is cut between row groups; a CSV file is one part, since a quoted field may hold line breaks.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from sentinel.reference.adapt import columns_of
from sentinel.reference.declared import Columns
from sentinel.reference.survey import TEXT_SHARE

CHUNK_ROWS = 20_000
PART_ROWS = 500_000
"""Rows of a part of a Parquet file: seconds of work, and a survey of it is at most 1.6 MB a column."""
PARQUET = (".parquet", ".pq")
TABLES = (*PARQUET, ".csv")
MISSING_WORDS = frozenset(("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"))
"""What stands for a missing value in CSV, as pandas reads it."""
LONGEST_FIELD = 1 << 20
"""Characters of a CSV field beyond which the file is refused as none."""

_CODES = re.compile(r"^[+-]?0\d|\d_\d", re.MULTILINE)
"""What float() would read though it is no number as people write them: 007, 1_000."""

Chunk = tuple[Mapping[str, Any], float]
"""Columns, and the share of the file read so far."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A CSV file, or some row groups of a Parquet file. bytes: its size, to tell of progress."""

    number: int
    path: Path
    bytes: int
    groups: tuple[int, ...] = ()


def parts_of(paths: Iterable[Path]) -> list[FilePart]:
    """Files, or all of a folder's, cut where they can be: the same parts whoever asks."""
    files = [file for path in paths for file in (_tables_in(path) if path.is_dir() else [path])]
    found: list[FilePart] = []
    for path in files:
        pieces = _pieces(path) if _is_parquet(path) else [((), path.stat().st_size)]
        found += [FilePart(len(found) + place, path, size, groups) for place, (groups, size) in enumerate(pieces)]
    return found


def _tables_in(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in TABLES)
    if not found:
        raise ValueError(f"the folder {folder} holds no table; tables end in {', '.join(TABLES)}")
    return found


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in PARQUET


def _pieces(path: Path) -> list[tuple[tuple[int, ...], int]]:
    """Consecutive row groups that make about `PART_ROWS` rows, and their size in bytes."""
    with _parquet(path) as file:
        groups = [file.metadata.row_group(index) for index in range(file.metadata.num_row_groups)]
    pieces: list[tuple[tuple[int, ...], int]] = []
    rows = PART_ROWS
    for index, group in enumerate(groups):
        if rows >= PART_ROWS:
            pieces.append(((), 0))
            rows = 0
        rows += group.num_rows
        own, size = pieces[-1]
        pieces[-1] = ((*own, index), size + group.total_byte_size)
    return pieces


def read(part: FilePart) -> Iterator[Columns]:
    """The rows of a part, in chunks."""
    return (columns for columns, _ in chunks_of(part))


def chunks_of(part: FilePart) -> Iterator[Chunk]:
    return parquet_chunks(part.path, part.groups) if part.groups else csv_chunks(part.path)


def csv_chunks(path: Path) -> Iterator[Chunk]:
    """Chunks of a CSV file with a header line."""
    size = max(1, path.stat().st_size)
    csv.field_size_limit(LONGEST_FIELD)
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
        rows = filter(None, csv.reader(file))  # blank lines come as empty rows
        names = _header(next(rows, []))
        while chunk := list(islice(rows, CHUNK_ROWS)):
            odd = next((row for row in chunk if len(row) != len(names)), names)
            if len(odd) != len(names):
                raise ValueError(f"a line has {len(odd)} fields where the header has {len(names)}: one row per line")
            yield dict(zip(names, map(parsed, zip(*chunk, strict=True)), strict=True)), raw.tell() / size


def _header(names: list[str]) -> list[str]:
    twice = [name for name in names if names.count(name) > 1]
    if not names or "" in names or twice:
        wrong = f"names {twice[0]!r} twice" if twice else "has an unnamed column" if names else "is missing"
        raise ValueError(f"its header line {wrong}; name every column once in the first line")
    return names


def parsed(texts: Sequence[str]) -> Any:
    """A column of CSV texts: a float array where all are numbers or missing, else a list.

    Digits with leading zeros (postal codes, ids) are text, as are all values of a column with more than a few texts.
    """
    blob = "\n".join(texts)
    if not _CODES.search(blob):
        try:
            return np.array([math.nan if text in MISSING_WORDS else float(text) for text in texts])
        except ValueError:
            pass
        values = [None if text in MISSING_WORDS else _number_or_text(text) for text in texts]
        if sum(type(value) is str for value in values) <= TEXT_SHARE * len(values):
            return values
    return [None if text in MISSING_WORDS else text for text in texts]


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def parquet_chunks(path: Path, groups: Sequence[int] | None = None) -> Iterator[Chunk]:
    """Chunks of a Parquet file, or of some row groups of it."""
    with _parquet(path) as file:
        chosen = range(file.metadata.num_row_groups) if groups is None else groups
        total = max(1, sum(file.metadata.row_group(group).num_rows for group in chosen))
        done = 0
        for batch in file.iter_batches(batch_size=CHUNK_ROWS, row_groups=chosen):
            done += batch.num_rows
            yield columns_of(batch), done / total


def _parquet(path: Path) -> Any:
    """The file, opened; needs the extra `parquet`."""
    try:
        from pyarrow import parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise ValueError("reading Parquet needs pyarrow; install sentinel-sidecar[parquet]") from error
    return parquet.ParquetFile(path)
