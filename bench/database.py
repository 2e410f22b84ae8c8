"""A PostgreSQL of its own for a benchmark, with fsync as in production."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.support.postgres import Postgres, binaries


@contextmanager
def postgresql() -> Iterator[Postgres]:
    """While the block runs; SystemExit where PostgreSQL is not installed."""
    folder = binaries()
    if folder is None:
        raise SystemExit("PostgreSQL is not installed: apt-get install -y --no-install-recommends postgresql")
    server = Postgres(folder, durable=True)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.remove()


def version(url: str) -> str:
    with psycopg.connect(url) as connection:
        found = connection.execute("SHOW server_version").fetchone()
    return str(found[0]).split()[0] if found else "?"
