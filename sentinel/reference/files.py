"""The edge of this package that reads and writes files: reference files, and tables to build a reference from.

Tables are read in chunks, twice, so that memory does not grow with their length.
"""

import csv
import io
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sentinel.reference.adapt import columns_of
from sentinel.reference.build import Builder
from sentinel.reference.codec import from_bytes, to_bytes
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.grouping import grouped
from sentinel.reference.packing import FormatError
from sentinel.reference.schema import Kind
from sentinel.reference.survey import TEXT_SHARE
from sentinel.reference.truths import TruthColumns

CHUNK_ROWS = 20_000
MISSING_WORDS = frozenset(("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>"))
"""What stands for a missing value in CSV, as pandas reads it."""
LONGEST_FIELD = 1 << 20
"""Characters of a CSV field beyond which the file is refused as none."""

_CODES = re.compile(r"^[+-]?0\d|\d_\d", re.MULTILINE)
"""What float() would read though it is no number as people write them: 007, 1_000."""

Chunk = tuple[Mapping[str, Any], float]
"""Columns, and the share of the file read so far."""


class Derive(Protocol):
    """Makes the columns to be counted from those of a chunk, and may have to see all chunks before it can."""

    def learn(self, columns: Mapping[str, Any]) -> bool:
        """Look at a chunk; False where nothing is to be learnt from it nor from any other."""

    def __call__(self, columns: Mapping[str, Any]) -> Mapping[str, Any]: ...

    def vocabularies(self) -> dict[str, bytes]:
        """What the reference keeps of what was learnt."""


Progress = Callable[[float], None]
"""Called with the share of the work done, 0 … 1."""


class ReferenceFileError(ValueError):
    """A file that cannot be used; the message is one sentence that names it, why, and what to do."""


def save(reference: FrozenReference, path: str | os.PathLike[str]) -> None:
    """Write the reference, whole or not at all: into a new file beside it, then renamed over it."""
    target = Path(path)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        fresh.write_bytes(to_bytes(reference))
        fresh.replace(target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ReferenceFileError(
            f"cannot write reference {target}: {error.strerror}; check folder and space"
        ) from error


def load(path: str | os.PathLike[str]) -> FrozenReference:
    """Read a reference; ReferenceFileError when it is unreadable, foreign, newer, cut short or damaged."""
    try:
        return from_bytes(Path(path).read_bytes())
    except OSError as error:
        raise ReferenceFileError(f"cannot read reference {path}: {error.strerror}; check path and rights") from error
    except FormatError as error:
        raise ReferenceFileError(f"cannot use {path} as a reference: {error}") from error


def build_from_file(
    path: str | os.PathLike[str],
    *,
    name: str,
    version: str,
    kinds: Mapping[str, Kind] | None = None,
    predictions: Sequence[str] = (),
    labels: Sequence[str] = (),
    joint: bool = False,
    truths: TruthColumns | None = None,
    segments: Sequence[str] = (),
    progress: Progress | None = None,
    derive: Derive | None = None,
) -> FrozenReference:
    """The reference of a CSV or Parquet file (told by its ending). ReferenceFileError says what is wrong with it.

    derive: makes the columns to be counted from those of each chunk (texts to their lengths, say).
    """
    table = Path(path)
    chunks = parquet_chunks if table.suffix.lower() in (".parquet", ".pq") else csv_chunks
    tell = progress or (lambda _share: None)
    made = derive or (lambda columns: columns)
    told = {"predictions": predictions, "labels": labels, "segments": segments}
    builder = Builder(kinds=kinds, joint=joint, truths=truths, **told)
    try:
        if derive is not None:
            all(derive.learn(columns) for columns, _ in chunks(table))  # until there is nothing to learn
        for columns, share in chunks(table):
            builder.survey(made(columns))
            tell(share / 2)
        for columns, share in chunks(table):
            builder.count(made(columns))
            tell(0.5 + share / 2)
        frozen = builder.freeze(name=name, version=version)
        if joint:
            frozen = grouped(frozen, (made(columns) for columns, _ in chunks(table)))
        return replace(frozen, vocabularies=derive.vocabularies()) if derive is not None else frozen
    except OSError as error:
        raise ReferenceFileError(f"cannot read {table}: {error.strerror or error}; check path and rights") from error
    except (ValueError, csv.Error) as error:
        raise ReferenceFileError(f"cannot build a reference from {table}: {error}") from error


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


def parquet_chunks(path: Path) -> Iterator[Chunk]:
    """Chunks of a Parquet file; needs the extra `parquet`."""
    try:
        from pyarrow import parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise ValueError("reading Parquet needs pyarrow; install sentinel-sidecar[parquet]") from error
    with parquet.ParquetFile(path) as file:
        total, done = max(1, file.metadata.num_rows), 0
        for batch in file.iter_batches(batch_size=CHUNK_ROWS):
            done += batch.num_rows
            yield columns_of(batch), done / total
