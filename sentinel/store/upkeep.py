"""What an operator asks of a database itself: bring its schema up to date, look whether it is sound."""

from sqlalchemy import text

from sentinel.store.engine import Database
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
    """What is wrong with a database, as sentences; reads all of it, changes nothing. Raises as `open_store` does."""
    database = Database(url)
    try:
        prepare(database, upgrade=False, create=False)
        with database.read() as connection:
            damage = connection.execute(text("PRAGMA quick_check(5)")).scalars().all() if database.is_sqlite else ["ok"]
            broken = first_break(connection)
        problems = [f"{database.name}: {found}; restore a copy" for found in damage if found != "ok"]
        return problems + ([broken] if broken else [])
    finally:
        database.close()
