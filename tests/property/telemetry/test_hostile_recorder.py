"""Whatever names and numbers the traffic brings, a scrape parses, has no series twice, and stays under the ceiling."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from sentinel.config.settings import TelemetrySettings
from sentinel.telemetry.collector import registry_of
from sentinel.telemetry.page import render
from sentinel.telemetry.recorder import Recorder
from sentinel.traffic import RouteTraffic
from tests.support.telemetry_story import Story, story_settings

CEILING = 600
PROCESS_SERIES = 20

names = st.text(alphabet=st.characters(), max_size=200) | st.sampled_from(["fraud", "7", "", "__other__", "a" * 500])
counts = st.dictionaries(st.sampled_from(["2xx", "5xx", "timeout"]) | names, st.integers(0, 10**9), max_size=4)
latency = st.dictionaries(st.integers(-800, 800), st.integers(0, 10**6), max_size=8)
steps = st.lists(st.tuples(names, names, st.lists(names, max_size=30, unique=True), counts, latency), max_size=6)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_any_traffic_gives_a_page_that_parses(
    told: list[tuple[str, str, list[str], dict[str, int], dict[int, int]]],
) -> None:
    now = time.time()
    recorder = Recorder(story_settings(telemetry=TelemetrySettings(max_series=CEILING)), started_at=now)
    for model, version, features, codes, buckets in told:
        story = Story(recorder, model=model, version=version, features=tuple(features))
        recorder.traffic(model, version, version, RouteTraffic(codes, buckets, buckets, {}, 1.0, 1, 1))
        recorder.exchange("undecodable", model, version, reason=model)
        recorder.trace(model, version, model, 0.1, now)
        recorder.rollbacks.decision(model, model, version, now, version)
        recorder.rollbacks.delivery(model, version, 0.1, now)
        story.window(now, story.second(now, rate=20), drift=0.4)
    registry = registry_of(recorder)
    text = generate_latest(registry).decode()
    assert list(parse(text))
    series = [(s.name, tuple(sorted(s.labels.items()))) for family in registry.collect() for s in family.samples]
    assert len(series) == len(set(series))
    assert len(series) <= CEILING + PROCESS_SERIES
    render(recorder.view(), now=now).encode("utf-8", "replace")
