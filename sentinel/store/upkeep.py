"""What an operator asks of a database itself: bring its schema up to date, look whether it is sound."""

from sqlalchemy import Connection, text

from sentinel.store.engine import Database
from sentinel.store.errors import StoreCorrupt
from sentinel.store.opening import prepare, revision
from sentinel.store.schema import HEAD
from sentinel.store.trail import first_break


def upgrade(url: str) -> tuple[str | None, str]:
    """Create or migrate; the schema's revision before and after. Raises as `open_store` does."""
    database = Database(url)
    try:
        with database.read() as connection:
            before = revision(connection)
        prepare(database)
        return before, HEAD
    finally:
        database.close()


def check(url: str) -> list[str]:
    """What is wrong with a database, as sentences; reads all of it, changes nothing.

    Raises StoreUnavailable where there is none and StoreIncompatible where its schema is not today's.
    """
    database = Database(url)
    try:
        prepare(database, upgrade=False, create=False)
        with database.read() as connection:
            damage = _damage(connection) if database.is_sqlite else []
            broken = first_break(connection) if not damage else ""
        return [f"{database.name}: {found}; restore a copy" for found in damage] + ([broken] if broken else [])
    except StoreCorrupt as error:
        return [str(error)]
    finally:
        database.close()


def _damage(connection: Connection) -> list[str]:
    found = connection.execute(text("PRAGMA quick_check(5)")).scalars()
    return [line for line in found if line != "ok"]
