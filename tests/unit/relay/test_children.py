"""How a child is started again: at once after a steady life, with growing delays after quick deaths."""

import os
import sys
import time

import pytest

from sentinel.relay.children import LONGEST_DELAY_SECONDS, Child, Start, _delay
from tests.support.relay_processes import wait_for


def child(code: str, stable_seconds: float = 5.0) -> Child:
    command = [sys.executable, "-c", code]
    return Child("test", lambda: Start(command, "TEST_DOCUMENT_FD", b"hello", ()), stable_seconds)


def ended(one: Child) -> int:
    codes: list[int | None] = []
    wait_for(lambda: codes.append(one.reap()) or codes[-1] is not None, "the child to end")
    assert codes[-1] is not None
    return codes[-1]


def test_the_document_reaches_the_child() -> None:
    one = child("import os, sys; sys.exit(os.pread(int(os.environ['TEST_DOCUMENT_FD']), 10, 0) != b'hello')")
    one.start()
    assert ended(one) == 0
    assert not one.running


def test_an_environment_is_given_and_that_of_the_operator_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SET_BY_BOTH", "operator")
    code = "import os, sys; sys.exit((os.environ['TEST_GIVEN'], os.environ['TEST_SET_BY_BOTH']) != ('1', 'operator'))"
    given = {"TEST_GIVEN": "1", "TEST_SET_BY_BOTH": "start"}
    start = Start([sys.executable, "-c", code], "TEST_DOCUMENT_FD", b"", (), environment=given)
    one = Child("test", lambda: start, 5.0)
    one.start()
    assert ended(one) == 0


def test_a_signal_is_told_and_an_ended_child_is_reaped_once() -> None:
    one = child("import time; time.sleep(60)")
    one.start()
    os.kill(one.pid, 9)
    assert ended(one) == -9
    assert one.reap() is None


@pytest.mark.parametrize(
    ("quick_deaths", "seconds"), [(0, 0), (1, 0), (2, 0.1), (3, 0.2), (5, 0.8), (20, LONGEST_DELAY_SECONDS)]
)
def test_delays_grow_to_a_bound(quick_deaths: int, seconds: float) -> None:
    assert _delay(quick_deaths) == pytest.approx(seconds)


def test_a_steady_life_is_followed_at_once() -> None:
    one = child("pass", stable_seconds=0.0)
    for _ in range(4):
        one.start()
        ended(one)
        assert one.restart_at <= time.monotonic()


def test_waiting_has_a_deadline() -> None:
    one = child("import time; time.sleep(60)")
    one.start()
    one.wait(time.monotonic())
    assert one.reap() == -9
