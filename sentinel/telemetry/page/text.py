"""Numbers and times as people read them, and escaping. Pure text."""

from datetime import UTC, datetime
from html import escape as _escape
from math import log10

_UNITS = ("", "k", "M", "G", "T", "P")
_KIBI_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
SMALLEST_SHOWN = 0.001
LARGEST_EVIDENCE = 1000.0
DECADES = 6  # from the one to the other
SECONDS_SHOWN_BELOW = 900  # a shorter time axis shows seconds
MINUTE, HOUR, DAY = 60, 3600, 86400


def esc(text: object) -> str:
    """Text that is safe in HTML, in attributes too."""
    return _escape(str(text), quote=True)


def number(value: float) -> str:
    """1234567 as 1.23M; three digits matter; below a thousandth nobody counts."""
    size = abs(value)
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, value, unit = size / 1000, value / 1000, unit + 1
    if 0 < size < SMALLEST_SHOWN:
        return f"<{SMALLEST_SHOWN}"
    return f"{value:.3g}{_UNITS[unit]}" if value == value else "–"


def evidence_text(value: float) -> str:
    """Evidence beyond a thousand is sure enough to spare the digits."""
    return "over 1000" if value > LARGEST_EVIDENCE else number(value)


def decades(evidence: float) -> float:
    """Evidence on a logarithmic axis from 0.001 (0) to 1000 (6); what lies outside is drawn at the edge."""
    return log10(min(max(evidence, SMALLEST_SHOWN), LARGEST_EVIDENCE) / SMALLEST_SHOWN)


def of_decades(place: float) -> str:
    """The evidence at a place of that axis."""
    return evidence_text(SMALLEST_SHOWN * 10**place)


def storage(value: float) -> str:
    """Bytes in binary units."""
    unit = 0
    while abs(value) >= 1024 and unit < len(_KIBI_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.3g} {_KIBI_UNITS[unit]}"


def duration(seconds: float) -> str:
    """0.0123 as 12.3 ms; 75 as 75.0 s."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def span(seconds: float) -> str:
    """A length of time in its two largest units: 3 h 12 min."""
    seconds = max(0, round(seconds))
    for unit, name, lower, lower_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s")):
        if seconds >= unit:
            rest = seconds % unit // lower
            return f"{seconds // unit} {name}" + (f" {rest} {lower_name}" if rest else "")
    return f"{seconds} s"


def share(ratio: float) -> str:
    """0.0312 as 3.12 %."""
    return f"{ratio * 100:.3g} %"


def moment(at: float) -> str:
    """A <time> element: UTC clock to read, full time in the attribute."""
    when = datetime.fromtimestamp(at, UTC)
    return f'<time datetime="{when:%Y-%m-%dT%H:%M:%SZ}">{when:%d %b %H:%M:%S} UTC</time>'


def day_time(at: float) -> str:
    """A UTC moment in running text."""
    return f"{datetime.fromtimestamp(at, UTC):%d %b %H:%M:%S}"


def tick(at: float, covered: float) -> str:
    """A time on an axis that covers so many seconds."""
    if covered > 2 * DAY:
        return f"{datetime.fromtimestamp(at, UTC):%d %b}"
    return clock(at, seconds=covered < SECONDS_SHOWN_BELOW)


def clock(at: float, *, seconds: bool = False) -> str:
    return f"{datetime.fromtimestamp(at, UTC):{'%H:%M:%S' if seconds else '%H:%M'}}"
