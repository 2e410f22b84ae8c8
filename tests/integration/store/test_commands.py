"""`sentinel windows` and `sentinel db`, over a real file."""

import json
from argparse import Namespace
from pathlib import Path

import pytest
from sqlalchemy import text

from sentinel.cli import db, windows
from sentinel.cli.problems import CommandError
from sentinel.store import open_store
from sentinel.store.engine import Database
from sentinel.store.migrations import upgrade
from tests.support import store_values as some


@pytest.fixture
def filled(sqlite_url: str) -> str:
    store = open_store(sqlite_url)
    for number in range(3):
        store.commit_window(some.record(number))
    store.close()
    return sqlite_url


def options(url: str, **given: object) -> Namespace:
    made: dict[str, object] = {"store": url, "config": None, "json": False, "model": "", "version": "", "replica": ""}
    return Namespace(**made | {"since": None, "until": None, "limit": 1000, "merge": False, "features": False} | given)


def test_list(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert windows.show_list(options(filled, json=True, since="60")) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["started_at"] for row in rows] == [60.0, 120.0]
    windows.show_list(options(filled))
    shown = capsys.readouterr().out
    assert "1970-01-01" in shown
    assert "fraud" in shown
    windows.show_list(options(filled, json=True, merge=True))
    [merged] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (merged["received"], merged["rows"]) == (30, 120)


def test_show_the_newest(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    windows.show(options(filled, json=True, model="fraud"))
    shown = json.loads(capsys.readouterr().out)
    assert shown["started_at"] == 120.0
    assert [feature["feature"] for feature in shown["features"]] == ["amount"]
    windows.show(options(filled))
    assert "+0.31" in capsys.readouterr().out


def test_export(filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.json"
    windows.export(options(filled, output=str(path), format="json", features=True))
    assert len(path.read_text().splitlines()) == 3
    assert "3 rows" in capsys.readouterr().out
    with pytest.raises(CommandError, match="cannot be written: No such file"):
        windows.export(options(filled, output=str(tmp_path / "no" / "out"), format="json"))


def test_what_cannot_be_shown(filled: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no stored window matches"):
        windows.show(options(filled, model="other"))
    with pytest.raises(CommandError, match=r"there is no store .*none\.db"):
        windows.show_list(options(f"sqlite:///{tmp_path}/none.db"))
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(CommandError, match="is no time"):
        windows.show_list(options(filled, since="lately"))


def test_upgrade_says_from_where_to_where(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    database = Database(sqlite_url)
    with database.write() as connection:
        upgrade(connection, "0001")
    database.close()
    with pytest.raises(CommandError, match="has schema 0001"):
        windows.show_list(options(sqlite_url))
    assert db.check(options(sqlite_url)) == 1
    assert db.upgrade(options(sqlite_url)) == 0
    assert db.upgrade(options(sqlite_url)) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1:] == ["schema 0001 → 0002", "schema 0002"]


def test_check_finds_what_is_wrong(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert db.check(options(filled)) == 0
    database = Database(filled)
    with database.write() as connection:
        connection.execute(text("UPDATE audit SET sentence = 'it was fine'"))
    database.close()
    assert db.check(options(filled)) == 1
    assert "audit record 1 (page fraud/1) was changed" in capsys.readouterr().out
