"""Points in time as hour and weekday, read from ISO 8601 text. The clock that is written is the clock that is read."""

from collections.abc import Sequence
from datetime import datetime

from sentinel.decode.rows import Column

ASPECTS = frozenset({"hour", "weekday"})

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHORTEST_CHARACTERS = len("2026-11-22")


def columns(values: Sequence[object]) -> dict[str, Column]:
    """hour: 0 to 24 with its fraction; weekday: mon … sun. Missing where a value is no date."""
    moments = [_moment(value) for value in values]
    return {
        "hour": [None if at is None else at.hour + at.minute / 60 for at in moments],
        "weekday": [None if at is None else _DAYS[at.weekday()] for at in moments],
    }


def is_moment(value: object) -> bool:
    return _moment(value) is not None


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) < SHORTEST_CHARACTERS or value[4] != "-":
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
