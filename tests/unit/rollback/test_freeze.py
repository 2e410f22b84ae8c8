"""Freeze windows: weekly over the turn of the week, once, and sentences for what is none."""

from datetime import UTC, datetime

import pytest

from sentinel.rollback import freeze


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("mon 09:00 - mon 17:00", ["2026-11-23T09:00", "2026-11-23T16:59"], ["2026-11-23T08:59", "2026-11-23T17:00"]),
        ("fri 18:00 - mon 06:00", ["2026-11-20T18:00", "2026-11-22T12:00", "2026-11-23T05:59"], ["2026-11-23T06:00"]),
        (" Sun 23:30 -mon 00:30 ", ["2026-11-22T23:45", "2026-11-23T00:00"], ["2026-11-22T23:29"]),
        (
            "2026-12-20T00:00Z / 2027-01-03T00:00+00:00",
            ["2026-12-20T00:00", "2027-01-02T23:59"],
            ["2027-01-03T00:00", "2026-12-19T23:59"],
        ),
    ],
)
def test_covers(text: str, inside: list[str], outside: list[str]) -> None:
    window = freeze.parse(text)
    assert all(window.covers(at(moment)) for moment in inside)
    assert not any(window.covers(at(moment)) for moment in outside)


@pytest.mark.parametrize(
    "text",
    ["", "friday", "fri 18:00", "fri 25:00 - mon 06:00", "fri 18:00 - fri 18:00", "a/b", "2027-01-01/2026-01-01"],
)
def test_refuses_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="freeze window"):
        freeze.parse(text)
