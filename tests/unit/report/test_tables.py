"""Rows drawn from sketches have the shares of the sketches; kept rows are thinned in proportion."""

from random import Random

import numpy as np
import pytest

from sentinel.reference.build import build
from sentinel.report.drawn import from_reference, from_window
from sentinel.windows.kept import KeptRows, thinned
from sentinel.windows.opened import Window
from sentinel.windows.window import WindowKey

RNG = np.random.default_rng(5)
COLUMNS = {
    "amount": RNG.lognormal(size=20_000),
    "count": RNG.integers(0, 40, 20_000).astype(float),
    "gaps": np.where(RNG.random(20_000) < 0.25, np.nan, RNG.normal(size=20_000)),
    "country": RNG.choice(np.array(["DE", "FR", "IT"], dtype=object), 20_000, p=[0.5, 0.3, 0.2]),
}
REFERENCE = build(COLUMNS, name="m", version="1")


def test_rows_of_the_reference_have_its_distributions() -> None:
    drawn = from_reference(REFERENCE, 4000)
    for name in ("amount", "count"):
        for q in (0.05, 0.5, 0.95):
            was, now = np.quantile(COLUMNS[name], q), np.quantile(drawn[name], q)
            assert np.mean(COLUMNS[name] <= now) == pytest.approx(q, abs=0.03) or now == was
    assert set(drawn["count"]) <= set(range(40)), "frequent values are drawn exactly"
    assert np.isnan(drawn["gaps"]).mean() == pytest.approx(np.isnan(COLUMNS["gaps"]).mean(), abs=0.001)
    shares = {c: (drawn["country"] == c).mean() for c in ("DE", "FR", "IT")}
    assert shares == pytest.approx({c: (COLUMNS["country"] == c).mean() for c in shares}, abs=0.001)


def test_rows_of_a_window_have_its_shift_its_gaps_and_its_new_category() -> None:
    window = Window(WindowKey("m", "1", ""), 0.0, 60.0, REFERENCE)
    window.add(
        {
            "amount": [100.0] * 500 + [1.0] * 500,
            "count": [None] * 1000,
            "gaps": ["text"] * 500 + [0.0] * 500,
            "country": ["XX"] * 250 + ["DE"] * 750,
        }
    )
    drawn = from_window(REFERENCE, window.close().features, 400)
    assert np.median(drawn["amount"][drawn["amount"] > 2]) > 10
    assert (drawn["amount"] > 2).mean() == pytest.approx(0.5)
    assert np.isnan(drawn["count"]).all()
    assert np.isnan(drawn["gaps"]).mean() == pytest.approx(0.5)
    assert (drawn["country"] == "new").mean() == pytest.approx(0.25)


def sample(start: float, kept: int, seen: int) -> KeptRows:
    return KeptRows(WindowKey("m", "1", ""), start, start + 60, seen, tuple({"w": start} for _ in range(kept)))


def test_busy_windows_get_more_of_the_kept_rows() -> None:
    rows = thinned([sample(0.0, 100, 100), sample(60.0, 100, 900)], 1000, Random(1))
    first = sum(row["w"] == 0.0 for row in rows)
    assert len(rows) == pytest.approx(111, abs=2)
    assert first == pytest.approx(11, abs=1)


def test_rows_are_bounded_and_may_be_none() -> None:
    assert len(thinned([sample(0.0, 2000, 2000)] * 10, 5000, Random(1))) == 5000
    assert thinned([], 5000, Random(1)) == []
