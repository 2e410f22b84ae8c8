"""What the answer to an attempt means, and when to try again. Pure; two tables and the arithmetic between them.

A rollback that comes late is dangerous, so the schedule is short and ends with the request's expiry, unlike the days
that Standard Webhooks proposes. Source of the classes: Standard Webhooks 1.0; RFC 9110 (Retry-After).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from sentinel.store.contract import IntentState

DELAYS_SECONDS = (0.0, 1.0, 5.0, 15.0, 60.0, 180.0)
"""Wait before attempt 1, 2, …; the last repeats until the request expires."""

JITTER_RATIO = 0.1
"""Share by which a wait is spread, so that many senders do not return together."""

Class = Literal["delivered", "retry", "final", "gone"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt. result: a short fixed word; status: HTTP status, 0 when none came."""

    result: str
    kind: Class
    status: int = 0
    retry_after_seconds: float | None = None
    detail: str = ""


STATUSES: dict[int, tuple[str, Class]] = {
    408: ("http_408", "retry"),
    409: ("already_done", "delivered"),
    410: ("gone", "gone"),
    425: ("http_425", "retry"),
    429: ("throttled", "retry"),
}
"""Single statuses that differ from their hundred."""

HUNDREDS: dict[int, tuple[str, Class]] = {
    2: ("delivered", "delivered"),
    3: ("redirected", "final"),
    4: ("refused", "final"),
    5: ("http_5xx", "retry"),
}

FAILURES: dict[str, Class] = {
    "unreachable": "retry",
    "timeout": "retry",
    "cut": "retry",
    "tls": "retry",
    "unsigned": "retry",
    "fault": "retry",
    "forbidden": "final",
}
"""What can go wrong before a status comes: no connection, no answer in time, connection lost, certificate refused,
secret or token unreadable (it may be mounted later), a fault of our own, address not allowed."""


def answer_of_status(status: int, retry_after: str | None = None, now: float = 0.0) -> Answer:
    """The meaning of an HTTP status; anything outside 200–599 is retried."""
    result, kind = STATUSES.get(status) or HUNDREDS.get(status // 100, ("odd_status", "retry"))
    return Answer(result, kind, status, _seconds_of(retry_after, now))


def answer_of_failure(word: str, detail: str = "") -> Answer:
    """The meaning of an attempt without a status; `word` is a key of FAILURES."""
    return Answer(word, FAILURES[word], detail=detail)


def _seconds_of(retry_after: str | None, now: float) -> float | None:
    """Retry-After in seconds from now: a number or an HTTP date; None when absent or unreadable."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now, 0.0)


RESULTS = ("delivered", "refused", "timeout", "unreachable", "http_3xx", "http_4xx", "http_5xx", "expired")
"""The few results that metrics tell apart (`sentinel.telemetry.catalogue.rollback`); the audit has the words."""

_RESULT_OF_WORD = {"timeout": "timeout", "unreachable": "unreachable", "cut": "unreachable", "tls": "unreachable"}


def result_of(answer: Answer) -> str:
    """Which of RESULTS an attempt counts as; `expired` is for requests given up without one."""
    if answer.kind == "delivered":
        return "delivered"
    by_status = {3: "http_3xx", 4: "http_4xx", 5: "http_5xx"}.get(answer.status // 100, "refused")
    return _RESULT_OF_WORD.get(answer.result, by_status)


class Settled(Exception):
    """Raised inside a target that takes several steps: the attempt ends here, with this answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"{answer.result} {answer.detail}".strip())


@dataclass(frozen=True, slots=True)
class Step:
    """Where an intent goes after an attempt. why: word of the dead letter, or ""."""

    state: IntentState
    next_attempt_at: float
    why: str = ""


def next_step(answer: Answer, attempt: int, now: float, expires_at: float, jitter: float = 0.0) -> Step:
    """The delivery state machine. `attempt` counts from 1; `jitter` lies in [-1, 1].

    When no attempt is left before the expiry, the intent is dead at once: the page should not wait for it.
    """
    if answer.kind == "delivered":
        return Step("delivered", 0.0)
    if answer.kind in ("final", "gone"):
        return Step("dead", 0.0, answer.result)
    wait = DELAYS_SECONDS[min(attempt, len(DELAYS_SECONDS) - 1)] * (1 + JITTER_RATIO * jitter)
    at = now + max(wait, answer.retry_after_seconds or 0.0)
    return Step("pending", at) if at < expires_at else Step("dead", 0.0, "expired")


def at_text(at: float) -> str:
    """A moment as people read it."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
