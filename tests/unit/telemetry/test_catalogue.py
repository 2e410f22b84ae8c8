"""The catalogue keeps Prometheus' naming rules and says everything about each metric."""

import re

import pytest

from sentinel.rollback.interlocks import OUTCOMES
from sentinel.telemetry.catalogue import CATALOGUE, Metric, generation, rollback
from sentinel.telemetry.histograms import DURATION_BOUNDS

SCRAPER_OWNED = {"job", "instance", "namespace", "pod", "container", "service", "endpoint"}


def test_names_are_unique() -> None:
    names = [metric.name for metric in CATALOGUE]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_metric_keeps_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"sentinel_[a-z0-9_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.help.endswith(".")
    assert metric.section
    assert metric.since
    assert not SCRAPER_OWNED & set(metric.labels)
    assert set(metric.values) <= set(metric.labels)


@pytest.mark.parametrize("metric", [m for m in CATALOGUE if m.unit], ids=lambda metric: metric.name)
def test_the_unit_is_the_suffix(metric: Metric) -> None:
    assert metric.name.removesuffix("_total").endswith(metric.unit.replace(" ", "_"))


def test_words_of_decisions_are_those_of_the_rollback_stage() -> None:
    assert set(rollback.OUTCOMES) == set(OUTCOMES)


OTEL_FIRST_TOKEN = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
OTEL_PER_TOKEN = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5)
OTEL_TOKENS = tuple(4**i for i in range(14))
OTEL_DURATION = tuple(0.01 * 2**i for i in range(14))


def test_bounds_are_those_of_opentelemetry_and_reach_minutes() -> None:
    """Semantic conventions for generative AI, metrics: the buckets that they advise."""
    for ours, theirs in (
        (generation.FIRST_TOKEN_BOUNDS, OTEL_FIRST_TOKEN),
        (generation.PER_TOKEN_BOUNDS, OTEL_PER_TOKEN),
        (generation.TOKEN_BOUNDS, OTEL_TOKENS),
    ):
        assert ours[: len(theirs)] == theirs
    assert {round(bound, 6) for bound in OTEL_DURATION} <= {round(bound, 6) for bound in DURATION_BOUNDS}
    assert min(generation.FIRST_TOKEN_BOUNDS[-1], DURATION_BOUNDS[-1]) >= 600
    assert generation.PER_TOKEN_BOUNDS[-1] >= 120
