"""What the application tells the recorder is what a scrape says."""

import math
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from sentinel.config.settings import Settings, TelemetrySettings
from sentinel.drift.scores import FeatureScores
from sentinel.judge.verdict import State, Verdict
from sentinel.telemetry.catalogue import BY_NAME
from sentinel.telemetry.collector import registry_of
from sentinel.telemetry.generation import SERIES_OF_GENERATION
from sentinel.telemetry.recorder import Recorder
from sentinel.telemetry.versions import SERIES_PER_PAIR
from sentinel.traffic import RouteTraffic, bucket_of
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import TrafficCounts, WindowKey
from tests.support.telemetry_story import CALL, TRACE, Story, drifted_recorder, incident, story_settings

NOW = 1_790_000_000.0


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(story_settings(), started_at=NOW)


def value(recorder: Recorder, name: str, **labels: str) -> float | None:
    return registry_of(recorder).get_sample_value(name, labels)


def fraud(**labels: str) -> dict[str, str]:
    return {"model": "fraud", "model_version": "7", **labels}


def closed_window(at: float, version: str = "7", rows: int = 100, **traffic: object) -> ClosedWindow:
    counts = TrafficCounts(**traffic)  # type: ignore[arg-type]
    return ClosedWindow(WindowKey("fraud", version, "a"), at - 60, at, rows, "ref", traffic=counts)


def verdict(at: float, state: State = State.OK, version: str = "7", **rest: object) -> Verdict:
    return Verdict("fraud", version, at - 60, at, state, "A sentence.", **rest)  # type: ignore[arg-type]


def samples(registry: CollectorRegistry) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    return [(s.name, tuple(sorted(s.labels.items()))) for family in registry.collect() for s in family.samples]


def test_children_are_there_before_the_first_exchange(recorder: Recorder) -> None:
    for code in ("2xx", "5xx", "timeout"):
        assert value(recorder, "sentinel_requests_total", **fraud(code=code, protocol="http/1.1")) == 0
    for outcome in ("analysed", "sampled_out", "dropped", "undecodable"):
        assert value(recorder, "sentinel_exchanges_total", **fraud(outcome=outcome)) == 0
    assert value(recorder, "sentinel_rollback_decisions_total", model="fraud", outcome="triggered") == 0
    assert value(recorder, "sentinel_webhook_deliveries_total", target="deployer", result="delivered") == 0
    assert value(recorder, "sentinel_gpu_collector_up") == 0
    assert value(recorder, "sentinel_request_duration_seconds_count", **fraud()) == 0


def test_gauges_of_windows_are_absent_before_the_first_window(recorder: Recorder) -> None:
    names = {name for name, _ in samples(registry_of(recorder))}
    assert not names & {"sentinel_drift_score", "sentinel_verdict", "sentinel_request_duration_quantile_seconds"}


def test_traffic_counts_codes_durations_and_bytes(recorder: Recorder) -> None:
    fast, slow = bucket_of(0.01), bucket_of(0.5)
    delta = RouteTraffic({"2xx": 9, "5xx": 1}, {fast: 9, slow: 1}, {fast: 10}, {}, 0.59, 1000, 200)
    recorder.traffic("fraud", "7", "http/1.1", delta)
    recorder.traffic("fraud", "7", "http/1.1", delta)
    assert value(recorder, "sentinel_requests_total", **fraud(code="2xx", protocol="http/1.1")) == 18
    assert value(recorder, "sentinel_request_duration_seconds_count", **fraud()) == 20
    assert value(recorder, "sentinel_request_duration_seconds_sum", **fraud()) == pytest.approx(1.18)
    assert value(recorder, "sentinel_request_bytes_total", **fraud()) == 2000
    assert value(recorder, "sentinel_slo_bad_events_total", **fraud(slo="errors")) == 2
    assert value(recorder, "sentinel_slo_bad_events_total", **fraud(slo="latency")) == 2
    assert value(recorder, "sentinel_slo_events_total", **fraud(slo="latency")) == 20


