"""Seasons: which hour is which, and that each hour is judged by its own past."""

from datetime import UTC, datetime

import numpy as np
import pytest

from sentinel.drift.seasons import SEASONS, season_of
from sentinel.judge.judge import Judge
from sentinel.judge.seasons import Seasons
from sentinel.judge.verdict import State
from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import ClosedWindow
from tests.support.judge_world import columns, reference, window

WEEK = 7 * 288
CYCLE_SD = 0.5


@pytest.mark.parametrize(
    ("when", "offset", "season"),
    [
        (datetime(2026, 11, 20, 0, 30, tzinfo=UTC), 0.0, 0),  # Friday
        (datetime(2026, 11, 20, 23, 59, tzinfo=UTC), 0.0, 23),
        (datetime(2026, 11, 21, 0, 0, tzinfo=UTC), 0.0, 24),  # Saturday
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), 0.0, 47),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), 1.0, 0),  # Monday already
        (datetime(1970, 1, 1, 5, 0, tzinfo=UTC), -5.0, 0),
    ],
)
def test_the_season_is_the_hour_on_weekdays_or_at_the_weekend(when: datetime, offset: float, season: int) -> None:
    assert season_of(when.timestamp(), offset) == season


def cyclic(frozen: FrozenReference, rng: np.random.Generator, i: int, rows: int, shift: float = 0.0) -> ClosedWindow:
    mean = shift + CYCLE_SD * np.sin(2 * np.pi * i / 288)
    return window(frozen, columns(rng, rows, shift=mean), i)


@pytest.fixture(scope="module")
def frozen() -> FrozenReference:
    return reference()


@pytest.fixture(scope="module")
def seasons(frozen: FrozenReference) -> Seasons:
    rng = np.random.default_rng(1)
    return Seasons.learnt(frozen, (cyclic(frozen, rng, i, 400) for i in range(0, 4 * WEEK, 2)))


def test_a_daily_cycle_pages_without_seasons_and_not_with_them(frozen: FrozenReference, seasons: Seasons) -> None:
    for options, most in (({}, None), ({"seasons": seasons}, 0)):
        rng, judge = np.random.default_rng(2), Judge(frozen, **options)  # type: ignore[arg-type]
        pages = sum(len(judge.observe(cyclic(frozen, rng, i, 200)).opened) for i in range(600))
        assert pages > 0 if most is None else pages == most


def test_a_drift_beside_the_cycle_is_found_and_ends(frozen: FrozenReference, seasons: Seasons) -> None:
    rng, judge = np.random.default_rng(3), Judge(frozen, seasons=seasons)
    for i in range(300):
        judge.observe(cyclic(frozen, rng, i, 1000))
    verdicts = [judge.observe(cyclic(frozen, rng, i, 1000, shift=0.6)) for i in range(300, 330)]
    assert verdicts[-1].state is State.BREACH
    assert verdicts[-1].open[0].features == ("amount",)
    again = Judge.restore(frozen, judge.state(), seasons=seasons)
    assert again.state() == judge.state()
    later = [again.observe(cyclic(frozen, rng, i, 1000)) for i in range(330, 400)]
    assert later[-1].state is State.OK


def test_seasons_survive_as_bytes_and_belong_to_one_reference(frozen: FrozenReference, seasons: Seasons) -> None:
    again = Seasons.from_bytes(seasons.to_bytes())
    assert again.fingerprint() == seasons.fingerprint()
    assert len(again.rows()) == SEASONS
    with pytest.raises(ValueError, match="another reference"):
        Judge(reference(seed=5), seasons=again)
    with pytest.raises(ValueError, match="there are none"):
        Seasons.learnt(frozen, [])
