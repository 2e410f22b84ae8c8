import pytest

from sentinel.drift.budget import Tolerance
from sentinel.judge.power import PowerOf
from tests.support.judge_world import reference


def test_more_rows_see_smaller_drifts_but_never_inside_the_tolerance() -> None:
    frozen = reference()
    few, many = (PowerOf(frozen, rows_per_hour=rows).summary() for rows in (600, 60_000))
    for less, more in zip(few.features, many.features, strict=True):
        assert less.within_hour is not None
        assert more.within_hour is not None
        assert more.dead_zone is not None
        assert less.within_hour > more.within_hour > more.dead_zone
    amount = many.features[0]
    assert (amount.feature, amount.role, amount.unit) == ("amount", "input", "sd")
    assert 0.1 < amount.dead_zone < 0.2  # the tolerance is 0.1 sd


def test_a_small_reference_says_what_it_cannot_see() -> None:
    small, large = (PowerOf(reference(rows), rows_per_hour=6000).summary().features[0] for rows in (500, 50_000))
    assert small.dead_zone is not None
    assert large.dead_zone is not None
    assert small.dead_zone > 2 * large.dead_zone


def test_twenty_rows_an_hour_are_enough_for_a_day() -> None:
    amount = PowerOf(reference(), rows_per_hour=20).summary().features[0]
    assert amount.within_day is not None
    assert amount.within_day < 1.0


def test_a_drift_inside_the_tolerance_is_never_expected() -> None:
    power = PowerOf(reference(), rows_per_hour=6000, tolerance=Tolerance.parse("sd:0.3"))
    assert power.expected_delay("amount", 0.2) is None
    assert power.expected_delay("amount", 1.0) == 60.0 * round(power.expected_delay("amount", 1.0) / 60.0)  # type: ignore[operator]


def test_power_needs_rows_and_known_features() -> None:
    with pytest.raises(ValueError, match="power needs rows and time"):
        PowerOf(reference(), rows_per_hour=0)
    with pytest.raises(KeyError):
        PowerOf(reference(), rows_per_hour=10).expected_delay("nothing", 0.1)
