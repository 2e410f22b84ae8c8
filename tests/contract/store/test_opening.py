"""What lies at the address decides what opening does; refusals are one sentence each."""

import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from sentinel.store import (
    SqlStore,
    StoreCorrupt,
    StoreError,
    StoreIncompatible,
    StoreUnavailable,
    open_store,
)
from sentinel.store.engine import Database
from tests.support import store_values as some

NOBODY = 65534


def execute(url: str, *statements: str) -> None:
    database = Database(url)
    with database.write() as connection:
        for statement in statements:
            connection.execute(text(statement))
    database.close()


def test_opening_again_finds_what_was_written(url: str) -> None:
    first = open_store(url)
    first.commit_window(some.record(0))
    first.close()
    again = open_store(url)
    assert again.judge_state("fraud") == b"state"
    again.close()


def test_a_newer_schema_is_refused(store: SqlStore, url: str) -> None:
    execute(url, "UPDATE sentinel_schema SET version_num = '9999'")
    with pytest.raises(
        StoreIncompatible, match=r"has schema 9999, newer than this sentinel knows .*: install the newer"
    ):
        open_store(url)


def test_another_programs_tables_are_refused(url: str) -> None:
    execute(url, "CREATE TABLE settings (a integer)")
    with pytest.raises(StoreCorrupt, match=r"belongs to another program \(it has the table 'settings'\)"):
        open_store(url)


def test_a_server_may_hold_other_tables_beside_ours(postgres_url: str) -> None:
    execute(postgres_url, "CREATE TABLE somebody_elses (a integer)")
    open_store(postgres_url).close()


@pytest.mark.parametrize(
    "content", [b"hello, this is a text file, not a database at all\n" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sentinel.db"
    path.write_bytes(content)
    with pytest.raises(
        StoreCorrupt, match=r"sentinel\.db is damaged or no SQLite database .*: move it away or restore"
    ):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_a_database_damaged_in_the_middle_is_named_when_read(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.db"
    store = open_store(f"sqlite:///{path}")
    for number in range(50):
        store.commit_window(some.record(number))
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="damaged"):
        list(open_store(f"sqlite:///{path}").windows())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=f"there is no folder {re.escape(str(tmp_path))}/gone; create it"):
        open_store(f"sqlite:///{tmp_path}/gone/sentinel.db")


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened: check that its folder exists and may be written"):
        open_store(f"sqlite:///{tmp_path}")


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anywhere, so it steps down."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def test_a_folder_that_may_not_be_written(public_folder: Path) -> None:
    public_folder.chmod(0o555)
    with unprivileged(), pytest.raises(StoreUnavailable, match="cannot be opened: check that its folder"):
        open_store(f"sqlite:///{public_folder}/sentinel.db")


def test_a_file_that_may_not_be_written(public_folder: Path) -> None:
    url = f"sqlite:///{public_folder}/sentinel.db"
    open_store(url).close()
    (public_folder / "sentinel.db").chmod(0o444)
    public_folder.chmod(0o555)
    with unprivileged(), pytest.raises(StoreUnavailable, match=r"may not be written|cannot be opened"):
        open_store(url).put_setting("a", "b")


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(
        StoreUnavailable, match=r"postgresql\+psycopg://sentinel:\*\*\*@127\.0\.0\.1:1/x cannot be used now"
    ):
        open_store("postgresql://sentinel:secret@127.0.0.1:1/x")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sentinel.db", "is no URL: write sqlite:////var/lib"),
        ("mysql://localhost/x", "mysql is not supported; use sqlite or postgresql"),
    ],
)
def test_urls_that_mean_nothing(url: str, sentence: str) -> None:
    with pytest.raises(StoreError, match=re.escape(sentence)):
        open_store(url)


def test_two_processes_create_at_once(url: str) -> None:
    script = "import sys; from sentinel.store import open_store; open_store(sys.argv[1]).put_setting('a', 'b')"
    children = [subprocess.Popen([sys.executable, "-c", script, url]) for _ in range(3)]
    assert [child.wait(120) for child in children] == [0, 0, 0]


def test_a_current_or_empty_database_costs_no_migration_tool(sqlite_url: str) -> None:
    script = """
import sys
from sentinel.store import open_store
open_store(sys.argv[1]).close()
open_store(sys.argv[1]).close()
print(sorted({"alembic", "sqlalchemy.orm", "psycopg", "pyarrow"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script, sqlite_url], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    store.commit_window(some.record(0))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    store.close()
    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


def test_rights_that_were_given_stay(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    path.chmod(0o640)
    open_store(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
