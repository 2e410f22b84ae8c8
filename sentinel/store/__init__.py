"""The memory of sentinel in SQL: windows, verdicts, incidents, intents, deliveries, audit.

`open_store(url)` gives a `Store` (see `contract`) over SQLite or PostgreSQL.
"""

from sentinel.store.contract import (
    AuditRecord,
    Delivery,
    Intent,
    Retention,
    Selection,
    Store,
    StoredWindow,
    WindowRecord,
)
from sentinel.store.engine import Database
from sentinel.store.errors import StoreCorrupt, StoreError, StoreIncompatible, StoreUnavailable
from sentinel.store.opening import prepare
from sentinel.store.sql import SqlStore

__all__ = [
    "AuditRecord",
    "Delivery",
    "Intent",
    "Retention",
    "Selection",
    "SqlStore",
    "Store",
    "StoreCorrupt",
    "StoreError",
    "StoreIncompatible",
    "StoreUnavailable",
    "StoredWindow",
    "WindowRecord",
    "open_store",
]


def open_store(url: str, *, upgrade: bool = True, create: bool = True) -> SqlStore:
    """The store at an SQLAlchemy URL; unless told otherwise it is created or upgraded where that is needed.

    Raises StoreUnavailable (try again later), StoreIncompatible (newer schema, or older and not to be upgraded) or
    StoreCorrupt (damaged, or another program's), each with one sentence that says what to do.
    """
    database = Database(url)
    try:
        prepare(database, upgrade=upgrade, create=create)
    except BaseException:
        database.close()
        raise
    return SqlStore(database)
