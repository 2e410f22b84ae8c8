"""What a report says, as plain values that are also its JSON. No I/O, no HTML. Times are seconds since the epoch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sentinel.judge.verdict import Incident
from sentinel.telemetry.view import Conservation, Event, FeaturePicture, WindowPoint


@dataclass(frozen=True, slots=True)
class Drifted:
    """One feature over the range. picture.evidence: the most that any window had.

    picture: over the windows of its incident, where it is in one, else over all.
    since: when it changed, estimated (None: it did not page). paged_at, resolved_at: of the first incident it is in.
    """

    picture: FeaturePicture
    since: float | None = None
    paged_at: float | None = None
    resolved_at: float | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """Traffic of a part of the range. p99_seconds: None without traffic; rows: analysed ones."""

    seconds: float
    windows: int
    received: int
    failed: int
    rows: int
    p99_seconds: float | None

    @property
    def failed_ratio(self) -> float:
        return self.failed / self.received if self.received else 0.0


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the model in the range, with its last verdict."""

    name: str
    first: float
    last: float
    served: Served
    state: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A report on one model over [since, until).

    state: the worst that stands at the end. summary: what happened, a sentence an incident. windows_by_state: verdicts
    counted. features: most evidence first. breach, rest: traffic while an incident stood, and otherwise.
    pages: incidents opened in the range. error_budget_spent_ratio: failures over those that slo.error_ratio allows,
    None without that setting. notices: what limits this report.
    """

    model: str
    since: float
    until: float
    made_at: float
    state: str
    summary: tuple[str, ...]
    windows_by_state: Mapping[str, int]
    evidence: float
    pages: int
    budget_spent_ratio: float
    error_budget_spent_ratio: float | None
    versions: tuple[Version, ...]
    features: tuple[Drifted, ...]
    breach: Served
    rest: Served
    all: Served
    points: tuple[WindowPoint, ...]
    conservation: Conservation
    incidents: tuple[Incident, ...]
    timeline: tuple[Event, ...]
    notices: tuple[str, ...] = ()


def plain(facts: Facts) -> dict[str, Any]:
    """The report as JSON values."""
    return asdict(facts)
