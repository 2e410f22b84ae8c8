"""The writer: windows reach the store in order and once, whatever happens to the store meanwhile."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sentinel.store import SqlStore, Store, StoreUnavailable, WindowRecord, open_store
from sentinel.store.spool import Spool
from sentinel.store.writer import Writer
from tests.support import store_values as some
from tests.support.postgres import Postgres
from tests.support.proxy import Proxy

PATIENCE_SECONDS = 120.0


class Door:
    """A store that can be taken away between two calls."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.shut = False
        self.committed: list[float] = []

    def open(self) -> Store:
        self.refuse_if_shut()
        store = open_store(self.url)
        commit = store.commit_window

        def commit_window(record: WindowRecord) -> bool:
            self.refuse_if_shut()
            self.committed.append(record.window.start)
            return commit(record)

        store.commit_window = commit_window  # type: ignore[method-assign]
        return store

    def refuse_if_shut(self) -> None:
        if self.shut:
            raise StoreUnavailable("the door is shut")


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


@pytest.fixture
def door(sqlite_url: str) -> Door:
    return Door(sqlite_url)


@pytest.fixture
def writer(door: Door, tmp_path: Path) -> Iterator[Writer]:
    made = Writer(door.open, Spool(tmp_path / "spool", 1 << 20))
    yield made
    assert made.close(PATIENCE_SECONDS)


def test_windows_are_written_and_calls_answered(writer: Writer) -> None:
    assert writer.submit(some.record(0)).result(PATIENCE_SECONDS) == "written"
    assert writer.submit(some.record(0)).result(PATIENCE_SECONDS) == "known"
    assert [
        found.window.start for found in writer.call(lambda store: list(store.windows())).result(PATIENCE_SECONDS)
    ] == [0.0]
    assert writer.judge_state("fraud").result(PATIENCE_SECONDS) == b"state"


def test_the_store_goes_and_comes_back(writer: Writer, door: Door) -> None:
    writer.submit(some.record(0)).result(PATIENCE_SECONDS)
    door.shut = True
    outcomes = [writer.submit(some.record(number, state=b"%d" % number)) for number in (1, 2, 3)]
    assert [outcome.result(PATIENCE_SECONDS) for outcome in outcomes] == ["spooled"] * 3
    assert writer.counts.away == "the door is shut"
    assert writer.judge_state("fraud").result(PATIENCE_SECONDS) == b"3"
    door.shut = False
    until(lambda: writer.spooled.records == 0)
    assert writer.submit(some.record(4)).result(PATIENCE_SECONDS) == "written"
    assert door.committed == [0.0, 60.0, 120.0, 180.0, 240.0]
    assert (writer.counts.written, writer.counts.away) == (5, "")


def test_a_store_that_is_away_at_the_start(door: Door, tmp_path: Path) -> None:
    door.shut = True
    writer = Writer(door.open, Spool(tmp_path / "spool", 1 << 20))
    assert writer.submit(some.record(0)).result(PATIENCE_SECONDS) == "spooled"
    with pytest.raises(StoreUnavailable):
        writer.call(lambda store: store.setting("a")).result(PATIENCE_SECONDS)
    door.shut = False
    until(lambda: writer.spooled.records == 0)
    assert writer.close(PATIENCE_SECONDS)


def test_a_record_that_the_database_refuses_holds_up_nothing(writer: Writer) -> None:
    broken = some.record(0, intents=(some.intent(body=None),))
    assert writer.submit(broken).result(PATIENCE_SECONDS) == "refused"
    assert writer.submit(some.record(1)).result(PATIENCE_SECONDS) == "written"
    assert writer.counts.refused == 1


def test_what_waits_survives_a_restart(door: Door, tmp_path: Path) -> None:
    first = Writer(door.open, Spool(tmp_path / "spool", 1 << 20))
    door.shut = True
    for number in range(3):
        first.submit(some.record(number))
    assert first.close(PATIENCE_SECONDS)
    door.shut = False
    second = Writer(door.open, Spool(tmp_path / "spool", 1 << 20))
    until(lambda: second.spooled.records == 0)
    assert second.close(PATIENCE_SECONDS)
    assert door.committed == [0.0, 60.0, 120.0]


