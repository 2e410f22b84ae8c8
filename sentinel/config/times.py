"""Times as people write them."""

import re
from datetime import UTC, datetime

_AGE = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_time(text: str, now: float) -> float:
    """Seconds since the epoch of an ISO time (UTC unless it says otherwise), epoch seconds, or an age such as 2h.

    Raises ValueError for anything else.
    """
    if age := _AGE.fullmatch(text):
        return now - float(age[1]) * _SECONDS[age[2]]
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time; use 2026-01-31T12:00, 1767225600 or an age such as 2h") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def show_time(seconds: float) -> str:
    """A UTC time to the second, for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
