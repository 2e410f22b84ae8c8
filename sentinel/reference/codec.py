"""A frozen reference as bytes, and back."""

from typing import Any

import numpy as np

from sentinel.labels.standard import from_plain
from sentinel.reference.frozen import CategoricalTable, FrozenReference, NumericTable, content_of
from sentinel.reference.groups import JointPlan, JointReference, groups_of
from sentinel.reference.joint import JointSketch
from sentinel.reference.packing import FormatError, frame, unframe, unpack_array
from sentinel.reference.schema import FeatureSpec
from sentinel.reference.segments import Segments

MAGIC = b"SNTLREF\n"
VERSION = 1
WHAT = "a sentinel reference"


def to_bytes(reference: FrozenReference) -> bytes:
    return frame(MAGIC, VERSION, content_of(reference))


def from_bytes(data: bytes) -> FrozenReference:
    """The reference that `to_bytes` wrote; FormatError where the bytes are foreign, newer, cut short or damaged."""
    content = unframe(MAGIC, VERSION, data, WHAT)
    try:
        return _reference(content)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise FormatError(f"it is {WHAT} whose content does not fit together; build it again") from error


def _reference(content: dict[str, Any]) -> FrozenReference:
    numeric, categorical = content["numeric"], content["categorical"]
    floats = ("edges", "means", "centre", "scale", "quantiles")
    return FrozenReference(
        name=content["name"],
        version=content["version"],
        rows=content["rows"],
        schema=tuple(FeatureSpec(*spec) for spec in content["schema"]),
        numeric=NumericTable(
            names=tuple(numeric["names"]),
            bins=unpack_array(numeric["bins"], np.intp),
            counts=unpack_array(numeric["counts"], np.int64),
            sums=unpack_array(numeric["sums"], np.int64),
            **{key: unpack_array(numeric[key], np.float64) for key in floats},
        ),
        categorical=CategoricalTable(
            names=tuple(categorical["names"]),
            categories=tuple(tuple(names) for names in categorical["categories"]),
            pooled=tuple(frozenset(names) for names in categorical["pooled"]),
            complete=tuple(categorical["complete"]),
            counts=unpack_array(categorical["counts"], np.int64),
        ),
        numeric_book=unpack_array(content["numeric_book"], np.intp),
        categorical_book=unpack_array(content["categorical_book"], np.intp),
        joint=_joint(content["joint"]),
        standard=from_plain(content["standard"]) if "standard" in content else None,
        vocabularies=content.get("vocabularies", {}),
        groups=_groups(content["groups"]) if "groups" in content else None,
        segments=tuple(
            Segments(column, tuple(values), unpack_array(counts, np.int64))
            for column, values, counts in content.get("segments", [])
        ),
        repeats=tuple(content.get("repeats", (0, 0))),
    )


def _joint(content: list[Any] | None) -> JointSketch | None:
    return None if content is None else JointSketch(content[0], unpack_array(content[1], np.int64))


def _groups(content: list[Any]) -> JointReference:
    names, edges, leading, counts = content
    cuts = {name: (float(low), float(high), float(half)) for name, (low, high, half) in edges.items()}
    plan = JointPlan(tuple(names), cuts, {name: tuple(top) for name, top in leading.items()}, groups_of(len(names)))
    return JointReference(plan, unpack_array(counts, np.int64))
