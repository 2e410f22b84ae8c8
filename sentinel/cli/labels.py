"""`sentinel labels load|show`: labels from a file into the store, and what they say of quality."""

import csv
import io
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from sentinel.app.assembly import key_options, load_reference
from sentinel.app.labelling import LabelWork
from sentinel.app.scoring import Scorer
from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.telling import tell
from sentinel.cli.terminal import console, progress_bar
from sentinel.config import Settings
from sentinel.config.times import show_time
from sentinel.labels.reading import Readings, read
from sentinel.store import SqlStore, StoreError, open_store
from sentinel.store.export import json_lines
from sentinel.store.labels import Progress

AT_ONCE = 5_000
"""Labels of one transaction: a kill costs no more work than that."""
KNOWN_BY_BYTES = 1 << 20
"""A file is known again by its size, its first MiB and the columns asked for."""
SHOWN_PROBLEMS = 10

Chunk = tuple[list[dict[str, Any]], float]
"""Rows by column, and the share of the file read so far."""


def load(arguments: Namespace) -> int:
    """Exit code 1 when rows could not be read; the others are loaded all the same."""
    settings, path = settings_of(arguments), Path(arguments.table)
    columns = _columns(arguments)
    try:
        with closing(open_store(arguments.store or settings.store.url)) as store:
            refused, counts = _load(store, settings, path, columns, arguments.model)
            work = LabelWork(store, settings.labels, Scorer(settings.labels, load_reference(settings)))
            counts.update(_by_outcome(work.settle(time.time())))
            work.score(time.time())
            waiting = sum(n for (_, outcome), n in store.labels.counts().items() if outcome == "waiting")
    except StoreError as error:
        raise CommandError(str(error)) from error
    tell(arguments, _told(path, counts, waiting), waiting=waiting, outcomes=dict(counts))
    return 1 if refused else 0


def _told(path: Path, counts: Counter[str], waiting: int) -> str:
    """What became of the labels, in a line."""
    outcomes = [f"{number:,} {outcome}" for outcome, number in counts.items() if outcome != "received"]
    outcomes += [f"{waiting:,} wait for their predictions"] if waiting else []
    return f"{path}: {counts['received'] - counts['refused']:,} labels{': ' if outcomes else ''}{', '.join(outcomes)}"


def _columns(arguments: Namespace) -> dict[str, str]:
    """Field of a label -> column of the table."""
    named = {"id": arguments.id, "label": arguments.label, "row": arguments.row, "time": arguments.time}
    return {field: column for field, column in named.items() if column}


def _load(
    store: SqlStore, settings: Settings, path: Path, columns: dict[str, str], model: str
) -> tuple[int, Counter[str]]:
    """Rows refused, and labels by what became of them at once."""
    name, counts, refused = _known_as(path, columns), Counter[str](), 0
    done = store.labels.progress(name)
    if done:
        print(f"{path}: {done:,} rows were loaded before; going on from there", file=sys.stderr)
    keys, seen = key_options(settings), 0
    with progress_bar(f"loading {path.name}") as progress:
        for rows, share in _chunks(path, columns):
            fresh, seen = rows[max(0, done - seen) :], seen + len(rows)
            if fresh:
                found = read([_document(row, columns, model) for row in fresh], keys)
                _complain(found, seen - len(fresh))
                written = store.labels.put(
                    found.labels, time.time(), refused=found.refused, progress=Progress(name, seen)
                )
                counts.update(_by_outcome(written))
                refused += found.refused
            progress(share)
    store.labels.put([], time.time(), progress=Progress(name, None))
    return refused, counts


def _by_outcome(counts: Counter[Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, outcome), number in counts.items():
        found[outcome] += number
    return found


def _document(row: dict[str, Any], columns: dict[str, str], model: str) -> dict[str, Any]:
    """A row as it would be sent over HTTP."""
    found = {field: row[column] for field, column in columns.items()}
    place = found.get("row")
    if isinstance(place, str) and place.strip().isdecimal():
        found["row"] = int(place)
    found["time"] = _time(found.get("time"))
    return found | ({"model": model} if model else {})


def _time(value: Any) -> Any:
    """CSV has seconds as text; Parquet has times of its own."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value.isoformat() if hasattr(value, "isoformat") else value


def _complain(found: Readings, before: int) -> None:
    for place, why in found.problems[:SHOWN_PROBLEMS]:
        print(f"row {before + place + 1}: {why}", file=sys.stderr)
    if found.refused > SHOWN_PROBLEMS:
        print(f"and {found.refused - SHOWN_PROBLEMS:,} more rows", file=sys.stderr)


def _known_as(path: Path, columns: dict[str, str]) -> str:
    digest = blake2b(repr((path.stat().st_size, sorted(columns.items()))).encode(), digest_size=16)
    with path.open("rb") as file:
        digest.update(file.read(KNOWN_BY_BYTES))
    return f"labels.load:{digest.hexdigest()}"


def _chunks(path: Path, columns: dict[str, str]) -> Iterator[Chunk]:
    """Rows with the columns asked for, ids as the text that they are."""
    return _parquet(path, columns) if path.suffix.lower() in (".parquet", ".pq") else _csv(path, columns)


def _csv(path: Path, columns: dict[str, str]) -> Iterator[Chunk]:
    size = max(1, path.stat().st_size)
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        _check(columns, reader.fieldnames or ())
        while chunk := list(islice(reader, AT_ONCE)):
            yield chunk, raw.tell() / size


def _parquet(path: Path, columns: dict[str, str]) -> Iterator[Chunk]:
    try:
        from pyarrow import parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise CommandError("reading Parquet needs pyarrow; install sentinel-sidecar[parquet]") from error
    with parquet.ParquetFile(path) as file:
        _check(columns, file.schema_arrow.names)
        total, done = max(1, file.metadata.num_rows), 0
        for batch in file.iter_batches(batch_size=AT_ONCE, columns=list(columns.values())):
            done += batch.num_rows
            yield batch.to_pylist(), done / total


def _check(columns: dict[str, str], there: Any) -> None:
    missing = [column for column in columns.values() if column not in there]
    if missing:
        raise CommandError(f"the table has no column {missing[0]!r}; it has {', '.join(there)}")


def show(arguments: Namespace) -> int:
    """What labels, and estimates before them, say of the quality of windows."""
    try:
        with closing(open_store(arguments.store or settings_of(arguments).store.url)) as store:
            rows = store.labels.qualities(arguments.model, limit=arguments.limit)
    except StoreError as error:
        raise CommandError(str(error)) from error
    if arguments.json:
        sys.stdout.buffer.writelines(json_lines(rows))
        return 0
    console().print(_table(rows) if rows else "no window has been scored yet")
    return 0


def _table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table("window", "model", "version", "kind", "measure", "class", "value", "95 % interval", "labelled")
    table.box, table.pad_edge = None, False
    for row in rows:
        kind = row["kind"] if row["trusted"] else f"{row['kind']}, not trusted: {row['why_not']}"
        measured = (_number(row["value"]), f"{_number(row['low'])} … {_number(row['high'])}")
        labelled = f"{row['labelled']:,} of {row['rows']:,}"
        named = (row["model"], row["version"], kind, row["metric"], row["class"])
        table.add_row(show_time(row["started_at"]), *named, *measured, labelled)
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
