"""Every metric that sentinel exports, in the order of the exposition. Nothing is exported that is not listed here."""

from sentinel.telemetry.catalogue import drift, fleet, generation, gpu, internals, labels, rollback, serving, shadow
from sentinel.telemetry.catalogue.metric import MODEL_LABELS, Kind, Metric

CATALOGUE: tuple[Metric, ...] = tuple(
    value
    for module in (internals, serving, generation, drift, labels, rollback, shadow, fleet, gpu)
    for value in vars(module).values()
    if isinstance(value, Metric)
)
BY_NAME = {metric.name: metric for metric in CATALOGUE}

__all__ = [
    "BY_NAME",
    "CATALOGUE",
    "MODEL_LABELS",
    "Kind",
    "Metric",
    "drift",
    "fleet",
    "generation",
    "gpu",
    "internals",
    "labels",
    "rollback",
    "serving",
    "shadow",
]
