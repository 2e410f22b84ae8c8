"""Every database that the store runs on, each test with an empty one."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.store import SqlStore, open_store
from tests.support.postgres import Postgres, require

_names = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres(require())
    server.start()
    yield server
    server.stop()
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/sentinel.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.create(f"contract_{next(_names)}")


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    opened = open_store(url)
    yield opened
    opened.close()
