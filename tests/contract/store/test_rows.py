"""Kept rows on every database: they come back, are bounded in size, and go with their age."""

from random import Random

from sentinel.store import Store
from sentinel.store.contract import Retention, Selection
from sentinel.store.rows import MOST_BYTES
from sentinel.windows.kept import KeptRows
from sentinel.windows.window import WindowKey

DAY = 86_400.0
ROWS = ({"amount": 1.5, "country": "DE", "note": None}, {"amount": -2.0, "country": "F\udcffR", "note": "x"})


def sample(start: float, rows: tuple[dict[str, object], ...] = ROWS, version: str = "1") -> KeptRows:
    return KeptRows(WindowKey("fraud", version, "a"), start, start + 60, 100, rows, ("country",))


def test_rows_come_back_as_they_were(store: Store) -> None:
    clean = sample(0.0, ROWS[:1])
    for written in (clean, sample(60.0, ROWS[:1], version="2")):
        store.keep_rows(written)
    assert list(store.kept_rows(Selection(version="1"))) == [clean]
    assert [kept.start for kept in store.kept_rows(Selection())] == [0.0, 60.0]
    assert list(store.kept_rows(Selection(since=120.0))) == []


def test_many_samples_are_read_page_by_page(store: Store) -> None:
    for i in range(205):
        store.keep_rows(sample(60.0 * i, ROWS[:1]))
    assert [kept.start for kept in store.kept_rows(Selection())] == [60.0 * i for i in range(205)]


def test_a_sample_that_is_too_large_is_halved_until_it_fits(store: Store) -> None:
    random = Random(1)
    large = tuple({f"f{i}": random.random() for i in range(512)} for _ in range(2000))
    store.keep_rows(sample(0.0, large))
    (kept,) = store.kept_rows(Selection())
    assert kept.rows == large[: len(kept.rows)]
    assert 100 < len(kept.rows) <= MOST_BYTES // (512 * 9)
    assert kept.seen == 100


def test_old_rows_are_forgotten(store: Store) -> None:
    for day in range(4):
        store.keep_rows(sample(day * DAY, ROWS[:1]))
    while store.forget(4 * DAY, Retention(rows_days=2.0)):
        pass
    assert [kept.start for kept in store.kept_rows(Selection())] == [2 * DAY, 3 * DAY]