def test_exchanges_are_counted_with_their_reason(recorder: Recorder) -> None:
    recorder.received("fraud", "7", 10)
    recorder.exchange("analysed", "fraud", "7", count=4)
    recorder.exchange("sampled_out", "fraud", "7", count=3)
    recorder.exchange("dropped", "fraud", "7", reason="channel_full", count=2)
    recorder.exchange("undecodable", "fraud", "7", reason="not_json")
    assert value(recorder, "sentinel_undecodable_total", **fraud(reason="not_json")) == 1
    assert value(recorder, "sentinel_exchanges_dropped_total", reason="channel_full") == 2
    assert recorder.view().conservation.received == 10
    assert recorder.view().conservation.unaccounted == 0


def test_a_window_sets_its_gauges(recorder: Recorder) -> None:
    scores = {"amount": FeatureScores("amount", "input", 100, 0.02, {"psi": 0.3, "ks": 0.1}, "mean +0.3 sd")}
    latency = {bucket_of(0.01): 90, bucket_of(0.2): 10}
    window = closed_window(NOW, codes={"2xx": 100}, latency=latency)
    recorder.window(window, scores, verdict(NOW, State.BREACH, evidence=1.5, budget_spent_ratio=1.0))
    assert value(recorder, "sentinel_drift_score", **fraud(feature="amount", method="psi")) == 0.3
    assert value(recorder, "sentinel_verdict", **fraud(state="breach")) == 1
    assert value(recorder, "sentinel_verdict", **fraud(state="ok")) == 0
    assert value(recorder, "sentinel_evidence_ratio", **fraud(book="page")) == 1.5
    assert value(recorder, "sentinel_window_rows", **fraud()) == 100
    p50 = value(recorder, "sentinel_request_duration_quantile_seconds", **fraud(quantile="0.5"))
    p95 = value(recorder, "sentinel_request_duration_quantile_seconds", **fraud(quantile="0.95"))
    assert p50 == pytest.approx(0.01, rel=0.0101)
    assert p95 == pytest.approx(0.2, rel=0.0101)


def test_gauges_that_are_no_longer_valid_are_withdrawn(recorder: Recorder) -> None:
    scores = {"amount": FeatureScores("amount", "input", 100, 0.02, {"psi": 0.3}, "")}
    recorder.window(closed_window(NOW, latency={1: 1}), scores, verdict(NOW))
    recorder.window(closed_window(NOW + 60, rows=0), {}, verdict(NOW + 60, State.INSUFFICIENT))
    names = {name for name, _ in samples(registry_of(recorder))}
    assert "sentinel_drift_score" not in names
    assert "sentinel_request_duration_quantile_seconds" not in names
    assert value(recorder, "sentinel_verdict", **fraud(state="insufficient")) == 1


def test_gauges_of_a_version_that_fell_silent_are_withdrawn(recorder: Recorder) -> None:
    recorder.window(closed_window(NOW, "6"), {}, verdict(NOW, version="6"))
    recorder.window(closed_window(NOW + 60), {}, verdict(NOW + 60))
    assert value(recorder, "sentinel_verdict", model="fraud", model_version="6", state="ok") == 1
    recorder.window(closed_window(NOW + 1000), {}, verdict(NOW + 1000))
    assert value(recorder, "sentinel_verdict", model="fraud", model_version="6", state="ok") is None
    assert value(recorder, "sentinel_windows_total", model="fraud", model_version="6") == 1


def test_incidents_are_counted_opened_and_resolved(recorder: Recorder) -> None:
    opened = incident(NOW)
    recorder.trace("fraud", "7", TRACE, 0.03, NOW)
    recorder.window(closed_window(NOW), {}, verdict(NOW, State.BREACH, opened=(opened,), open=(opened,)))
    assert value(recorder, "sentinel_incidents_total", **fraud(cause="input_drift")) == 1
    assert value(recorder, "sentinel_incidents_open", **fraud(cause="input_drift")) == 1
    assert f'# {{trace_id="{TRACE}"}}' in generate_openmetrics(registry_of(recorder)).decode()
    recorder.window(closed_window(NOW + 60), {}, verdict(NOW + 60, resolved=(opened,)))
    assert value(recorder, "sentinel_incidents_open", **fraud(cause="input_drift")) == 0
    assert value(recorder, "sentinel_incidents_total", **fraud(cause="input_drift")) == 1
    assert [event.kind for event in recorder.view().timeline] == ["resolved", "incident", "version"]


