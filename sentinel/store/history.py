"""Stored windows for people and programs: rows to list and export, and any range merged into one window.

Reads only. A listing never opens the sketches, so it costs little however long the range; merging reads them page
by page.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, or_, select

from sentinel.judge.verdict import Verdict
from sentinel.store.codec import read_sketch, read_verdict, window_row
from sentinel.store.contract import Selection
from sentinel.store.engine import Database
from sentinel.store.schema import SCORES, verdicts, window_features, windows
from sentinel.windows.closed import MANY, NOTHING, ClosedWindow

PAGE = 200  # windows read at a time: some 5 KB each with 50 features
EVERYTHING = 1 << 62
MOST_LISTED = 10_000
"""Rows of a listing at most, whatever is asked for: about 10 MB of JSON."""

_NAMED = ("model", "version", "replica", "grain")
_SHOWN = [column for column in windows.c if column.name not in ("id", "sketch")]


def conditions(chosen: Selection, *, fleet: bool = False) -> list[ColumnElement[bool]]:
    """What a chosen window fulfils. fleet: the fleet's merged windows are among them."""
    named = [windows.c[name] == value for name in _NAMED if (value := getattr(chosen, name))]
    in_time = [windows.c.started_at >= chosen.since, windows.c.started_at < chosen.until]
    own = [] if chosen.replica or fleet else [or_(windows.c.grain != "window", windows.c.replica != MANY)]
    return named + in_time + own


def listing(database: Database, chosen: Selection, limit: int = 1000) -> list[dict[str, Any]]:
    """Plain columns of the newest `limit` chosen windows with their verdicts, oldest first: `sentinel windows list`."""
    newest = (windows.c.started_at.desc(), windows.c.id.desc())
    query = _listed().where(*conditions(chosen)).order_by(*newest).limit(min(limit, MOST_LISTED))
    with database.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()][::-1]


def features(database: Database, chosen: Selection, limit: int = 1000) -> list[dict[str, Any]]:
    """The newest `limit` scores and shapes of features of the chosen windows, oldest first."""
    newest = (windows.c.started_at.desc(), windows.c.id.desc(), window_features.c.feature.desc())
    query = _of_features().where(*conditions(chosen)).order_by(*newest).limit(limit)
    with database.read() as connection:
        return [dict(row) for row in connection.execute(query).mappings()][::-1]


def each_listed(database: Database, chosen: Selection) -> Iterator[dict[str, Any]]:
    """What `listing` gives, of all chosen windows, however many."""
    return _each(database, chosen, _listed().order_by(windows.c.started_at, windows.c.id))


def each_feature(database: Database, chosen: Selection) -> Iterator[dict[str, Any]]:
    """What `features` gives, of all chosen windows, however many."""
    order = (windows.c.started_at, windows.c.id, window_features.c.feature)
    return _each(database, chosen, _of_features().order_by(*order))


def _listed() -> Select[Any]:
    joined = windows.outerjoin(verdicts, verdicts.c.window_id == windows.c.id)
    return select(*_SHOWN, verdicts.c.state, verdicts.c.explanation, verdicts.c.evidence).select_from(joined)


def _of_features() -> Select[Any]:
    key = (windows.c.model, windows.c.version, windows.c.replica, windows.c.started_at)
    own = [column for column in window_features.c if column.name != "window_id"]
    return select(*key, *own).join(window_features, window_features.c.window_id == windows.c.id)


def _each(database: Database, chosen: Selection, query: Select[Any]) -> Iterator[dict[str, Any]]:
    """The rows of `query` for a page of windows at a time, so that no transaction lasts."""
    ids = _paged(database, (windows.c.id, windows.c.started_at), conditions(chosen), EVERYTHING)
    while page := [row["id"] for row in islice(ids, PAGE)]:
        with database.read() as connection:
            found = connection.execute(query.where(windows.c.id.in_(page))).mappings().all()
        yield from map(dict, found)


def pages(
    database: Database,
    wanted: list[ColumnElement[bool]],
    limit: int = EVERYTHING,
    more: tuple[ColumnElement[Any], ...] = (),
) -> Iterator[RowMapping]:
    """Id, sketch and verdict of windows, oldest first; no transaction stays open between two pages."""
    columns = (windows.c.id, windows.c.started_at, windows.c.sketch, verdicts.c.state, verdicts.c.explanation, *more)
    return _paged(database, columns, wanted, limit)


