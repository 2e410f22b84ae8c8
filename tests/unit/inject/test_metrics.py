"""The webhook's metrics and the catalogue, which dashboards, alerts and documents are made from, say the same."""

from sentinel.inject.server import Metrics
from sentinel.telemetry.catalogue import INJECTOR


def test_the_webhook_exports_what_the_catalogue_lists() -> None:
    families = {family.name: family for family in Metrics().registry.collect()}
    assert set(families) == {metric.name.removesuffix("_total") for metric in INJECTOR}
    for metric in INJECTOR:
        family = families[metric.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (metric.kind, metric.help)
        samples = [sample for sample in family.samples if sample.name == metric.name]
        for name in metric.labels:
            assert {sample.labels[name] for sample in samples} == set(metric.values[name])
            assert [sample.value for sample in samples] == [0] * len(metric.values[name])
