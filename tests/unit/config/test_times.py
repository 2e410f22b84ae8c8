"""Times as people write them."""

import pytest

from sentinel.config.times import parse_time, show_time

NOW = 1_767_225_600.0  # 2026-01-01T00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", NOW - 7200),
        ("1.5d", NOW - 129_600),
        ("1767225600", NOW),
        ("2026-01-01", NOW),
        ("2026-01-01T00:00:00Z", NOW),
        ("2026-01-01T01:00+01:00", NOW),
    ],
)
def test_ages_epochs_and_iso_times(text: str, expected: float) -> None:
    assert parse_time(text, NOW) == expected


def test_a_word_is_refused_with_examples() -> None:
    with pytest.raises(ValueError, match="'yesterday' is no time; use"):
        parse_time("yesterday", NOW)


def test_shown_in_utc() -> None:
    assert show_time(NOW) == "2026-01-01 00:00:00Z"
