"""Connections: from a URL to transactions, with the settings each database needs, and its errors as the contract's.

Nothing here knows the tables. Reads and writes are separate: on SQLite a write transaction takes the lock when it
begins (BEGIN IMMEDIATE), so that two processes wait for each other instead of failing half-way.

SQLite runs in WAL mode, so readers never block the writer. `synchronous=FULL`: a sidecar commits once or twice a
minute, so one fsync a commit costs nothing, and an intent that was sent is still there after a power cut (NORMAL
could forget it).

A dead PostgreSQL must not hold a thread: the server ends slow statements, and `bounded` cuts connections on which
nothing comes back at all (a frozen server, a cut network), which then fail like any lost connection. A transaction of
many statements on a slow server may take as long as it needs, while answers come.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.pool import StaticPool

from sentinel.store.errors import StoreCorrupt, StoreError, StoreUnavailable

BUSY_SECONDS = 5.0  # a writer waits so long for another's transaction, which takes milliseconds
STATEMENT_SECONDS = 15.0  # no statement of ours takes so long on a healthy PostgreSQL: the server gives it up
DEAD_SECONDS = 20.0  # more than STATEMENT_SECONDS without an answer: the server or the network is dead
CONNECT_SECONDS = 5
_HEARD = "sentinel heard"  # in the info of a connection: what to call when an answer came

_CORRUPT = ("file is not a database", "malformed", "unsupported file format")
_WHY_NOT = (
    ("disk is full", "the disk is full: free some space"),
    ("no space left", "the disk is full: free some space"),
    ("readonly database", "the file may not be written: check its permissions and owner"),
    ("unable to open", "the file cannot be opened: check that its folder exists and may be written"),
    ("locked", f"another process has held it for {BUSY_SECONDS:g} s"),
)


class Database:
    """An engine and the two ways to use it."""

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        self.name = self.url.render_as_string(hide_password=True)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        with self._translated():
            self.engine = _sqlite_engine(self.url) if self.is_sqlite else _server_engine(self.url)
        self._reader = self.engine.execution_options(sentinel_read=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end of the block and rolled back by any exception."""
        with self._translated(), self._transaction(self.engine) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view that blocks nobody."""
        with self._translated(), self._transaction(self._reader) as connection:
            yield connection

    @contextmanager
    def rebuild(self) -> Iterator[Connection]:
        """A write transaction that may copy and drop tables without taking the rows that refer to them along.

        SQLite deletes what refers to a dropped table while foreign keys are enforced, and lets one turn that off only
        outside a transaction.
        """
        with self._translated(), self.engine.connect() as connection:
            if self.is_sqlite:
                _pragma(connection, "foreign_keys=OFF")
            try:
                with connection.begin():
                    if not self.is_sqlite:
                        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                    yield connection
            finally:
                if self.is_sqlite:
                    _pragma(connection, "foreign_keys=ON")

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        with engine.connect() as connection, ExitStack() as stack:
            if not self.is_sqlite:
                watch = bounded(connection.connection.driver_connection, DEAD_SECONDS)
                connection.info[_HEARD] = stack.enter_context(watch)
            with connection.begin():
                yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise translate(error, self.name) from error
        except ModuleNotFoundError as error:
            raise StoreError(
                f"the store {self.name} needs {error.name}, which is not installed: "
                "pip install 'sentinel-sidecar[postgresql]'"
            ) from error


def parse_url(url: str) -> URL:
    """The URL with the driver that we use: psycopg for PostgreSQL. StoreError when it is no URL."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"store.url {url!r} is no URL: write sqlite:////var/lib/sentinel/sentinel.db or postgresql://user@host/database"
        ) from error
    if parsed.drivername in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(f"store.url: {parsed.get_backend_name()} is not supported; use sqlite or postgresql")
    return parsed


@contextmanager
def bounded(driver_connection: Any, seconds: float) -> Iterator[Callable[[], None]]:
    """Cut a connection to a server on which nothing is heard for so long: whatever waits on it fails then.

    Yields what to call when something was heard.
    """
    heard_at, ended = [monotonic()], threading.Event()

    def watch() -> None:
        while not ended.wait(max(heard_at[0] + seconds - monotonic(), 0.0)):
            if monotonic() >= heard_at[0] + seconds:
                _cut(driver_connection)
                return

    def heard() -> None:
        heard_at[0] = monotonic()

    threading.Thread(target=watch, name="sentinel-store-watch", daemon=True).start()
    try:
        yield heard
    finally:
        ended.set()


def _cut(driver_connection: Any) -> None:
    with suppress(Exception), socket.socket(fileno=os.dup(driver_connection.fileno())) as end:  # unless just closed
        end.shutdown(socket.SHUT_RDWR)


def translate(error: SQLAlchemyError, name: str) -> StoreError:
    """The contract's error for a driver's, in one sentence."""
    original = str(getattr(error, "orig", None) or error).strip().splitlines()
    reason = original[0] if original else type(error).__name__
    lowered = reason.lower()
    if any(words in lowered for words in _CORRUPT) and "sqlite" in name:
        return StoreCorrupt(f"{name} is damaged or no SQLite database ({reason}): move it away or restore a copy")
    of_the_record = isinstance(error, StatementError) and not isinstance(error, DBAPIError)
    if of_the_record or isinstance(error, IntegrityError | DataError):
        return StoreError(f"the store {name} refused a record: {reason}")
    why = next((advice for words, advice in _WHY_NOT if words in lowered), reason)
    return StoreUnavailable(f"the store {name} cannot be used now: {why}")


def _sqlite_engine(url: URL) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}}
    if url.database in (None, "", ":memory:"):
        options["poolclass"] = StaticPool  # one connection is the whole database
        options["connect_args"]["check_same_thread"] = False
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own implicit BEGIN is off: see _begin_sqlite
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "journal_size_limit=16777216"):
        connection.execute(f"PRAGMA {pragma}").close()


def _pragma(connection: Connection, setting: str) -> None:
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(f"PRAGMA {setting}").close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("sentinel_read", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _server_engine(url: URL) -> Engine:
    milliseconds = int(STATEMENT_SECONDS * 1000)
    options = f"-c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds}"
    engine = create_engine(
        url,
        pool_size=2,  # a thread of ours uses one; the second serves an iterator or a page being read
        max_overflow=4,
        pool_timeout=BUSY_SECONDS,
        connect_args={"connect_timeout": CONNECT_SECONDS, "options": options, "application_name": "sentinel"},
    )
    event.listen(engine, "after_cursor_execute", _heard)
    return engine


def _heard(connection: Connection, *_statement: Any) -> None:
    """An answer came; outside of our transactions (the first look at a server) nobody asks."""
    if (heard := connection.info.get(_HEARD)) is not None:
        heard()


def sqlite_path(url: URL) -> Path | None:
    """The file behind a SQLite URL; None for servers and for memory."""
    in_memory = url.database in (None, "", ":memory:")
    return None if url.get_backend_name() != "sqlite" or in_memory else Path(str(url.database))
