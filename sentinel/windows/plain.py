"""Feature, traffic and call counts as plain values, and back: what a window's bytes hold. Pure."""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from sentinel.reference.joint import JointSketch
from sentinel.reference.packing import pack_array, unpack_array
from sentinel.windows.counts import FeatureCounts
from sentinel.windows.exemplars import from_exemplars, to_exemplars
from sentinel.windows.generation import GenerationCounts
from sentinel.windows.whole import WholeRows
from sentinel.windows.window import TrafficCounts


def from_features(counts: FeatureCounts) -> list[Any]:
    arrays = (counts.numeric, counts.sums, counts.extremes, counts.categorical)
    joint = None if counts.joint is None else [counts.joint.rows, pack_array(counts.joint.sums)]
    groups = [pack_array(counts.groups)] if counts.groups.size else []
    return [*map(pack_array, arrays), dict(counts.unexpected), joint, *groups]


def to_features(content: list[Any]) -> FeatureCounts:
    numeric, sums, extremes, categorical, unexpected, joint, *groups = content
    return FeatureCounts(
        numeric=unpack_array(numeric, np.int64),
        sums=unpack_array(sums, np.int64),
        extremes=unpack_array(extremes, np.float64),
        categorical=unpack_array(categorical, np.int64),
        unexpected=unexpected,
        joint=None if joint is None else JointSketch(joint[0], unpack_array(joint[1], np.int64)),
        **({"groups": unpack_array(groups[0], np.int64)} if groups else {}),
    )


def from_traffic(counts: TrafficCounts) -> dict[str, Any]:
    content = from_sums(replace(counts, exemplars=()))
    return content | {"exemplars": from_exemplars(counts.exemplars)} if counts.exemplars else content


def to_traffic(content: dict[str, Any]) -> TrafficCounts:
    return TrafficCounts(**content | {"exemplars": to_exemplars(content.get("exemplars", ()))})


def from_sums(counts: TrafficCounts | GenerationCounts | WholeRows) -> dict[str, Any]:
    """What is not zero, by name; the same names make the counts again."""
    values = ((field.name, getattr(counts, field.name)) for field in fields(counts))
    return {name: value if isinstance(value, int | float) else dict(value) for name, value in values if value}
