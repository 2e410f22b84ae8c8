"""Writing a row once: the one place that speaks the databases' own dialects of INSERT."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

from sentinel.store.schema import is_window, windows

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql.dml import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite.dml import Insert as SqliteInsert


def insert_once(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there; whether it was inserted.

    On PostgreSQL this waits for another transaction that is writing the same key.
    """
    return connection.execute(_insert(connection, table).values(**row).on_conflict_do_nothing()).rowcount > 0


def insert_window(connection: Connection, row: Mapping[str, Any]) -> int | None:
    """Insert a single window unless it is there: the id of the new row, or None. Any other conflict is an error."""
    key = [windows.c[name] for name in ("model", "version", "replica", "started_at")]
    statement = _insert(connection, windows).values(**row)
    known = statement.on_conflict_do_nothing(index_elements=key, index_where=is_window)
    return connection.execute(known.returning(windows.c.id)).scalar()


def insert_many_once(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> int:
    """Insert rows with the same columns, but those whose key is there; how many were inserted."""
    given = [dict(row) for row in rows]
    if not given:
        return 0
    counted = {"preserve_rowcount": True}  # of all rows, which drivers do not tell unasked
    statement = _insert(connection, table).on_conflict_do_nothing()
    return connection.execute(statement, given, execution_options=counted).rowcount


def add_to(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    amounts: Mapping[str, int],
    rest: Mapping[str, Any] | None = None,
) -> None:
    """Add to the counts of the row with this primary key, or make it with them. rest: its other columns."""
    statement = _insert(connection, table).values(**key, **amounts, **(rest or {}))
    sums = {name: table.c[name] + amount for name, amount in amounts.items()}
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=sums))


def put(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or replace the one with its primary key."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in keys}
    statement = _insert(connection, table).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))


def _insert(connection: Connection, table: Table) -> "PostgresInsert | SqliteInsert":
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # 1.5 MB that only PostgreSQL needs

        return postgresql.insert(table)
    return sqlite.insert(table)
