"""Migrations from nothing give the tables that the code uses, on every database."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from sentinel.store import open_store
from sentinel.store.engine import Database
from sentinel.store.migrations import config, upgrade
from sentinel.store.opening import REVISIONS
from sentinel.store.schema import HEAD, VERSION_TABLE, metadata


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
