"""Leadership: at most one `sentinel fleet` leads, another takes over within 15 s of its death or silence.

On PostgreSQL it is an advisory lock held by a session of its own. A killed leader's socket closes and frees it at once;
one that hangs or is cut off does not ask for OVERDUE_SECONDS, and the server ends the session. Elsewhere it is a row
with an expiry. Neither is trusted for correctness (see the package): it only saves work.
"""

from sentinel.fleet.lock import Leadership, LeaseRow
from sentinel.store.engine import Database


def leadership(database: Database, holder: str) -> Leadership:
    """The database's own kind. holder: a name that no other process has."""
    if database.is_sqlite:
        return LeaseRow(database, holder)
    from sentinel.fleet.advisory import AdvisoryLock  # needs psycopg, which a store in a file does without

    return AdvisoryLock(database)