def test_decisions_and_deliveries(recorder: Recorder) -> None:
    recorder.rollbacks.decision("triggered", "fraud", "7", NOW, "Asked.")
    recorder.rollbacks.delivery("deployer", "delivered", 0.2, NOW)
    recorder.rollbacks.delivery("deployer", "expired", 0.0, NOW)
    assert value(recorder, "sentinel_webhook_delivery_duration_seconds_count", target="deployer") == 1
    recorder.rollbacks.outbox(pending=1, dead_letters=2)
    assert value(recorder, "sentinel_rollback_decisions_total", model="fraud", outcome="triggered") == 1
    assert value(recorder, "sentinel_rollback_last_timestamp_seconds", **fraud()) == NOW
    assert value(recorder, "sentinel_webhook_deliveries_total", target="deployer", result="delivered") == 1
    assert value(recorder, "sentinel_webhook_dead_letters") == 2


def test_no_created_series_and_nothing_beyond_the_catalogue() -> None:
    text = generate_openmetrics(registry_of(drifted_recorder(NOW))).decode()
    assert "_created" not in text
    families = {family.name for family in parse_openmetrics(text)}
    known = {name.removesuffix("_total") for name in BY_NAME}
    assert {name for name in families if name.startswith("sentinel_")} <= known


def test_ten_thousand_features_stay_under_the_ceiling() -> None:
    settings = story_settings(telemetry=TelemetrySettings(max_series=1500))
    recorder = Recorder(settings, started_at=NOW)
    story = Story(recorder, features=tuple(f"feature_{i}" for i in range(10_000)))
    for i in range(3):
        story.window(NOW + i, story.second(NOW + i), drift=0.5)
    told = samples(registry_of(recorder))
    ours = [name for name, _ in told if name.startswith("sentinel_")]
    assert 1000 < len(ours) <= 1500
    assert value(recorder, "sentinel_drift_score", **fraud(feature="__other__", method="psi")) is not None
    assert (value(recorder, "sentinel_series_dropped_total", metric="sentinel_drift_score") or 0) > 9000


def test_features_with_evidence_keep_their_own_series_beyond_the_ceiling() -> None:
    recorder = Recorder(story_settings(), started_at=NOW)
    story = Story(recorder, features=(*(f"feature_{i}" for i in range(1000)), "amount"))
    story.window(NOW, story.second(NOW), drift=0.5)
    assert value(recorder, "sentinel_drift_evidence", **fraud(feature="amount")) == pytest.approx(1.6)


@pytest.mark.parametrize("hostile", ['a"b\\c\nd', "\ud800", "x" * 5000, "", "{job='x'}", "\x00", "名前", "__other__"])
def test_hostile_names_give_a_page_that_parses(hostile: str) -> None:
    recorder = Recorder(story_settings(), started_at=NOW)
    story = Story(recorder, model=hostile, version=hostile, features=(hostile, "amount"))
    story.window(NOW, story.second(NOW), drift=0.5)
    recorder.exchange("undecodable", hostile, hostile, reason=hostile)
    recorder.rollbacks.delivery(hostile, hostile, 1.0, NOW)
    recorder.rollbacks.decision(hostile, hostile, hostile, NOW)
    told = samples(registry_of(recorder))
    assert len(told) == len(set(told))
    assert list(parse_openmetrics(generate_openmetrics(registry_of(recorder)).decode()))


def test_a_flood_of_versions_shares_other(recorder: Recorder) -> None:
    for i in range(500):
        recorder.exchange("analysed", "fraud", f"v{i}")
    versions = {labels[1] for labels in recorder.series.values[BY_NAME["sentinel_exchanges_total"]]}
    assert "__other__" in versions
    assert len(samples(registry_of(recorder))) <= 1500 + 20