def _paged(
    database: Database, columns: Sequence[ColumnElement[Any]], wanted: list[ColumnElement[bool]], limit: int
) -> Iterator[RowMapping]:
    """`columns`, which begin with id and started_at, of windows with their verdicts, oldest first."""
    joined = windows.outerjoin(verdicts, verdicts.c.window_id == windows.c.id)
    query = select(*columns).select_from(joined).order_by(windows.c.started_at, windows.c.id)
    after: list[ColumnElement[bool]] = []
    while limit > 0:
        with database.read() as connection:
            page = connection.execute(query.where(*wanted, *after).limit(min(limit, PAGE))).mappings().all()
        yield from page
        if len(page) < PAGE:
            return
        limit -= len(page)
        last = page[-1]
        same_start = and_(windows.c.started_at == last["started_at"], windows.c.id > last["id"])
        after = [or_(windows.c.started_at > last["started_at"], same_start)]


def closed_windows(database: Database, chosen: Selection) -> Iterator[ClosedWindow]:
    """The chosen windows themselves, oldest first. Raises StoreCorrupt at one that cannot be read."""
    return (read_sketch(row["id"], row["sketch"]) for row in pages(database, conditions(chosen)))


def count(database: Database, chosen: Selection) -> int:
    """How many windows are chosen."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(windows).where(*conditions(chosen))).scalar() or 0


def last_replica(database: Database, model: str) -> str:
    """Replica of the window of `model` that was written last; "" where there is none."""
    query = select(windows.c.replica).where(windows.c.model == model).order_by(windows.c.id.desc()).limit(1)
    with database.read() as connection:
        return connection.execute(query).scalar() or ""


def extents(database: Database, chosen: Selection) -> dict[str, tuple[float, float]]:
    """First start and last end of the chosen windows, by model."""
    ends = (func.min(windows.c.started_at), func.max(windows.c.ended_at))
    query = select(windows.c.model, *ends).where(*conditions(chosen)).group_by(windows.c.model)
    with database.read() as connection:
        return {model: (first, last) for model, first, last in connection.execute(query)}


def judged_windows(database: Database, chosen: Selection) -> Iterator[tuple[ClosedWindow, Verdict | None]]:
    """The chosen windows, oldest first, each with its verdict where it has one of its own.

    The fleet's merged windows come besides those of the replicas: they carry the verdicts.
    """
    own = [column for column in verdicts.c if column.name not in ("window_id", "state", "explanation")]
    named = (windows.c.model, windows.c.version, windows.c.ended_at)
    wanted = conditions(chosen, fleet=True)
    for row in pages(database, wanted, more=(*own, *named)):
        yield read_sketch(row["id"], row["sketch"]), read_verdict(row) if row["state"] else None


def series(database: Database, chosen: Selection, features: Sequence[str]) -> list[dict[str, Any]]:
    """Start and distances of some features in the chosen windows, oldest first."""
    query = select(windows.c.started_at, window_features.c.feature, *(window_features.c[name] for name in SCORES))
    query = query.join(window_features, window_features.c.window_id == windows.c.id)
    query = query.where(window_features.c.feature.in_(features), *conditions(chosen))
    with database.read() as connection:
        return [dict(row) for row in connection.execute(query.order_by(windows.c.started_at)).mappings()]


def merged(database: Database, chosen: Selection) -> list[ClosedWindow]:
    """The chosen windows merged into one per model, version and reference: what `--merge` shows."""
    sums: dict[tuple[str, str, str], ClosedWindow] = {}
    for window in closed_windows(database, chosen):
        key = (window.key.model, window.key.version, window.reference_id)
        sums[key] = sums.get(key, NOTHING) | window
    return [sums[key] for key in sorted(sums)]


def plain(window: ClosedWindow) -> dict[str, Any]:
    """A merged window as one row like those of `listing`."""
    row = window_row(window, "range", "judged")
    return {name: value for name, value in row.items() if name not in ("sketch", "standing")}
