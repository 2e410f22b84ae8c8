"""Opening a store: is what lies at the address empty, ours and current, older, newer, or not ours at all?

A current database costs one look and no import of Alembic; an empty one gets today's tables at once; an older one is
migrated step by step. Only this decision lives here.
"""

from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text

from sentinel.store.engine import Database, sqlite_path
from sentinel.store.errors import StoreCorrupt, StoreIncompatible, StoreUnavailable
from sentinel.store.schema import HEAD, metadata, schema_version

REVISIONS = ("0001", "0002", "0003", "0004", "0005", HEAD)
"""Every revision that this code can read or upgrade, oldest first."""

OWNER_ONLY = 0o600
_LOCK = 7300  # any number of ours: PostgreSQL's advisory lock that lets one process at a time create or migrate


def prepare(database: Database, *, upgrade: bool = True, create: bool = True) -> None:
    """Make the database current, or raise StoreUnavailable, StoreCorrupt or StoreIncompatible with the reason."""
    _check_path(sqlite_path(database.url), database.name, create)
    if create:
        _own(sqlite_path(database.url))
    with database.read() as connection:
        current = revision(connection)
    if current == HEAD:
        return
    if current is None and not create:
        raise StoreUnavailable(f"{database.name} holds no store of sentinel yet: `sentinel run` makes it")
    if current is None:
        with database.write() as connection:
            _create(connection, database.name)
        return
    if current not in REVISIONS:
        raise StoreIncompatible(
            f"the store {database.name} has schema {current}, newer than this sentinel knows ({HEAD}): "
            "install the newer sentinel"
        )
    if not upgrade:
        raise StoreIncompatible(
            f"the store {database.name} has schema {current}, not {HEAD}: run `sentinel db upgrade`"
        )
    migrate(database)


def migrate(database: Database) -> None:
    """Run the migrations that the database lacks, one process at a time."""
    from sentinel.store.migrations import upgrade  # Alembic costs 8 MB and half a second: only where it is needed

    with database.rebuild() as connection:
        lock(connection)
        upgrade(connection)


def revision(connection: Connection) -> str | None:
    """The schema's revision; None where no sentinel has been."""
    if not inspect(connection).has_table(schema_version.name):
        return None
    return connection.execute(select(schema_version.c.version_num)).scalar()


def lock(connection: Connection) -> None:
    """Let no other process create or migrate until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _create(connection: Connection, name: str) -> None:
    lock(connection)
    if revision(connection) is not None:
        return  # another process was faster
    found = set(inspect(connection).get_table_names())
    clashing = found if connection.dialect.name == "sqlite" else found & set(metadata.tables)
    if clashing:
        raise StoreCorrupt(
            f"{name} belongs to another program (it has the table {min(clashing)!r}): "
            "give sentinel a database of its own"
        )
    metadata.create_all(connection)
    schema_version.create(connection)
    connection.execute(insert(schema_version).values(version_num=HEAD))


def _own(path: Path | None) -> None:
    """Make a new SQLite file that its owner alone may read; SQLite gives its other files the same rights.

    Where it cannot be made SQLite says why, when it opens it.
    """
    if path is not None:
        with suppress(OSError):
            path.touch(OWNER_ONLY, exist_ok=False)


def _check_path(path: Path | None, name: str, create: bool) -> None:
    if path is None:
        return
    if not create and not path.exists():
        raise StoreUnavailable(f"there is no store {name}: `sentinel run` makes it")
    if not path.parent.is_dir():
        raise StoreUnavailable(f"the store {name} cannot be used now: there is no folder {path.parent}; create it")
