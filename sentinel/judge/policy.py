"""What a judge is asked to hold: budgets, tolerances, service levels. Frozen values, no behaviour but their checks."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from sentinel.drift.budget import FalsePageBudget, Tolerance
from sentinel.judge.faults import FaultPolicy
from sentinel.judge.seasons import Seasons
from sentinel.reference.groups import JointReference


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """Objectives on all traffic; None: not watched.

    error_ratio: accepted share of failed exchanges. latency_seconds: `latency_quantile` of exchanges answer within it.
    wrong_ratio: accepted share of wrong predictions, by the labels that come later.
    """

    error_ratio: float | None = None
    latency_seconds: float | None = None
    latency_quantile: float = 0.99
    wrong_ratio: float | None = None

    def __post_init__(self) -> None:
        for what, ratio in (("error", self.error_ratio), ("wrong", self.wrong_ratio)):
            if ratio is not None and not 0 < ratio < 1:
                raise ValueError(f"an accepted {what} ratio of {ratio} must lie between 0 and 1")
        if not 0 < self.latency_quantile < 1:
            raise ValueError(f"a latency quantile of {self.latency_quantile} must lie between 0 and 1")


@dataclass(frozen=True, slots=True)
class Policy:
    """budget: false pages over everything. rollback_budget: false rollback requests, the stricter second book.

    tolerances: per feature, where other than `tolerance`. dependence: per feature, D ≥ 1 by which the log evidence of
    rows that depend on each other is divided; it is learnt from the first week of windows where it is not stated.
    minimum_rows: fewer rows than this in recent windows are `insufficient`. seasons: rows are compared with the
    same hour of earlier weeks; None: always with the reference. joint: groups of inputs watched together, counted by
    the caller and handed to `Judge.observe`; None: those of the reference, which windows count. faults: what
    faults in the data lead to, beside the evidence.
    """

    budget: FalsePageBudget = field(default_factory=FalsePageBudget)
    rollback_budget: FalsePageBudget = field(default_factory=lambda: FalsePageBudget(0.1, 30.0))
    tolerance: Tolerance = field(default_factory=Tolerance)
    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    service_levels: ServiceLevels = field(default_factory=ServiceLevels)
    minimum_rows: int = 200
    dependence: Mapping[str, float] = field(default_factory=dict)
    seasons: Seasons | None = None
    joint: JointReference | None = None
    faults: FaultPolicy = field(default_factory=FaultPolicy)

    def fingerprint(self) -> str:
        """Changes with everything that the evidence depends on."""
        parts = (self.budget, self.tolerance, sorted(self.tolerances.items()), sorted(self.dependence.items()))
        seasons = self.seasons.fingerprint() if self.seasons is not None else ""
        joint = self.joint.fingerprint() if self.joint is not None else ""
        return hashlib.sha256(repr((parts, self.service_levels, seasons, joint)).encode()).hexdigest()


class PolicyOptions(TypedDict, total=False):
    """The fields of `Policy` as keyword arguments."""

    budget: FalsePageBudget
    rollback_budget: FalsePageBudget
    tolerance: Tolerance
    tolerances: Mapping[str, Tolerance]
    service_levels: ServiceLevels
    minimum_rows: int
    dependence: Mapping[str, float]
    seasons: Seasons | None
    joint: JointReference | None
    faults: FaultPolicy
