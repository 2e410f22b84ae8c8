"""Freeze windows: times in which nothing is rolled back by machine. Pure; all times UTC.

Weekly, `fri 18:00 - mon 06:00`, or once, `2026-12-20T00:00Z / 2027-01-03T00:00Z`; half-open.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK_MINUTES = 7 * 24 * 60
_MOMENT = re.compile(r"(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Weekly:
    """From one minute of the week to another, which may lie in the next week. Minutes since Monday 00:00."""

    text: str
    start_minute: int
    end_minute: int

    def covers(self, at: float) -> bool:
        moment = datetime.fromtimestamp(at, UTC)
        minute = (moment.weekday() * 24 + moment.hour) * 60 + moment.minute
        length = (self.end_minute - self.start_minute) % WEEK_MINUTES
        return (minute - self.start_minute) % WEEK_MINUTES < length


@dataclass(frozen=True, slots=True)
class Once:
    """One interval, in seconds since the epoch."""

    text: str
    start: float
    end: float

    def covers(self, at: float) -> bool:
        return self.start <= at < self.end


Freeze = Weekly | Once


def parse(text: str) -> Freeze:
    """A freeze window from its text. Raises ValueError with a sentence that names the text."""
    if "/" in text:
        return _once(text)
    start, dash, end = (part.strip().lower() for part in text.partition("-"))
    if not dash:
        raise ValueError(f"{text!r} is no freeze window; write it as 'fri 18:00 - mon 06:00'")
    window = Weekly(text, _minute(text, start), _minute(text, end))
    if window.start_minute == window.end_minute:
        raise ValueError(f"freeze window {text!r} is empty; to stop all rollbacks set mode: off")
    return window


def _minute(text: str, moment: str) -> int:
    match = _MOMENT.fullmatch(moment)
    if match is None:
        raise ValueError(f"freeze window {text!r} needs a day and a time such as 'fri 18:00', not {moment!r}")
    day, hour, minute = match.groups()
    return (DAYS.index(day) * 24 + int(hour)) * 60 + int(minute)


def _once(text: str) -> Once:
    start, _, end = (part.strip() for part in text.partition("/"))
    try:
        bounds = [datetime.fromisoformat(part) for part in (start, end)]
    except ValueError as error:
        raise ValueError(f"freeze window {text!r} needs two ISO 8601 times: {error}") from error
    first, last = (moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() for moment in bounds)
    if first >= last:
        raise ValueError(f"freeze window {text!r} ends before it begins")
    return Once(text, first, last)
