"""What an operator asks of a database: upgrade it, check it."""

from pathlib import Path

import pytest
from sqlalchemy import text

from sentinel.store import SqlStore, StoreIncompatible, StoreUnavailable, open_store
from sentinel.store.engine import Database
from sentinel.store.migrations import upgrade as migrate
from sentinel.store.schema import HEAD
from sentinel.store.upkeep import check, upgrade
from tests.support import store_values as some


def test_upgrade_says_from_where_to_where(url: str) -> None:
    database = Database(url)
    with database.write() as connection:
        migrate(connection, "0001")
    database.close()
    with pytest.raises(StoreIncompatible, match="has schema 0001"):
        check(url)
    assert upgrade(url) == ("0001", HEAD)
    assert upgrade(url) == (HEAD, HEAD)
    assert check(url) == []


def test_upgrade_makes_a_new_database(url: str) -> None:
    assert upgrade(url) == (None, HEAD)


def test_check_finds_what_was_changed(store: SqlStore, url: str) -> None:
    store.commit_window(some.record(0))
    assert check(url) == []
    with store.database.write() as connection:
        connection.execute(text("UPDATE audit SET sentence = 'it was fine'"))
    assert check(url) == ["audit record 1 (page fraud/1) was changed after it was written"]


def test_check_finds_damage(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.db"
    store = open_store(f"sqlite:///{path}")
    for number in range(200):
        store.commit_window(some.record(number))
    store.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = bytes(4096)
    path.write_bytes(content)
    assert any("restore a copy" in problem for problem in check(f"sqlite:///{path}"))


def test_looking_makes_nothing(tmp_path: Path, postgres_url: str) -> None:
    with pytest.raises(StoreUnavailable, match=r"there is no store .*none\.db: `sentinel run` makes it"):
        check(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.glob("none*")) == []
    with pytest.raises(StoreUnavailable, match="holds no store of sentinel yet"):
        open_store(postgres_url, create=False)
