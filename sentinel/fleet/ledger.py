"""What the fleet reads and writes: waiting windows in, judged periods out, each in one transaction."""

from collections.abc import Iterator, Sequence
from typing import Literal

from sqlalchemy import select, tuple_, update

from sentinel.fleet.periods import Waiting
from sentinel.judge.verdict import Incident, Verdict
from sentinel.reference.packing import FormatError
from sentinel.store.codec import read_incident, verdict_row, window_row
from sentinel.store.contract import WindowRecord
from sentinel.store.engine import Database
from sentinel.store.once import insert_once, insert_window, put
from sentinel.store.schema import SIBLINGS, incidents, judge_state, verdicts, windows
from sentinel.store.sql import write_consequences, write_incidents
from sentinel.windows.closed import MANY, ClosedWindow

READ_AT_ONCE = 500


def waiting(database: Database, limit: int) -> list[Waiting]:
    """The oldest windows that nobody has judged, oldest first."""
    columns = (windows.c.id, windows.c.model, windows.c.version, windows.c.replica, windows.c.started_at)
    unjudged = (windows.c.standing == "waiting") & (windows.c.grain == "window") & (windows.c.replica != MANY)
    query = select(*columns).where(unjudged).order_by(windows.c.started_at).limit(limit)
    with database.read() as connection:
        return [Waiting(*row) for row in connection.execute(query)]


def already_judged(database: Database, periods: Sequence[tuple[str, str, float]]) -> set[tuple[str, str, float]]:
    """Which of the (model, version, start) have been judged for the fleet."""
    key = (windows.c.model, windows.c.version, windows.c.started_at)
    judged = select(*key).where(windows.c.grain == "window", windows.c.replica == MANY)
    found: set[tuple[str, str, float]] = set()
    with database.read() as connection:
        for first in range(0, len(periods), READ_AT_ONCE):
            chosen = judged.where(tuple_(*key).in_(periods[first : first + READ_AT_ONCE]))
            found.update((row.model, row.version, row.started_at) for row in connection.execute(chosen))
    return found


def read(database: Database, ids: Sequence[int], unreadable: list[int]) -> Iterator[ClosedWindow]:
    """The windows of these ids, some at a time; ids of damaged ones, or a newer sentinel's, go into `unreadable`."""
    for first in range(0, len(ids), READ_AT_ONCE):
        chosen = select(windows.c.id, windows.c.sketch).where(windows.c.id.in_(ids[first : first + READ_AT_ONCE]))
        with database.read() as connection:
            page = connection.execute(chosen).all()
        for row in page:
            try:
                yield ClosedWindow.from_bytes(row.sketch)
            except FormatError:
                unreadable.append(row.id)


def state(database: Database, model: str) -> bytes | None:
    """The fleet's judge of a model, as of the last judged period."""
    query = select(judge_state.c.state).where(judge_state.c.model == model, judge_state.c.replica == MANY)
    with database.read() as connection:
        return connection.execute(query).scalar()


def sibling_states(database: Database) -> dict[str, bytes]:
    """By model, the evidence on odd replicas that the last leader left."""
    query = select(judge_state.c.model, judge_state.c.state).where(judge_state.c.replica == SIBLINGS)
    with database.read() as connection:
        return {row.model: row.state for row in connection.execute(query)}


def keep_siblings(database: Database, model: str, as_of: float, state: bytes) -> None:
    """Keep the evidence on odd replicas, as of the period that began then."""
    with database.write() as connection:
        put(connection, judge_state, {"model": model, "replica": SIBLINGS, "as_of": as_of, "state": state})


def commit(database: Database, record: WindowRecord, merged: Sequence[int], known: bytes | None) -> bool:
    """Write a judged period and mark its windows, if the judge's state in the store is still the `known` one.

    False when another leader was faster: nothing is written, and this one's judge must read its state again.
    """
    model = record.window.key.model
    current = select(judge_state.c.state).where(judge_state.c.model == model, judge_state.c.replica == MANY)
    with database.write() as connection:
        if connection.execute(current.with_for_update()).scalar() != known:
            return False
        window_id = insert_window(connection, window_row(record.window, "window", "judged"))
        if window_id is None:
            return False
        write_consequences(connection, window_id, record)
        for first in range(0, len(merged), READ_AT_ONCE):
            chosen = windows.c.id.in_(merged[first : first + READ_AT_ONCE])
            connection.execute(update(windows).where(chosen).values(standing="judged"))
    return True


def say_of(database: Database, replica: str, verdict: Verdict) -> bool:
    """Write a verdict of its own for one replica's window of the verdict's period; False when it has one already.

    Without such a window (the replica is gone) its incidents are written all the same.
    """
    own = select(windows.c.id).where(
        windows.c.model == verdict.model,
        windows.c.version == verdict.version,
        windows.c.replica == replica,
        windows.c.grain == "window",
        windows.c.started_at >= verdict.start,
        windows.c.started_at < verdict.end,
    )
    with database.write() as connection:
        write_incidents(connection, (*verdict.opened, *verdict.resolved))
        found = connection.execute(own.order_by(windows.c.started_at).limit(1)).first()
        return found is not None and insert_once(connection, verdicts, verdict_row(found.id, verdict))


def odd_replicas(database: Database) -> list[tuple[str, Incident]]:
    """Open incidents about one replica, with its name: that of the window whose verdict opened it."""
    query = (
        select(incidents, windows.c.replica)
        .join(
            windows,
            (windows.c.model == incidents.c.model)
            & (windows.c.version == incidents.c.version)
            & (windows.c.grain == "window"),
        )
        .join(verdicts, (verdicts.c.window_id == windows.c.id) & (verdicts.c.explanation == incidents.c.explanation))
        .where(incidents.c.resolved_at.is_(None), incidents.c.cause == "odd_replica", windows.c.replica != MANY)
    )
    with database.read() as connection:
        return [(row["replica"], read_incident(row)) for row in connection.execute(query).mappings()]


def set_aside(database: Database, ids: Sequence[int], standing: Literal["late", "unreadable"]) -> int:
    """Mark waiting windows that will not be judged: kept, and never looked at again. How many."""
    marked = 0
    with database.write() as connection:
        for first in range(0, len(ids), READ_AT_ONCE):
            chosen = windows.c.id.in_(ids[first : first + READ_AT_ONCE]) & (windows.c.standing == "waiting")
            marked += connection.execute(update(windows).where(chosen).values(standing=standing)).rowcount
    return marked


def recent_replicas(database: Database, since: float) -> dict[str, frozenset[str]]:
    """By model, the replicas on time since then: for a leader that has just taken over."""
    on_time = (windows.c.standing == "judged") & (windows.c.replica != MANY) & (windows.c.grain == "window")
    query = select(windows.c.model, windows.c.replica).where(on_time, windows.c.started_at >= since).distinct()
    found: dict[str, set[str]] = {}
    with database.read() as connection:
        for row in connection.execute(query):
            found.setdefault(row.model, set()).add(row.replica)
    return {model: frozenset(names) for model, names in found.items()}
