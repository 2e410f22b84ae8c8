"""The store over SQLite and PostgreSQL: each method is one transaction over the functions of this package."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from sentinel.judge.verdict import Incident, Verdict
from sentinel.store import history, outbox, rows, trail
from sentinel.store.codec import (
    feature_rows,
    incident_row,
    read_incident,
    read_verdict,
    read_window,
    verdict_row,
    window_row,
)
from sentinel.store.contract import (
    LEASE_SECONDS,
    AuditRecord,
    Delivery,
    Intent,
    IntentState,
    RequestLimits,
    Retention,
    Selection,
    StoredWindow,
    WindowRecord,
)
from sentinel.store.engine import Database
from sentinel.store.labels import LabelStore
from sentinel.store.once import insert_once, insert_window, put
from sentinel.store.retention import step as retention_step
from sentinel.store.schema import SIBLINGS, incidents, judge_state, settings, verdicts, window_features, windows
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.kept import KeptRows


class SqlStore:
    """`sentinel.store.contract.Store`; made by `sentinel.store.open_store`. Stateless, so any threads may share it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def commit_window(self, record: WindowRecord) -> bool:
        standing = "judged" if record.verdict else "waiting"
        with self.database.write() as connection:
            window_id = insert_window(connection, window_row(record.window, "window", standing))
            if window_id is None:
                return False
            write_consequences(connection, window_id, record)
        return True

    def judge_state(self, model: str, replica: str = "") -> bytes | None:
        own = judge_state.c.replica == replica if replica else judge_state.c.replica != SIBLINGS
        query = select(judge_state.c.state).where(judge_state.c.model == model, own)
        with self.database.read() as connection:
            return connection.execute(query.order_by(judge_state.c.as_of.desc()).limit(1)).scalar()

    def windows(
        self,
        *,
        model: str = "",
        version: str = "",
        replica: str = "",
        since: float = 0.0,
        until: float = 1e18,
        limit: int = 1000,
    ) -> Iterator[StoredWindow]:
        wanted = {"model": model, "version": version, "replica": replica}
        named = [windows.c[name] == value for name, value in wanted.items() if value]
        conditions = [windows.c.grain == "window", windows.c.started_at >= since, windows.c.started_at < until, *named]
        return map(read_window, history.pages(self.database, conditions, limit))

    def list_windows(self, chosen: Selection, limit: int = 1000) -> list[dict[str, Any]]:
        return history.listing(self.database, chosen, limit)

    def list_features(self, chosen: Selection, limit: int = 1000) -> list[dict[str, Any]]:
        return history.features(self.database, chosen, limit)

    def merge_windows(self, chosen: Selection) -> list[ClosedWindow]:
        return history.merged(self.database, chosen)

    def keep_rows(self, sample: KeptRows) -> None:
        with self.database.write() as connection:
            rows.add(connection, sample)

    def kept_rows(self, chosen: Selection) -> Iterator[KeptRows]:
        return rows.read(self.database, chosen)

    def verdicts(self, *, model: str = "", limit: int = 100) -> list[Verdict]:
        named = (windows.c.model, windows.c.version, windows.c.started_at, windows.c.ended_at)
        query = select(verdicts, *named).join(windows, verdicts.c.window_id == windows.c.id)
        query = query.order_by(windows.c.started_at.desc(), windows.c.id.desc()).limit(limit)
        if model:
            query = query.where(windows.c.model == model)
        with self.database.read() as connection:
            return [read_verdict(row) for row in connection.execute(query).mappings()]

    def closed_until(self, replica: str) -> float:
        newest = select(func.max(windows.c.ended_at)).where(windows.c.grain == "window", windows.c.replica == replica)
        with self.database.read() as connection:
            return float(connection.execute(newest).scalar() or 0.0)

    def incidents(self, *, model: str = "", open_only: bool = False, limit: int = 100) -> list[Incident]:
        query = select(incidents).order_by(incidents.c.opened_at.desc(), incidents.c.id).limit(limit)
        if model:
            query = query.where(incidents.c.model == model)
        if open_only:
            query = query.where(incidents.c.resolved_at.is_(None))
        with self.database.read() as connection:
            return [read_incident(row) for row in connection.execute(query).mappings()]

    def commit_decision(
        self,
        *,
        incidents: Sequence[Incident] = (),
        intents: Sequence[Intent] = (),
        audit: Sequence[AuditRecord] = (),
        limits: RequestLimits | None = None,
    ) -> None:
        with self.database.write() as connection:
            write_incidents(connection, incidents)
            _write_decided(connection, intents, audit, limits)

    def intents(self, *, state: IntentState | None = None, limit: int = 100) -> list[Intent]:
        with self.database.read() as connection:
            return outbox.newest(connection, state, limit)

    def due_intents(self, now: float, limit: int = 16, lease_seconds: float = LEASE_SECONDS) -> list[Intent]:
        with self.database.write() as connection:
            return outbox.claim_due(connection, now, limit, lease_seconds)

    def record_delivery(
        self, delivery: Delivery, state: IntentState, next_attempt_at: float, *, audit: Sequence[AuditRecord] = ()
    ) -> None:
        with self.database.write() as connection:
            outbox.record(connection, delivery, state, next_attempt_at)
            trail.append(connection, tuple(audit))

    def settle_intent(
        self,
        intent_id: str,
        state: IntentState,
        result: str,
        *,
        next_attempt_at: float = 0.0,
        expires_at: float = 0.0,
        audit: Sequence[AuditRecord] = (),
    ) -> bool:
        with self.database.write() as connection:
            changed = outbox.settle(
                connection, intent_id, state, result, next_attempt_at=next_attempt_at, expires_at=expires_at
            )
            if changed:
                trail.append(connection, tuple(audit))
        return changed

    def deliveries(self, intent_id: str) -> list[Delivery]:
        with self.database.read() as connection:
            return outbox.attempts(connection, intent_id)

    def audit(self, record: AuditRecord) -> None:
        with self.database.write() as connection:
            trail.append(connection, (record,))

    def audit_trail(self, limit: int = 100) -> list[AuditRecord]:
        with self.database.read() as connection:
            return trail.newest(connection, limit)

    def verify_audit(self) -> str:
        with self.database.read() as connection:
            return trail.first_break(connection)

    def setting(self, name: str) -> str | None:
        with self.database.read() as connection:
            return connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar()

    def put_setting(self, name: str, value: str, *, audit: Sequence[AuditRecord] = ()) -> None:
        with self.database.write() as connection:
            put(connection, settings, {"name": name, "value": value})
            trail.append(connection, tuple(audit))

    def settings(self, prefix: str) -> dict[str, str]:
        begins = settings.c.name.startswith(prefix, autoescape=True)
        with self.database.read() as connection:
            return {row.name: row.value for row in connection.execute(select(settings).where(begins))}

    def drop_setting(self, name: str) -> None:
        with self.database.write() as connection:
            connection.execute(delete(settings).where(settings.c.name == name))

    @property
    def labels(self) -> LabelStore:
        """Predictions, labels and quality: a contract of its own."""
        return LabelStore(self.database)

    def forget(self, now: float, retention: Retention) -> int:
        return retention_step(self.database, now, retention)

    def close(self) -> None:
        self.database.close()


