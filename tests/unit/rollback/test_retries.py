"""What answers mean, and the schedule: short, honouring Retry-After, never past the expiry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.rollback.interlocks import OUTCOMES
from sentinel.rollback.retries import (
    DELAYS_SECONDS,
    FAILURES,
    RESULTS,
    answer_of_failure,
    answer_of_status,
    next_step,
    result_of,
)
from sentinel.telemetry.catalogue import rollback as catalogue


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((200, 201, 202, 204, 299, 409), "delivered"),
        ((408, 425, 429, 500, 502, 503, 504, 599, 100, 999), "retry"),
        ((300, 301, 302, 307, 308, 400, 401, 403, 404, 422), "final"),
        ((410,), "gone"),
    ],
)
def test_classes(statuses: tuple[int, ...], kind: str) -> None:
    assert {answer_of_status(status).kind for status in statuses} == {kind}


def test_retry_after_in_seconds_as_a_date_and_as_nonsense() -> None:
    assert answer_of_status(503, " 30 ").retry_after_seconds == 30
    assert answer_of_status(503, "Thu, 01 Jan 1970 00:02:00 GMT", now=50.0).retry_after_seconds == 70
    assert answer_of_status(503, "Thu, 01 Jan 1970 00:02:00 GMT", now=500.0).retry_after_seconds == 0
    for nonsense in ("", "soon", "-5", "1e9", "²", "9" * 5000):
        assert (answer_of_status(503, nonsense).retry_after_seconds or 0) <= 1e9


def test_the_schedule() -> None:
    failed = answer_of_status(500)
    now, waits = 0.0, []
    for attempt in range(1, 20):
        step = next_step(failed, attempt, now, 600.0)
        if step.state != "pending":
            assert (step.state, step.why) == ("dead", "expired")
            break
        waits.append(step.next_attempt_at - now)
        now = step.next_attempt_at
    assert tuple(waits) == (*DELAYS_SECONDS[1:], 180.0)
    assert now < 600.0


def test_retry_after_lengthens_but_never_shortens_the_wait() -> None:
    assert next_step(answer_of_status(429, "90"), 1, 0.0, 600.0).next_attempt_at == 90
    assert next_step(answer_of_status(429, "0"), 3, 0.0, 600.0).next_attempt_at == DELAYS_SECONDS[3]
    assert next_step(answer_of_status(429, "601"), 1, 0.0, 600.0).state == "dead"


@given(
    st.integers(0, 999),
    st.integers(1, 50),
    st.floats(0, 1e9),
    st.floats(0, 1e4),
    st.floats(-1, 1),
    st.none() | st.text(max_size=20) | st.integers(0, 10**6).map(str),
)
def test_no_attempt_is_ever_planned_past_the_expiry_or_into_the_past(
    status: int, attempt: int, now: float, left: float, jitter: float, retry_after: str | None
) -> None:
    step = next_step(answer_of_status(status, retry_after, now), attempt, now, now + left, jitter)
    if step.state == "pending":
        assert now <= step.next_attempt_at < now + left


def test_metrics_know_every_result() -> None:
    answers = [answer_of_status(status) for status in range(100, 1000)] + [answer_of_failure(word) for word in FAILURES]
    assert {*map(result_of, answers), "expired"} == set(RESULTS) == set(catalogue.RESULTS)
    assert set(OUTCOMES) == set(catalogue.OUTCOMES)


def test_every_failure_word_has_a_class() -> None:
    assert {answer_of_failure(word).kind for word in FAILURES} <= {"retry", "final"}
