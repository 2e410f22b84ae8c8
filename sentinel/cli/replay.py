"""`sentinel replay`: what would have paged, from stored windows or a table of rows."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sentinel.app.assembly import judging_options, load_reference, pipeline_options
from sentinel.app.replay import replay_windows, windows_of_tables
from sentinel.app.verdicts import Judgement
from sentinel.cli.problems import CommandError
from sentinel.cli.settings import settings_of
from sentinel.config import Settings
from sentinel.config.times import parse_time, show_time
from sentinel.judge.verdict import Incident
from sentinel.reference.files import csv_chunks, parquet_chunks
from sentinel.store import StoreError, open_store
from sentinel.store.contract import Selection
from sentinel.store.history import closed_windows
from sentinel.windows.closed import ClosedWindow

FLAGS = {
    "reference": "reference.path",
    "tolerance": "drift.tolerance",
    "false_pages": "drift.false_pages",
    "per_days": "drift.per_days",
    "window_seconds": "window.seconds",
    "model": "model.name",
}
TABLE_STARTS = 0.0
"""Time of the first row of a table without times: the epoch, so that nobody takes it for a real one."""


def replay(arguments: Namespace) -> int:
    overrides = {path: value for flag, path in FLAGS.items() if (value := getattr(arguments, flag)) not in (None, "")}
    settings = settings_of(arguments, overrides)
    reference = load_reference(settings)
    if reference is None:
        raise CommandError("there is nothing to compare with: set reference.path or give --reference")
    source = _table_windows(arguments, settings) if arguments.table else _stored(arguments, settings)
    judged = replay_windows(_watched(source), reference, judging_options(settings, reference))
    if arguments.json:
        for judgement in judged:
            print(json.dumps(asdict(judgement.verdict)))
        return 0
    _summary(list(judged))
    return 0


def _stored(arguments: Namespace, settings: Settings) -> Iterator[ClosedWindow]:
    try:
        with closing(open_store(arguments.store or settings.store.url)) as store:
            now = time.time()
            until = parse_time(arguments.until, now) if arguments.until else 1e18
            since = parse_time(arguments.since, now) if arguments.since else 0.0
            chosen = Selection(model=arguments.model or "", since=since, until=until, grain="window")
            yield from closed_windows(store.database, chosen)
    except StoreError as error:
        raise CommandError(str(error)) from error


def _table_windows(arguments: Namespace, settings: Settings) -> Iterator[ClosedWindow]:
    path = Path(arguments.table)
    chunks = parquet_chunks if path.suffix.lower() in (".parquet", ".pq") else csv_chunks
    times = _Times(arguments.time_column, arguments.rows_per_hour)
    tables = ((columns, times.of(columns)) for columns, _share in chunks(path))
    yield from windows_of_tables(tables, load_reference(settings), pipeline_options(settings, "replay"))


class _Times:
    """Times of a table's rows: from a column, or evenly spaced."""

    def __init__(self, column: str, rows_per_hour: float) -> None:
        self._column = column
        self._step = 3600.0 / rows_per_hour
        self._rows = 0

    def of(self, columns: Any) -> list[float]:
        length = len(next(iter(columns.values()), ()))
        if self._column:
            if self._column not in columns:
                raise CommandError(f"the table has no column {self._column!r}; it has {', '.join(columns)}")
            return [_time(value) for value in columns.pop(self._column)]
        first = self._rows
        self._rows += length
        return [TABLE_STARTS + (first + i) * self._step for i in range(length)]


def _time(value: Any) -> float:
    return parse_time(value, 0.0) if isinstance(value, str) else float(value)


def _watched(windows: Iterable[ClosedWindow]) -> Iterator[ClosedWindow]:
    """The windows, with their number on a terminal while they pass."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    console = Console(file=sys.stderr)
    with Progress(SpinnerColumn(), TextColumn("{task.completed:,.0f} windows judged"), console=console) as progress:
        task = progress.add_task("judging", total=None)
        for window in windows:
            yield window
            progress.advance(task)


def _summary(judged: list[Judgement]) -> None:
    from rich.console import Console

    console = Console()
    if not judged:
        console.print("no windows to judge")
        return
    opened = [incident for judgement in judged for incident in judgement.verdict.opened]
    states = [str(judgement.verdict.state) for judgement in judged]
    counts = ", ".join(f"{states.count(state):,} {state}" for state in dict.fromkeys(states))
    first, last = judged[0].verdict.start, judged[-1].verdict.end
    console.print(f"{len(judged):,} windows from {show_time(first)} to {show_time(last)}: {counts}")
    console.print(_pages(judged, opened) if opened else "nothing would have paged")


def _pages(judged: list[Judgement], opened: list[Incident]) -> Any:
    from rich.table import Table

    ended = {i.id: i.resolved_at for judgement in judged for i in judgement.verdict.resolved}
    table = Table("paged at", "resolved", "version", "cause", "what it says", box=None, pad_edge=False)
    for incident in opened:
        resolved = ended.get(incident.id)
        table.add_row(
            show_time(incident.opened_at),
            show_time(resolved) if resolved else "still open",
            incident.version,
            incident.cause.replace("_", " "),
            incident.explanation,
        )
    return table
