"""What leadership is, and its form for databases without advisory locks: a row that must be renewed."""

from typing import Protocol

from sqlalchemy import update

from sentinel.store.engine import Database
from sentinel.store.errors import StoreError
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
    """Leadership by a row with an expiry."""

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