def write_consequences(connection: Connection, window_id: int, record: WindowRecord) -> None:
    """All that follows from a window that was just inserted, within the caller's transaction."""
    features = feature_rows(window_id, record)
    if features:
        connection.execute(insert(window_features), features)
    if record.verdict:
        connection.execute(insert(verdicts).values(**verdict_row(window_id, record.verdict)))
        known = (*record.verdict.opened, *record.verdict.open, *record.verdict.resolved)
        write_incidents(connection, known)
    if record.judge_state:
        key = record.window.key
        state = {"model": key.model, "replica": key.replica, "as_of": record.window.start, "state": record.judge_state}
        put(connection, judge_state, state)
    _write_decided(connection, record.intents, record.audit, record.limits)


def _write_decided(
    connection: Connection,
    intents: Sequence[Intent],
    audit: Sequence[AuditRecord],
    limits: RequestLimits | None,
) -> None:
    """Intents and the audit of what was decided; or, where a limit was reached since, the audit of that alone."""
    if intents and limits is not None:
        trail.lock(connection)  # whoever else writes a decision is done, or waits
        if outbox.beyond(connection, intents[0], limits):
            intents, audit = (), limits.otherwise
    outbox.add(connection, intents)
    trail.append(connection, tuple(audit))


def write_incidents(connection: Connection, changed: Sequence[Incident]) -> None:
    """New ones are added; open ones take on what is known now, such as their resolution; resolved ones stay."""
    for incident in changed:
        row = incident_row(incident)
        if not insert_once(connection, incidents, row):
            still_open = (incidents.c.id == incident.id) & incidents.c.resolved_at.is_(None)
            connection.execute(update(incidents).where(still_open).values(**row | {"opened_at": incidents.c.opened_at}))
