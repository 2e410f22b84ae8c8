"""Failures and the slowest exchanges are noted beside the counts, with the trace that their request carried."""

import pytest

from sentinel.relay.http1 import Http1
from sentinel.relay.tally import MOST_FAILED
from sentinel.relay.traces import LONGEST_TRACE, header_in, trace_of
from sentinel.traffic.summary import Exemplar
from tests.support.relay_trackers import Notes

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FAILED = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"


def request(number: int) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: r{number}\r\n\r\n".encode()


def exchanges(*kinds: tuple[bytes, float]) -> Notes:
    """One after the other: each answer, and how long it took."""
    notes, now = Notes(), 0.0
    tracker = Http1(notes.follower(ratio=0.0), 0)
    for number, (answer, seconds) in enumerate(kinds):
        tracker.client(request(number), now)
        now += seconds
        tracker.server(answer, now)
    tracker.closed(by_client=True, now=now)
    return notes


def test_the_slowest_and_the_first_failures_are_kept_until_they_are_told() -> None:
    notes = exchanges((OK, 0.5), (OK, 2.0), (OK, 1.0), *[(FAILED, 0.25)] * (MOST_FAILED + 2))
    (tally,) = notes.tally.all()
    *failed, slowest = tally.traffic().exemplars
    assert slowest == Exemplar("2xx", 2.0, len(request(1)), len(OK), "r1")
    assert [one.trace for one in failed] == [f"r{3 + n}" for n in range(MOST_FAILED)]
    assert {one.code for one in failed} == {"5xx"}
    tally.told()
    assert tally.traffic().exemplars == ()


def test_a_server_that_goes_away_is_a_failure() -> None:
    notes = Notes()
    tracker = Http1(notes.follower(ratio=0.0), 0)
    tracker.client(request(7), 1.0)
    tracker.closed(by_client=False, now=3.0)
    assert notes.tally.all()[0].traffic().exemplars == (Exemplar("disconnected", 2.0, len(request(7)), 0, "r7"),)


@pytest.mark.parametrize(
    ("head", "trace"),
    [
        (f"traceparent: 00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f"TraceParent:00-{TRACE}-00f067aa0ba902b7-01\r\nX-Request-Id: 7", TRACE),
        ("X-Request-ID: abc", "abc"),
        ("traceparent: broken\r\nx-request-id: abc", "abc"),
        ("X-Request-Id: " + "x" * 500, "x" * LONGEST_TRACE),
        ("X-Request-Id: \xff", "\N{REPLACEMENT CHARACTER}"),
        ("Host: h", ""),
    ],
)
def test_the_trace_of_a_request(head: str, trace: str) -> None:
    data = f"POST / HTTP/1.1\r\n{head}\r\n\r\nx-request-id: body".encode("latin-1")
    assert trace_of(header_in(data)) == trace
