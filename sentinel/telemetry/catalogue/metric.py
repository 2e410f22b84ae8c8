"""What a metric is, as data: the collector, dashboards, alert rules and docs/metrics.md are all built from it.

Conventions (Prometheus naming guide): base units, the unit as suffix, `_total` on counters, no label that the scraper
owns. `values` lists the closed set of a label's values; a label without one is bounded by the recorder.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["counter", "gauge", "histogram", "summary"]

MODEL_LABELS = ("model", "model_version")


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric family. Compared by identity: there is one object per name.

    unit: base unit of the value, "" for plain counts and 0/1 states. section: heading in docs/metrics.md.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""
    section: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: str = "0.1.0"
