"""Exemplars of a window: bounded, in order, and shown without anything that was said in them."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sentinel.config import Settings
from sentinel.store.codec import window_row
from sentinel.telemetry.page import render
from sentinel.telemetry.recorder import Recorder
from sentinel.traffic import Route
from sentinel.traffic.summary import Exemplar
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.exemplars import MOST_OF_A_KIND, Told, foremost
from sentinel.windows.window import TrafficCounts, WindowKey

ROUTE = Route("POST", "/v2/models/<m>/infer", "http/1.1")


def of_second(second: int) -> list[Told]:
    exemplars = (one("2xx", second / 10), one("5xx", 0.1, str(second)))
    return [Told(ROUTE, exemplar, float(second)) for exemplar in exemplars]


def one(code: str, seconds: float, trace: str = "") -> Exemplar:
    return Exemplar(code, seconds, 1024, 200, trace)


def test_the_slowest_and_the_first_failures_of_a_window() -> None:
    told = foremost(both for second in range(20) for both in of_second(second))
    assert [t.exemplar.trace for t in told if t.failed] == [str(n) for n in range(MOST_OF_A_KIND)]
    slowest = [t.exemplar.duration_seconds for t in told if not t.failed]
    assert slowest == [(19 - n) / 10 for n in range(MOST_OF_A_KIND)]


@given(st.lists(st.sampled_from([told for second in range(12) for told in of_second(second)])), st.data())
def test_merging_keeps_those_that_the_whole_would(told: list[Told], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(told)))
    parts = [TrafficCounts(exemplars=foremost(part)) for part in (told[:at], told[at:])]
    assert (parts[0] | parts[1]).exemplars == (parts[1] | parts[0]).exemplars == foremost(told)


def test_a_stored_window_has_them() -> None:
    told = foremost([*of_second(1), *of_second(2)])
    window = ClosedWindow(WindowKey("m", "1", "r"), 0.0, 60.0, 0, "", traffic=TrafficCounts(exemplars=told))
    assert ClosedWindow.from_bytes(window.to_bytes()) == window
    assert msgspec.json.decode(window_row(window, "window", "judged")["exemplars"])[0] == {
        "at": 1.0, "method": "POST", "path": ROUTE.path, "code": "5xx", "duration_seconds": 0.1,
        "request_bytes": 1024, "response_bytes": 200, "trace": "1",
    }  # fmt: skip


def test_the_page_shows_those_of_the_last_window() -> None:
    recorder = Recorder(Settings(), started_at=0.0)
    recorder.exemplars(ROUTE, [one("5xx", 0.25, "<trace>")], 60.0)
    assert "Failed and slowest" not in render(recorder.view(), now=61.0)
    recorder.window_ended()
    page = render(recorder.view(), now=61.0)
    assert "Failed and slowest" in page
    assert "/v2/models/&lt;m&gt;/infer" in page
    assert "&lt;trace&gt;" in page
    recorder.window_ended()
    assert "Failed and slowest" not in render(recorder.view(), now=61.0)
