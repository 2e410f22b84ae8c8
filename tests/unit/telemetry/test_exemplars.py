"""Exemplars of a window: bounded, in order, and shown without anything that was said in them."""

from sentinel.config import Settings
from sentinel.telemetry.exemplars import MOST_OF_A_KIND, Exemplars
from sentinel.telemetry.page import render
from sentinel.telemetry.recorder import Recorder
from sentinel.traffic import Route
from sentinel.traffic.summary import Exemplar

ROUTE = Route("POST", "/v2/models/<m>/infer", "http/1.1")


def one(code: str, seconds: float, trace: str = "") -> Exemplar:
    return Exemplar(code, seconds, 1024, 200, trace)


def test_the_slowest_and_the_first_failures_of_a_window() -> None:
    kept = Exemplars()
    for second in range(20):
        kept.add(ROUTE, [one("2xx", second / 10), one("5xx", 0.1, str(second))], float(second))
    told = kept.close()
    assert [t.exemplar.trace for t in told if t.failed] == [str(n) for n in range(MOST_OF_A_KIND)]
    slowest = [t.exemplar.duration_seconds for t in told if not t.failed]
    assert slowest == [(19 - n) / 10 for n in range(MOST_OF_A_KIND)]
    assert kept.close() == ()


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
