"""`sentinel windows list|show|export`."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.telling import tell
from sentinel.cli.terminal import console
from sentinel.config.times import parse_time, show_time
from sentinel.store import SqlStore, StoreError, open_store
from sentinel.store.contract import Selection
from sentinel.store.export import Format, json_lines, write
from sentinel.store.history import each_feature, each_listed, plain
from sentinel.store.schema import SCORES

SHOWN = ("start", "model", "version", "replica", "rows", "received", "p99", "verdict", "what it says")


def show_list(arguments: Namespace) -> int:
    with _store(arguments) as store:
        rows = _rows(store, arguments, arguments.limit)
    if arguments.json:
        sys.stdout.buffer.writelines(json_lines(rows))
        return 0
    console().print(_table(rows) if rows else "no windows match")
    return 0


def show(arguments: Namespace) -> int:
    """The features of the chosen windows: scores and shapes; for people, failed and slowest exchanges too."""
    with _store(arguments) as store:
        rows = store.list_features(selection_of(arguments), arguments.limit)
        told = [] if arguments.json else store.list_windows(selection_of(arguments), arguments.limit)
    if arguments.json:
        sys.stdout.buffer.writelines(json_lines(rows))
        return 0
    if rows or not told:
        console().print(_features(rows) if rows else "no windows match")
    if any(row["exemplars"] for row in told):
        console().print("failed and slowest exchanges", _exemplars(told), sep="\n")
    return 0


def export(arguments: Namespace) -> int:
    path = Path(arguments.output)
    kind: Format = "parquet" if path.suffix in (".parquet", ".pq") else "json"
    with _store(arguments) as store:
        chosen = selection_of(arguments)
        count = write(_exported(store, chosen, arguments), path, kind)
    tell(arguments, f"{path}: {count} rows", output=str(path), rows=count)
    return 0


def _exported(store: SqlStore, chosen: Selection, arguments: Namespace) -> Iterable[dict[str, Any]]:
    if arguments.features:
        return each_feature(store.database, chosen)
    return map(plain, store.merge_windows(chosen)) if arguments.merge else each_listed(store.database, chosen)


def _rows(store: SqlStore, arguments: Namespace, limit: int) -> list[dict[str, Any]]:
    if arguments.merge:
        return [plain(window) for window in store.merge_windows(selection_of(arguments))[:limit]]
    return store.list_windows(selection_of(arguments), limit)


def selection_of(arguments: Namespace) -> Selection:
    """The windows that a command was asked for."""
    now = time.time()
    return Selection(
        model=arguments.model,
        version=arguments.version,
        replica=arguments.replica,
        since=parse_time(arguments.since, now) if arguments.since else 0.0,
        until=parse_time(arguments.until, now) if arguments.until else 1e18,
    )


@contextmanager
def _store(arguments: Namespace) -> Iterator[SqlStore]:
    try:
        store = open_store(arguments.store or settings_of(arguments).store.url)
        try:
            yield store
        finally:
            store.close()
    except StoreError as error:
        raise CommandError(str(error)) from error


def _table(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(*SHOWN, box=None, pad_edge=False)
    for row in rows:
        p99 = row.get("latency_p99")
        table.add_row(
            show_time(row["started_at"]),
            row["model"],
            row["version"],
            row["replica"],
            f"{row['rows']:,}",
            f"{row['received']:,}",
            f"{1e3 * p99:.1f} ms" if p99 else "–",
            row.get("state") or "–",
            row.get("explanation") or "",
        )
    return table


def _exemplars(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    def said(text: str) -> Text:
        """What a client chose: no markup, nothing that moves a terminal's cursor."""
        return Text("".join(filter(str.isprintable, text)) or "–")

    table = Table("time", "version", "answer", "took", "request", "trace", box=None, pad_edge=False)
    for row in rows:
        for one in json.loads(row["exemplars"] or "[]"):
            took, asked = f"{1e3 * one['duration_seconds']:.1f} ms", said(f"{one['method']} {one['path']}")
            table.add_row(show_time(one["at"]), row["version"], one["code"], took, asked, said(one["trace"]))
    return table


def _features(rows: list[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table("start", "version", "feature", "role", "change", "scores", box=None, pad_edge=False)
    for row in rows:
        shown = "  ".join(f"{name} {row[name]:.3g}" for name in SCORES if row[name] is not None)
        table.add_row(
            show_time(row["started_at"]), row["version"], row["feature"], row["role"], row.get("change") or "", shown
        )
    return table
