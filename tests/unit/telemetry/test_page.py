"""The status page as text: what it says in each state, that names stay text, that its colours can be read."""

import re
from importlib.resources import files

import pytest

from sentinel.judge.verdict import State
from sentinel.telemetry.page import PAGE_HEADERS, render
from sentinel.telemetry.page.charts import Chart, Line, bins, line_chart
from sentinel.telemetry.page.text import duration, number, share, span, storage
from sentinel.telemetry.recorder import Recorder
from sentinel.telemetry.view import HISTORY_WINDOWS, TIMELINE_EVENTS
from tests.support.telemetry_story import Story, drifted_recorder, story_settings

NOW = 1_790_000_000.0
LEAST_CONTRAST = 4.5  # WCAG 2.1 AA for text
CSS = (files("sentinel.telemetry.page") / "page.css").read_text()


@pytest.fixture
def story() -> Story:
    story = Story(Recorder(story_settings(), started_at=NOW - 60))
    story.start(NOW - 60)
    return story


def page(story: Story, now: float = NOW) -> str:
    return render(story.recorder.view(), now=now)


def test_a_breach_is_told_first_with_its_reason() -> None:
    text = render(drifted_recorder(NOW).view(), now=NOW)
    assert "<title>breach · sentinel</title>" in text
    assert "Inputs drifted: amount" in text
    assert text.index("Inputs drifted: amount") < text.index("Requests per second") < text.index("Features by evidence")
    assert text.index(">amount<") < text.index(">age<")  # by evidence
    assert "Rollback: triggered" in text


def test_before_the_first_window(story: Story) -> None:
    assert "Waiting for the first window" in page(story)
    assert "No driver of a GPU answers" in page(story)


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_badge(story: Story, state: State) -> None:
    story.window(NOW, story.second(NOW), state=state)
    assert f'<span class="badge state-{state}">{state}</span>' in page(story)


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (lambda recorder: recorder.sidecar.ready(False), "The observer is not ready"),
        (lambda recorder: recorder.sidecar.store(False), "The store cannot be written"),
        (lambda recorder: recorder.rollbacks.outbox(0, 2), "2 rollback request(s) could not be delivered"),
    ],
)
def test_troubles_stand_above_everything(story: Story, trouble: object, sentence: str) -> None:
    story.window(NOW, story.second(NOW))
    assert 'role="alert"' not in page(story)
    trouble(story.recorder)  # type: ignore[operator]
    assert sentence in page(story)


def test_an_old_page_says_so(story: Story) -> None:
    story.window(NOW, story.second(NOW))
    assert "The last window closed 2 min ago" in page(story, NOW + 120)


def test_two_versions_side_by_side_and_one_long_gone(story: Story) -> None:
    for version, at in (("6", NOW - 100), ("7", NOW - 1), ("8", NOW)):
        story.version = version
        story.window(at, story.second(at))
    text = page(story)
    assert '<section class="model" aria-label="fraud/8">' in text
    assert '<section class="model" aria-label="fraud/7">' in text
    assert '<details class="older" data-keep="fraud/6/all">' in text


def test_hostile_names_stay_text(story: Story) -> None:
    hostile = "\"><img src=x onerror=alert(1)>'"
    story.model, story.features = hostile, (hostile,)
    story.window(NOW, story.second(NOW), explanation=hostile)
    assert "<img" not in page(story)
    assert "&lt;img" in page(story)


def test_history_is_bounded(story: Story) -> None:
    for i in range(HISTORY_WINDOWS + 50):
        story.window(NOW + i, story.second(NOW + i, rate=10))
        story.recorder.rollbacks.delivery("deployer", "timeout", 1.0, NOW + i)
    view = story.recorder.view()
    assert len(view.models[0].history) == HISTORY_WINDOWS
    assert len(view.timeline) == TIMELINE_EVENTS
    assert len(page(story)) < 400_000


def test_a_gap_in_a_line_stays_a_gap() -> None:
    chart = Chart("Latency", [0, 60, 120, 180], [Line("c1", "p50", [0.1, None, 0.2, 0.3])], duration)
    assert line_chart(chart).count('class="line c1"') == 2


def test_bins_tell_both_shares() -> None:
    text = bins(["low", "high"], [0.75, 0.25], [0.5, 0.5])
    assert "low: 75.0% in the reference, 50.0% now" in text


def test_numbers_as_people_read_them() -> None:
    assert [number(value) for value in (0, 0.00001, 1234567, 12.345, float("nan"))] == [
        "0",
        "<0.001",
        "1.23M",
        "12.3",
        "–",
    ]
    assert [duration(value) for value in (0.0000204, 0.0123, 75)] == ["20 µs", "12.3 ms", "75 s"]
    assert [span(value) for value in (5, 75, 3600, 90061)] == ["5 s", "1 min 15 s", "1 h", "1 d 1 h"]
    assert (share(0.0312), storage(80 * 2**30)) == ("3.12 %", "80 GiB")


def test_the_policy_names_exactly_this_style_and_script() -> None:
    policy = PAGE_HEADERS["Content-Security-Policy"]
    assert policy.count("'sha256-") == 2
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [("ink", "bg"), ("ink", "card"), ("quiet", "card"), ("quiet", "bg"), ("accent", "card"), ("breach", "card")]
    + [(state, f"{state}-bg") for state in State],
)
def test_text_can_be_read(theme: int, text: str, ground: str) -> None:
    colors = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", re.findall(r":root \{(.*?)\}", CSS, re.S)[theme]))
    assert contrast(colors[text], colors[ground]) >= LEAST_CONTRAST
