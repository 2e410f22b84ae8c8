"""Migrations from nothing give the tables that the code uses, on every database."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, insert, inspect, select

from sentinel.judge.verdict import State
from sentinel.store import StoreError, StoreIncompatible, open_store
from sentinel.store.engine import Database
from sentinel.store.migrations import config, upgrade
from sentinel.store.opening import REVISIONS
from sentinel.store.schema import HEAD, VERSION_TABLE, labels, leases, metadata
from tests.support import store_values as some


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    database = Database(url)
    with database.write() as connection:
        yield connection
    database.close()


def test_the_head_is_the_one_that_the_code_names(connection: Connection) -> None:
    scripts = ScriptDirectory.from_config(config(connection))
    assert scripts.get_current_head() == HEAD
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == REVISIONS


def test_migrations_make_the_tables_of_the_schema(connection: Connection) -> None:
    upgrade(connection)
    options = {"version_table": VERSION_TABLE, "compare_type": False}
    assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_both_ways_to_a_new_database_give_the_same_columns(url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    database = Database(url)
    with database.write() as connection:
        upgrade(connection)
        migrated = _shape(connection)
        metadata.drop_all(connection)
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
    open_store(url).close()
    with database.read() as connection:
        assert _shape(connection) == migrated
    database.close()


def _shape(connection: Connection) -> dict[str, object]:
    found = inspect(connection)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(name)],
            sorted(str(key["constrained_columns"]) for key in found.get_foreign_keys(name)),
            sorted(str(index["name"]) for index in found.get_indexes(name)),
            found.get_pk_constraint(name)["constrained_columns"],
        )
        for name in sorted(found.get_table_names())
    }


def test_an_older_database_is_upgraded_with_its_data(url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What was written under the first schema is all there afterwards, and the database is as good as a new one."""
    database = Database(url)
    with database.write() as connection:
        upgrade(connection, "0001")
        _fill(connection, _written(f"sqlite:///{tmp_path_factory.mktemp('today')}/today.db"))
        old = _reflected(connection)
    before = _rows(database, old)
    assert all(before.values()), "every table has rows"
    with pytest.raises(StoreIncompatible, match=f"has schema 0001, not {HEAD}: run `sentinel db upgrade`"):
        open_store(url, upgrade=False)
    upgraded = open_store(url)
    assert _rows(upgraded.database, old) == before
    assert upgraded.verify_audit() == ""
    assert not upgraded.commit_window(some.record(2))
    assert upgraded.commit_window(some.record(3))
    with pytest.raises(StoreError), upgraded.database.write() as connection:
        connection.exec_driver_sql("INSERT INTO deliveries SELECT 'nobody', 1, 0, 'x', 0, 0")
    upgraded.close()
    database.close()


Rows = dict[str, list[dict[str, object]]]
GONE = {"labels": "version"}
"""Columns of the first schema that are there no longer: nothing ever wrote this one."""


def _written(url: str) -> Rows:
    """Rows of every table, as today's code writes them."""
    store = open_store(url)
    for number in range(3):
        opened = some.incident(number)
        judged = some.verdict(some.window(number), State.BREACH, opened=(opened,))
        store.commit_window(some.record(number, verdict=judged, intents=(some.intent(f"intent-{number}"),)))
    store.record_delivery(some.delivery(name="intent-1"), "pending", 100.0)
    store.put_setting("a", "b")
    with store.database.write() as connection:
        connection.execute(insert(labels).values(model="m", request_id="r", row_index=0, at=5.0, label="1"))
        connection.execute(insert(leases).values(name="n", holder="h", until=0.0))
    rows = _rows(store.database, metadata)
    store.close()
    return rows


def _reflected(connection: Connection) -> MetaData:
    old = MetaData()
    old.reflect(connection, only=lambda name, _: name != VERSION_TABLE)
    return old


def _fill(connection: Connection, rows: Rows) -> None:
    for table in _reflected(connection).sorted_tables:
        names = set(table.columns.keys())
        gone = dict.fromkeys(names & {GONE.get(table.name)}, "")
        known = [gone | {n: row[n] for n in names & row.keys()} for row in rows[table.name]]
        connection.execute(insert(table), known)
        if connection.dialect.name == "postgresql" and "id" in names and table.name in ("windows", "audit"):
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), 3)")


def _rows(database: Database, tables: MetaData) -> Rows:
    with database.read() as connection:
        return {table.name: _content(connection, table) for table in tables.sorted_tables}


def _content(connection: Connection, table: Table) -> list[dict[str, object]]:
    kept = [column for column in table.columns if column.name != GONE.get(table.name)]
    rows = connection.execute(select(*kept).order_by(*table.primary_key)).mappings()
    return [dict(row) for row in rows]
