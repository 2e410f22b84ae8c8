"""`sentinel windows list|show|export`."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.cli.times import parse_time, show_time
from sentinel.store import Selection, SqlStore, StoreError, open_store
from sentinel.store.export import json_lines, write
from sentinel.store.history import plain

COLUMNS = {
    "started_at": "start (UTC)",
    "model": "model",
    "version": "version",
    "replica": "replica",
    "rows": "rows",
    "received": "received",
    "code_5xx": "5xx",
    "latency_p99": "p99 s",
    "state": "verdict",
}
SHOWN_SCORES = ("rows", "missing_ratio", "mean", "psi", "jensen_shannon", "ks", "chi2", "change")


def show_list(arguments: Namespace) -> int:
    with _store(arguments) as store:
        chosen = _selection(arguments)
        if arguments.merge:
            rows = [plain(window) for window in store.merge_windows(chosen)]
        else:
            rows = store.list_windows(chosen, arguments.limit)
    if arguments.json:
        sys.stdout.writelines(line.decode() for line in json_lines(rows))
    else:
        _print_table(rows, COLUMNS)
    return 0


def show(arguments: Namespace) -> int:
    """Newest of the chosen windows, with its features."""
    with _store(arguments) as store:
        rows = store.list_windows(_selection(arguments), arguments.limit)
        if not rows:
            raise CommandError("no stored window matches; `sentinel windows list` shows what there is")
        newest = rows[-1]
        same = {name: newest[name] for name in ("model", "version", "replica", "grain")}
        start = newest["started_at"]
        scored = store.list_features(Selection(**same, since=start, until=start + 1e-6))
    if arguments.json:
        print(json.dumps(newest | {"features": scored}, indent=2))
        return 0
    for name, value in newest.items():
        print(f"{name}: {show_time(value) if name.endswith('_at') else value}")
    _print_table(scored, {"feature": "feature", **{name: name for name in SHOWN_SCORES}})
    return 0


def export(arguments: Namespace) -> int:
    with _store(arguments) as store:
        chosen = _selection(arguments)
        read = store.list_features if arguments.features else store.list_windows
        try:
            count = write(read(chosen, arguments.limit), Path(arguments.output), arguments.format)
        except OSError as error:
            raise CommandError(f"{arguments.output} cannot be written: {error.strerror}") from error
    print(f"{arguments.output}: {count:,} rows")
    return 0


@contextmanager
def _store(arguments: Namespace) -> Iterator[SqlStore]:
    url = arguments.store or settings_of(arguments).store.url
    try:
        store = open_store(url, upgrade=False, create=False)
        try:
            yield store
        finally:
            store.close()
    except StoreError as error:
        raise CommandError(str(error)) from error


def _selection(arguments: Namespace) -> Selection:
    now = time.time()
    times = {"since": arguments.since, "until": arguments.until}
    try:
        bounds = {name: parse_time(text, now) for name, text in times.items() if text}
    except ValueError as error:
        raise CommandError(str(error)) from error
    return Selection(
        model=arguments.model,
        version=arguments.version,
        replica=arguments.replica,
        since=bounds.get("since", 0.0),
        until=bounds.get("until", 1e18),
    )


def _print_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns.values(), box=None)
    for row in rows:
        table.add_row(*(_cell(name, row.get(name)) for name in columns))
    Console().print(table)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name.endswith("_at"):
        return show_time(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