def test_a_silent_version_gives_its_place_to_a_new_one() -> None:
    settings = story_settings(telemetry=TelemetrySettings(max_series=3 * SERIES_PER_PAIR))
    recorder = Recorder(settings, started_at=NOW)
    for i, version in enumerate(("7", "8", "9", "10", "11", "12")):
        at = NOW + i * 10_000
        recorder.window(closed_window(at, version), {}, verdict(at, version=version))
    assert value(recorder, "sentinel_windows_total", model="fraud", model_version="12") == 1
    assert value(recorder, "sentinel_windows_total", model="fraud", model_version="7") is None


def test_one_version_takes_no_more_series_than_reserved(recorder: Recorder) -> None:
    story = Story(recorder, features=())
    before = recorder.series.count()
    other = Story(recorder, version="8", features=())
    other.window(NOW, other.second(NOW))
    assert recorder.series.count() - before <= SERIES_PER_PAIR + SERIES_OF_GENERATION
    assert story.recorder is recorder


def test_a_language_model_takes_no_more_series_than_reserved(recorder: Recorder) -> None:
    before = recorder.series.count()
    for reason in range(100):
        for streamed in (True, False):
            for operation in ("chat", "text_completion", "embeddings", "hostile"):
                call = replace(CALL, operation=operation, streamed=streamed, finish_reasons=(f"reason {reason}",))
                recorder.generation("fraud", "7", call)
    assert recorder.series.count() - before <= SERIES_OF_GENERATION
    assert (value(recorder, "sentinel_gen_ai_finish_reasons_total", **fraud(reason="__other__")) or 0) > 50


def test_calls_of_a_language_model_are_told(recorder: Recorder) -> None:
    recorder.generation("fraud", "7", CALL)
    recorder.generation("fraud", "7", replace(CALL, aborted=True, estimated=True, finish_reasons=(), output_tokens=3))
    assert value(recorder, "sentinel_tokens_total", **fraud(direction="output")) == 163
    assert value(recorder, "sentinel_gen_ai_cached_tokens_total", **fraud()) == 20
    assert value(recorder, "sentinel_gen_ai_estimated_tokens_total", **fraud()) == 3
    assert value(recorder, "sentinel_gen_ai_aborted_total", **fraud()) == 1
    assert value(recorder, "sentinel_gen_ai_finish_reasons_total", **fraud(reason="stop")) == 1
    first = "sentinel_gen_ai_server_time_to_first_token_seconds_bucket"
    assert value(recorder, first, **fraud(le="0.1")) == 0
    assert value(recorder, first, **fraud(le="0.25")) == 2
    assert value(recorder, first, **fraud(le="600.0")) == 2


def test_reasons_are_fenced(recorder: Recorder) -> None:
    for i in range(100):
        recorder.exchange("undecodable", "fraud", "7", reason=f"reason {i}")
    assert (value(recorder, "sentinel_undecodable_total", **fraud(reason="__other__")) or 0) > 50


def test_predictions_make_a_histogram_in_the_references_bins() -> None:
    recorder = drifted_recorder(NOW, windows=5)
    counted = value(recorder, "sentinel_prediction_value_bucket", **fraud(feature="score", le="+Inf"))
    low = value(recorder, "sentinel_prediction_value_bucket", **fraud(feature="score", le="0.1"))
    assert counted is not None
    assert low is not None
    assert 0 < low < counted


def test_service_levels_that_are_not_configured_have_no_series() -> None:
    recorder = Recorder(Settings(), started_at=NOW)
    recorder.traffic("model", "", "http/1.1", RouteTraffic({"5xx": 1}, {1: 1}))
    assert not any(name.startswith("sentinel_slo") for name, _ in samples(registry_of(recorder)))


def test_all_values_are_finite() -> None:
    registry = registry_of(drifted_recorder(NOW))
    assert all(math.isfinite(sample.value) for family in registry.collect() for sample in family.samples)
    assert generate_latest(registry)
