"""What the judge says of a window, in values that the store keeps and people read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from sentinel.drift.faults import Finding as Fault


class State(StrEnum):
    """Verdicts from harmless to worst; several are combined by the worst."""

    OK = "ok"
    INSUFFICIENT = "insufficient"
    BLIND = "blind"
    BREACH = "breach"

    @property
    def severity(self) -> int:
        return list(State).index(self)


def worst(*states: State) -> State:
    """The worst of the states; `ok` when there is none."""
    return max(states, key=lambda state: state.severity, default=State.OK)


Cause = Literal[
    "input_drift",
    "prediction_drift",
    "error_ratio",
    "latency",
    "data_quality",
    "realised_quality",
    "odd_replica",
    "alertmanager",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One feature (or service level) that contributes, best first in a verdict.

    evidence: this feature's share of the wealth, so that the page threshold is 1 for their sum.
    change: direction and size in the operator's words, such as "mean +0.31 sd".
    dependence: D ≥ 1, by which the log evidence of this feature is divided because its rows are alike.
    """

    feature: str
    role: str
    cause: Cause
    evidence: float
    change: str
    score: float
    method: str
    dependence: float = 1.0


@dataclass(frozen=True, slots=True)
class Incident:
    """One breach from its opening to its resolution. `id` is deterministic: the same breach gives the same id.

    evidence, rollback_evidence: as of the window that carries it, of the page book and of the stricter rollback book;
    0 where it stands on faults in the data, which are facts.
    """

    id: str
    model: str
    version: str
    cause: Cause
    opened_at: float
    resolved_at: float | None
    evidence: float
    features: tuple[str, ...]
    explanation: str
    rollback_evidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one window.

    evidence: the wealth W of the page book; a page at 1 (see docs/statistics.md).
    rollback_evidence: the largest of this version (predictions, errors, latency) in the stricter second book; at 1 and
    not before may a breach ask for a rollback. Each incident has its own.
    budget_spent_ratio: pages opened over pages allowed in the period.
    opened, resolved: incidents that began or ended with this window. open: all that stand after it.
    quality: what is wrong with the window's data, worst share first; where it held it is in `open`, too.
    mix: share of the window's rows by segment, (column, value) -> share.
    kept: service levels that this very window keeps, whatever is remembered of earlier ones.
    """

    model: str
    version: str
    start: float
    end: float
    state: State
    explanation: str
    evidence: float = 0.0
    rollback_evidence: float = 0.0
    budget_spent_ratio: float = 0.0
    findings: tuple[Finding, ...] = ()
    opened: tuple[Incident, ...] = ()
    resolved: tuple[Incident, ...] = ()
    open: tuple[Incident, ...] = ()
    rows: int = 0
    quality: tuple[Fault, ...] = ()
    mix: Mapping[tuple[str, str], float] = field(default_factory=dict)
    kept: tuple[Cause, ...] = ()
