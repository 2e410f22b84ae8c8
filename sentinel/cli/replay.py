"""`sentinel replay`: what would have paged, from stored windows, tables of rows or capture logs."""

import json
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from hashlib import sha256
from itertools import islice
from typing import Any

import yaml

from sentinel.app import sources
from sentinel.app.assembly import judging_options, load_reference, pipeline_options, predictions_of
from sentinel.app.notebook import Notebook, OtherReplay
from sentinel.app.replay import replay_windows, windows_of_exchanges, windows_of_tables
from sentinel.app.sources import SourceError
from sentinel.cli.problems import CommandError
from sentinel.cli.replayed import answer
from sentinel.cli.settings import settings_of
from sentinel.cli.terminal import progress_bar
from sentinel.config import Settings
from sentinel.config.times import parse_time
from sentinel.reference.frozen import FrozenReference
from sentinel.report.gather import NothingThere
from sentinel.store import StoreError, open_store
from sentinel.store.contract import Selection
from sentinel.store.history import closed_windows, count
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
PROBLEMS = (StoreError, SourceError, OtherReplay, NothingThere)

Tell = Callable[[float], None]


def replay(arguments: Namespace) -> int:
    settings = settings_of(arguments, _overrides(arguments))
    reference = load_reference(settings)
    if reference is None:
        raise CommandError("there is nothing to compare with: set reference.path or give --reference")
    try:
        with closing(_notebook(arguments, settings, reference)) as notebook:
            with progress_bar("judging") as tell:
                _judge(_windows(arguments, settings, reference, tell), notebook, settings, reference)
            answer(arguments, settings, notebook, reference)
    except PROBLEMS as error:
        raise CommandError(str(error)) from error
    return 0


def _overrides(arguments: Namespace) -> dict[str, Any]:
    flags = {path: value for flag, path in FLAGS.items() if (value := getattr(arguments, flag)) not in (None, "")}
    for pair in arguments.set:
        key, sign, value = pair.partition("=")
        if not sign:
            raise CommandError(f"--set {pair}: write KEY=VALUE, such as --set drift.minimum_rows=500")
        flags[key] = yaml.safe_load(value)
    return flags


def _notebook(arguments: Namespace, settings: Settings, reference: FrozenReference) -> Notebook:
    """purpose: all that the verdicts depend on."""
    asked = {name: getattr(arguments, name) for name in ("table", "store", "model", "since", "until", "time_column")}
    parts = (asked, arguments.rows_per_hour, asdict(settings), reference.fingerprint)
    purpose = sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
    predictions = predictions_of(reference, judging_options(settings, reference))
    return Notebook(arguments.state or "", purpose, settings.rollback, predictions)


def _judge(windows: Iterable[ClosedWindow], notebook: Notebook, settings: Settings, reference: FrozenReference) -> None:
    """Judge what the notebook does not hold yet."""
    ahead = islice(windows, notebook.done, None)
    for judgement in replay_windows(ahead, reference, judging_options(settings, reference), notebook):
        notebook.take(judgement)


# -- sources -------------------------------------------------------------------------------------------------------


def _windows(
    arguments: Namespace, settings: Settings, reference: FrozenReference, tell: Tell
) -> Iterator[ClosedWindow]:
    if not arguments.table:
        return _stored(arguments, settings, tell)
    options = pipeline_options(settings, "replay")
    if sources.is_table(arguments.table):
        return windows_of_tables(_timed(sources.table(arguments.table, tell), arguments), reference, options)
    kind, documents = sources.split(sources.documents(arguments.table, tell))
    if kind in ("", "rows"):
        return windows_of_tables(_timed(sources.rows(documents), arguments), reference, options)
    return windows_of_exchanges(sources.exchanges(kind, documents), reference, options)


def _stored(arguments: Namespace, settings: Settings, tell: Tell) -> Iterator[ClosedWindow]:
    now = time.time()
    chosen = Selection(
        model=arguments.model or "",
        since=parse_time(arguments.since, now) if arguments.since else 0.0,
        until=parse_time(arguments.until, now) if arguments.until else 1e18,
        grain="window",
    )
    with closing(open_store(arguments.store or settings.store.url)) as store:
        total = count(store.database, chosen)
        for number, window in enumerate(closed_windows(store.database, chosen), 1):
            yield window
            tell(number / total)


def _timed(chunks: Iterable[sources.Columns], arguments: Namespace) -> Iterator[tuple[sources.Columns, list[float]]]:
    times = _Times(arguments.time_column, arguments.rows_per_hour)
    return ((columns, times.of(columns)) for columns in chunks)


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
