"""Every metric that sentinel exports, in the order of the exposition. Nothing is exported that is not listed here.

CATALOGUE: what a sidecar and the fleet export. INJECTOR: what the admission webhook does.
"""

from sentinel.telemetry.catalogue import (
    drift,
    fleet,
    generation,
    gpu,
    injector,
    internals,
    labels,
    rollback,
    serving,
    shadow,
)
from sentinel.telemetry.catalogue.metric import MODEL_LABELS, Kind, Metric

CATALOGUE: tuple[Metric, ...] = tuple(
    value
    for module in (internals, serving, generation, drift, labels, rollback, shadow, fleet, gpu)
    for value in vars(module).values()
    if isinstance(value, Metric)
)
INJECTOR: tuple[Metric, ...] = tuple(value for value in vars(injector).values() if isinstance(value, Metric))
BY_NAME = {metric.name: metric for metric in (*CATALOGUE, *INJECTOR)}

__all__ = [
    "BY_NAME",
    "CATALOGUE",
    "INJECTOR",
    "MODEL_LABELS",
    "Kind",
    "Metric",
    "drift",
    "fleet",
    "generation",
    "gpu",
    "injector",
    "internals",
    "labels",
    "rollback",
    "serving",
    "shadow",
]
