"""The catalogue keeps Prometheus' naming rules and says everything about each metric."""

import re

import pytest

from sentinel.rollback.interlocks import OUTCOMES
from sentinel.telemetry.catalogue import CATALOGUE, Metric, rollback

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
