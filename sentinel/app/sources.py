"""Files of rows and captures, read piece by piece: what `sentinel replay` judges besides stored windows.

A source is a file, a folder of files (in the order of their paths) or `-` for standard input; files may be gzipped.
CSV and Parquet are tables; everything else is JSON, one document a line, or one array of documents.
"""

import gzip
import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from sentinel.intake.captures import Captures, kind_of
from sentinel.intake.events import BadEvent
from sentinel.reference.tables import csv_chunks, parquet_chunks
from sentinel.traffic.exchange import Exchange

Progress = Callable[[float], None]
"""Told the share that was read, from 0 to 1, where it is known."""
Columns = dict[str, Any]

STDIN = "-"
TABLES = {".csv": csv_chunks, ".parquet": parquet_chunks, ".pq": parquet_chunks}
ROWS_AT_ONCE = 4096


class SourceError(Exception):
    """A source that cannot be read; the sentence says where and why."""


def is_table(source: str) -> bool:
    return Path(source).suffix.lower() in TABLES


def table(source: str, tell: Progress) -> Iterator[Columns]:
    """Chunks of columns of a CSV or Parquet file."""
    path = Path(source)
    for columns, share in TABLES[path.suffix.lower()](path):
        tell(share)
        yield dict(columns)


def documents(source: str, tell: Progress) -> Iterator[Any]:
    """JSON documents of a source, each once. Raises SourceError."""
    paths = _paths(source)
    total = sum(path.stat().st_size for path in paths) or 1
    done = 0
    for path in paths:
        with path.open("rb") as raw, _plain(raw, path) as lines:
            for document in _documents(lines, str(path)):
                yield document
                tell((done + raw.tell()) / total)
        done += path.stat().st_size
    if source == STDIN:
        yield from _documents(sys.stdin.buffer, "standard input")


def split(found: Iterable[Any]) -> tuple[str, Iterator[Any]]:
    """The kind of the first document ("" where there is none), and all of them."""
    rest = iter(found)
    for first in rest:
        return _kind(first), _chained(first, rest)
    return "", rest


def exchanges(kind: str, found: Iterable[Any]) -> Iterator[Exchange]:
    """Exchanges of captures of one kind. Raises SourceError with the number of the document."""
    captures = Captures(kind)
    for number, document in enumerate(found, 1):
        try:
            yield from captures.take(document)
        except BadEvent as error:
            raise SourceError(f"document {number}: {error}") from error
    yield from captures.rest()


def rows(found: Iterable[Any]) -> Iterator[Columns]:
    """Chunks of columns of flat objects; a key that a row lacks is missing in it."""
    chunk: list[dict[str, Any]] = []
    for number, document in enumerate(found, 1):
        if not isinstance(document, dict):
            raise SourceError(f"document {number}: a row is a JSON object")
        chunk.append(document)
        if len(chunk) == ROWS_AT_ONCE:
            yield _columns(chunk)
            chunk = []
    if chunk:
        yield _columns(chunk)


def _columns(chunk: list[dict[str, Any]]) -> Columns:
    names = dict.fromkeys(name for row in chunk for name in row)
    return {name: [row.get(name) for row in chunk] for name in names}


def _kind(document: Any) -> str:
    try:
        return kind_of(document)
    except BadEvent as error:
        raise SourceError(str(error)) from error


def _chained(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _paths(source: str) -> list[Path]:
    if source == STDIN:
        return []
    path = Path(source)
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        if not found:
            raise SourceError(f"{path} holds no files")
        return found
    return [path]


@contextmanager
def _plain(raw: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    if path.suffix == ".gz":
        with gzip.open(raw) as opened:
            yield io.BufferedReader(opened)
    else:
        yield raw


def _documents(lines: IO[bytes], name: str) -> Iterator[Any]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        if number == 1 and text.startswith(b"["):
            yield from _array(text + lines.read(), name)
            return
        yield _parsed(text, f"line {number} of {name}")


def _array(text: bytes, name: str) -> Iterator[Any]:
    found = _parsed(text, name)
    yield from found if isinstance(found, list) else [found]


def _parsed(text: bytes, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where} is not JSON: {str(error)[:80]}") from error
