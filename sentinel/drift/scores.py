"""The scores of a feature in a window: distances with their range and direction; never a decision."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FeatureScores:
    """distances: method (psi, jensen_shannon, ks, wasserstein, chi2, total_variation …) -> value; larger is farther.

    change: direction and size in the operator's words, such as "mean +0.31 sd".
    """

    feature: str
    role: str
    rows: int
    missing_ratio: float
    distances: Mapping[str, float]
    change: str
