"""Groups for a reference: which inputs are counted together, where they are cut, and its own counts. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from sentinel.reference.frozen import FrozenReference
from sentinel.reference.groups import JointPlan, JointReference, groups_of


def grouped(reference: FrozenReference, chunks: Iterable[Mapping[str, Any]]) -> FrozenReference:
    """The reference with groups of its inputs counted over its own rows, given once more in chunks of columns."""
    plan = plan_of(reference)
    counts = sum((plan.count(columns) for columns in chunks), start=plan.count({}))
    return replace(reference, groups=JointReference(plan, counts))


def plan_of(reference: FrozenReference) -> JointPlan:
    """The plan for the inputs of a reference, the most important first; without groups for fewer than two."""
    roles = dict(zip(reference.book.names, reference.book.roles, strict=True))
    names = tuple(spec.name for spec in reference.schema if roles.get(spec.name) == "input")
    numeric, categorical = reference.numeric, reference.categorical
    edges = {name: _edges(reference, i) for i, name in enumerate(numeric.names) if name in names}
    leading = {name: categorical.categories[i][:2] for i, name in enumerate(categorical.names) if name in names}
    return JointPlan(names, edges, leading, groups_of(len(names)))


def _edges(reference: FrozenReference, i: int) -> tuple[float, float, float]:
    """Edges of fine bins nearest above a third, two thirds and half of the reference's rows."""
    m = int(reference.numeric.bins[i])
    below = np.cumsum(reference.numeric.counts[i, 1 : m + 1])
    at = [reference.numeric.edges[i, 1 + int(np.searchsorted(below, below[-1] * part))] for part in (1 / 3, 2 / 3, 0.5)]
    return float(at[0]), float(at[1]), float(at[2])
