"""Leadership by a PostgreSQL advisory lock, in a session apart from the store's."""

from psycopg import Connection, Error, connect

from sentinel.fleet.lock import OVERDUE_SECONDS
from sentinel.store.engine import Database, bounded

_KEY = 7302  # any number of ours


class AdvisoryLock:
    """Leadership by a PostgreSQL session."""

    def __init__(self, database: Database) -> None:
        self._url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._session: Connection[tuple[bool]] | None = None

    def held(self, now: float) -> bool:
        try:
            if self._session is None:
                return self._take()
            with bounded(self._session, OVERDUE_SECONDS):
                self._session.execute("SELECT 1")
            return True
        except Error:
            self.release()
            return False

    def release(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _take(self) -> bool:
        session: Connection[tuple[bool]] = connect(self._url, autocommit=True, connect_timeout=5)
        taken = session.execute("SELECT pg_try_advisory_lock(%s)", (_KEY,)).fetchone()
        if not taken or not taken[0]:
            session.close()
            return False
        milliseconds = int(OVERDUE_SECONDS * 1000)
        session.execute(f"SET idle_session_timeout = {milliseconds}")
        session.execute(f"SET tcp_user_timeout = {milliseconds}")
        self._session = session
        return True
