"""A server that answers slowly is waited for, however long a transaction takes in sum; a silent one is not."""

import pytest
from sqlalchemy import text

from sentinel.store import StoreUnavailable
from sentinel.store.engine import Database

DEAD_SECONDS = 3.0


def test_many_slow_answers_are_waited_for_and_a_missing_one_is_not(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentinel.store.engine.DEAD_SECONDS", DEAD_SECONDS)
    database = Database(postgres_url)
    with database.write() as connection:
        for _ in range(5):
            connection.execute(text(f"SELECT pg_sleep({DEAD_SECONDS / 4})"))
    with pytest.raises(StoreUnavailable), database.write() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    database.close()