def test_a_postgresql_that_crashes_and_recovers(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    writer = Writer(lambda: open_store(postgres_url), Spool(tmp_path / "spool", 1 << 20))
    assert writer.submit(some.record(0)).result(PATIENCE_SECONDS) == "written"
    postgres.stop()
    try:
        assert writer.submit(some.record(1)).result(PATIENCE_SECONDS) == "spooled"
        assert writer.submit(some.record(2)).result(PATIENCE_SECONDS) == "spooled"
    finally:
        postgres.start()
    until(lambda: writer.spooled.records == 0)
    found = writer.call(lambda store: [stored.window.start for stored in store.windows()]).result(PATIENCE_SECONDS)
    assert found == [0.0, 60.0, 120.0]
    assert writer.close(PATIENCE_SECONDS)


def test_a_network_that_is_cut(
    postgres: Postgres, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes back and nothing is refused: the thread does not wait for ever, and all is written once."""
    monkeypatch.setattr("sentinel.store.engine.DEAD_SECONDS", 1.0)
    proxy = Proxy(postgres.port)
    url = postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/")
    writer = Writer(lambda: open_store(url), Spool(tmp_path / "spool", 1 << 20))
    assert writer.submit(some.record(0)).result(PATIENCE_SECONDS) == "written"
    proxy.cut()
    assert [writer.submit(some.record(number)).result(PATIENCE_SECONDS) for number in (1, 2)] == ["spooled"] * 2
    proxy.mend()
    until(lambda: writer.spooled.records == 0)
    found = writer.call(lambda store: [stored.window.start for stored in store.windows()]).result(PATIENCE_SECONDS)
    assert found == [0.0, 60.0, 120.0]
    assert writer.close(PATIENCE_SECONDS)
    proxy.close()


def test_a_record_that_no_database_takes_holds_up_nothing(writer: Writer, door: Door) -> None:
    impossible = some.record(0, window=some.window(0, traffic=some.traffic(1 << 80)))
    assert writer.submit(impossible).result(PATIENCE_SECONDS) == "refused"
    door.shut = True
    assert writer.submit(impossible).result(PATIENCE_SECONDS) in ("spooled", "dropped")
    door.shut = False
    until(lambda: writer.spooled.records == 0)
    assert writer.submit(some.record(1)).result(PATIENCE_SECONDS) == "written"
    assert writer.lost == 2


def write_through_an_outage(url: str, folder: str, first: int, started: int) -> None:
    """Windows from `first` on; the store is away for the first few, then drains."""
    door = Door(url)
    door.shut = True
    writer = Writer(door.open, Spool(Path(folder), 1 << 24))
    for number in range(first, first + 40):
        writer.submit(some.record(number)).result()
    door.shut = False
    os.write(started, b".")
    for number in range(first + 40, 1 << 30):
        writer.submit(some.record(number)).result()


def test_killed_while_the_spool_drains(sqlite_url: str, tmp_path: Path) -> None:
    """Each life goes on after the last window that it finds in store or spool: no gap, no window twice, order kept."""
    open_store(sqlite_url).close()
    moments = random.Random(3)
    context = multiprocessing.get_context("fork")
    folder = tmp_path / "spool"
    for life in range(6):
        heard, started = os.pipe()
        child = context.Process(target=write_through_an_outage, args=(sqlite_url, str(folder), life * 100_000, started))
        child.start()
        os.close(started)
        assert os.read(heard, 1) == b"."
        time.sleep(
            moments.uniform(0.3, 1.0)
        )  # the first retry comes after half a second; this is the moment of the fault
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        os.close(heard)
    last = Writer(lambda: open_store(sqlite_url), Spool(folder, 1 << 24))
    until(lambda: last.spooled.records == 0)
    assert last.close(PATIENCE_SECONDS)
    assert (last.spooled.dropped, last.spooled.damaged) == (0, 0)
    assert_no_gap(open_store(sqlite_url))


def assert_no_gap(store: SqlStore) -> None:
    lives: dict[int, list[int]] = {}
    for stored in store.windows(limit=1_000_000):
        life, number = divmod(int(stored.window.start / some.MINUTE), 100_000)
        lives.setdefault(life, []).append(number)
    assert sorted(lives) == list(range(6))
    for numbers in lives.values():
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= 40
    store.close()
