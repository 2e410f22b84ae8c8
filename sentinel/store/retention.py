"""Forgetting in small steps: old windows move into hourly roll-ups, old hours into daily ones, old days go if so set.

A step is one transaction that merges some old rows into coarser ones and deletes them, so that every exchange is
counted in exactly one row at any moment, and a window that comes very late still finds its hour. Roll-ups hold all
replicas together (replica "*"), one row per model, version and reference; scores and verdicts go with the windows,
incidents stay.

Spared: every row of a model from LEAD_SECONDS before an open incident of it began. Also skipped: the fleet's merged
windows (grain "window", replica "*"), which repeat those of the replicas, are deleted without being merged. A window
whose sketch cannot be read keeps its row, as `unreadable`.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, not_, select, update

from sentinel.reference.packing import FormatError
from sentinel.store.codec import window_row
from sentinel.store.contract import Retention
from sentinel.store.engine import Database
from sentinel.store.schema import incidents, judge_state, kept_rows, windows
from sentinel.windows.closed import MANY, NOTHING, ClosedWindow

DAY = 86_400.0
HOUR = 3_600.0
LEAD_SECONDS = DAY
"""What may have spoken for a breach: the judge's longest trailing block is 288 windows of five minutes."""
FORGOTTEN_SECONDS = 90 * DAY
"""A judge's state is kept so long after its last window: three times the usual period of a false-page budget."""
STEP_ROWS = 200  # rows a transaction moves: some ten milliseconds of the writer's time


_COARSER = {"window": ("hour", HOUR), "hour": ("day", DAY)}


def step(database: Database, now: float, retention: Retention, rows: int = STEP_ROWS) -> int:
    """Move up to `rows` rows of the finest grain that has old ones; how many went, 0 when there was nothing to do."""
    kept = {"window": retention.window_days, "hour": retention.hour_days, "day": retention.day_days}
    for grain, days in kept.items():
        if days <= 0:
            continue
        with database.write() as connection:
            moved = _move(connection, grain, now - days * DAY, rows)
            if moved:
                return moved
    return _forget_rows(database, now - retention.rows_days * DAY) + _forget_replicas(database, now)


def _forget_rows(database: Database, before: float) -> int:
    """Delete samples of rows that are past their time."""
    with database.write() as connection:
        return connection.execute(delete(kept_rows).where(kept_rows.c.ended_at < before)).rowcount


def _forget_replicas(database: Database, now: float) -> int:
    """Delete judge states that no window has renewed for long: of replicas and models that are gone."""
    with database.write() as connection:
        return connection.execute(delete(judge_state).where(judge_state.c.as_of < now - FORGOTTEN_SECONDS)).rowcount


def _needed() -> ColumnElement[bool]:
    """Whether an open incident of the row's model refers to it."""
    return exists().where(
        incidents.c.resolved_at.is_(None),
        incidents.c.model == windows.c.model,
        incidents.c.opened_at - LEAD_SECONDS < windows.c.ended_at,
    )


def _move(connection: Connection, grain: str, before: float, rows: int) -> int:
    old = (
        select(windows.c.id, windows.c.replica, windows.c.sketch)
        .where(windows.c.grain == grain, windows.c.started_at < before, windows.c.ended_at <= before)
        .where(windows.c.standing != "unreadable", not_(_needed()))
        .order_by(windows.c.started_at)
        .limit(rows)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(old).all()
    unreadable: list[int] = []
    if grain in _COARSER:
        unreadable = _merge_into(connection, *_COARSER[grain], (row for row in found if _counts(grain, row)))
    connection.execute(update(windows).where(windows.c.id.in_(unreadable)).values(standing="unreadable"))
    gone = {row.id for row in found} - set(unreadable)
    connection.execute(delete(windows).where(windows.c.id.in_(gone)))
    return len(found)


def _counts(grain: str, row: Any) -> bool:
    return not (grain == "window" and row.replica == MANY)


def _merge_into(connection: Connection, grain: str, seconds: float, rows: Iterable[Any]) -> list[int]:
    """Add the rows to their roll-ups; ids of those whose sketch cannot be read."""
    merged: dict[tuple[str, str, str, float], ClosedWindow] = {}
    unreadable = []
    for row in rows:
        try:
            window = ClosedWindow.from_bytes(row.sketch)
        except FormatError:  # damaged, or written by a newer sentinel: it stays as it is
            unreadable.append(row.id)
            continue
        start = window.start // seconds * seconds
        key = (window.key.model, window.key.version, window.reference_id, start)
        merged[key] = merged.get(key, NOTHING) | _over_all_replicas(window)
    for (*_, start), window in sorted(merged.items()):
        _add(connection, grain, replace(window, start=start, end=max(window.end, start + seconds)))
    return unreadable


def _over_all_replicas(window: ClosedWindow) -> ClosedWindow:
    return replace(window, key=replace(window.key, replica=MANY))


def _add(connection: Connection, grain: str, window: ClosedWindow) -> None:
    """Merge a window into its roll-up, which takes its place."""
    same = and_(
        windows.c.grain == grain,
        windows.c.model == window.key.model,
        windows.c.version == window.key.version,
        windows.c.replica == MANY,
        windows.c.started_at == window.start,
        windows.c.reference_id == window.reference_id,
    )
    present = connection.execute(select(windows.c.id, windows.c.sketch).where(same).with_for_update()).first()
    if present is not None:
        window = ClosedWindow.from_bytes(present.sketch) | window
        connection.execute(delete(windows).where(windows.c.id == present.id))
    connection.execute(insert(windows).values(**window_row(window, grain, "judged")))
