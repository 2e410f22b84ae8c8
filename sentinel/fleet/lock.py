"""Leadership: at most one `sentinel fleet` leads, another takes over within 15 s of its death or silence.

On PostgreSQL it is an advisory lock held by a session of its own. A killed leader's socket closes and frees it at once;
one that hangs or is cut off does not ask for OVERDUE_SECONDS, and the server ends the session. Elsewhere it is a row
with an expiry. Neither is trusted for correctness (see the package): it only saves work.
"""

from typing import Protocol

from sqlalchemy import update

from sentinel.store.contract import StoreError
from sentinel.store.engine import Database
from sentinel.store.once import insert_once
from sentinel.store.schema import leases

OVERDUE_SECONDS = 9.0
"""A leader that has not asked for so long is deposed; it asks every second or so."""
NAME = "fleet"


class Leadership(Protocol):
    def held(self, now: float) -> bool:
        """Whether this process leads now, taking the lead if nobody does; ask every second."""

    def release(self) -> None:
        """Let another lead."""


class LeaseRow:
    """Leadership by a row that must be renewed, for databases without advisory locks."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    def held(self, now: float) -> bool:
        mine_or_over = (leases.c.name == NAME) & ((leases.c.holder == self._holder) | (leases.c.until < now))
        values = {"holder": self._holder, "until": now + OVERDUE_SECONDS}
        try:
            with self._database.write() as connection:
                if insert_once(connection, leases, {"name": NAME, **values}):
                    return True
                return connection.execute(update(leases).where(mine_or_over).values(**values)).rowcount > 0
        except StoreError:
            return False

    def release(self) -> None:
        mine = (leases.c.name == NAME) & (leases.c.holder == self._holder)
        with self._database.write() as connection:
            connection.execute(update(leases).where(mine).values(until=0.0))


def leadership(database: Database, holder: str) -> Leadership:
    """The database's own kind. holder: a name that no other process has."""
    if database.is_sqlite:
        return LeaseRow(database, holder)
    from sentinel.fleet.advisory import AdvisoryLock  # needs psycopg, which a store in a file does without

    return AdvisoryLock(database)
