"""What one pass over windows adds up for a report: all, by version, by incident, and by stretch of time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sentinel.judge.verdict import Incident, State, Verdict, worst
from sentinel.reference.frozen import FrozenReference
from sentinel.report.facts import Served
from sentinel.telemetry.catalogue.serving import BAD_CODES
from sentinel.windows.closed import MANY, NOTHING, ClosedWindow
from sentinel.windows.counts import nothing_of
from sentinel.windows.latency import percentiles
from sentinel.windows.window import TrafficCounts, WindowKey

INPUT_DRIFT = "input_drift"


@dataclass(slots=True)
class Sum:
    """Windows added up, whatever their version and replica. spans: start -> end, each stretch of time once.

    compared: rows that were counted in the reference's cells.
    """

    window: ClosedWindow = NOTHING
    windows: int = 0
    compared: int = 0
    spans: dict[float, float] = field(default_factory=dict)
    state: State = State.OK
    evidence: float = 0.0

    def add(self, window: ClosedWindow, compared: int) -> None:
        self.window |= window
        self.windows += 1
        self.compared += compared
        self.spans[window.start] = window.end

    def judge(self, verdict: Verdict) -> None:
        self.state = worst(self.state, verdict.state)
        self.evidence = max(self.evidence, finite(verdict.evidence))

    def served(self) -> Served:
        window = self.window
        counts = window.traffic
        return Served(
            seconds=sum(end - start for start, end in self.spans.items()),
            windows=self.windows,
            received=received(counts),
            failed=sum(counts.codes.get(code, 0) for code in BAD_CODES),
            rows=window.rows,
            p99_seconds=percentiles(counts.latency, (0.99,)).get(0.99),
        )


@dataclass(slots=True)
class Seen:
    """What the pass over the windows finds. width: seconds of one point of the charts, counted from `since`."""

    reference: FrozenReference | None
    width: float
    since: float
    model: str
    all: Sum = field(default_factory=Sum)
    breach: Sum = field(default_factory=Sum)
    rest: Sum = field(default_factory=Sum)
    incidents: Sequence[Incident] = ()
    of_incident: dict[str, Sum] = field(default_factory=dict)
    points: dict[int, Sum] = field(default_factory=dict)
    versions: dict[str, Sum] = field(default_factory=dict)
    last: dict[str, Verdict] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    evidence: dict[str, float] = field(default_factory=dict)

    def take(self, window: ClosedWindow, verdict: Verdict | None) -> None:
        if verdict is not None:
            self._judge(window, verdict)
        if window.key.replica == MANY and verdict is not None:
            return  # the fleet's merged window: its traffic is that of the replicas
        known = self.reference.fingerprint if self.reference else ""
        fits = self.reference is not None and window.reference_id == known
        features = window.features if fits else nothing_of(self.reference)  # other cells do not add up with ours
        own = replace(window, key=WindowKey(self.model, "", ""), reference_id=known, features=features)
        version = self.versions.setdefault(window.key.version, Sum())
        standing = [incident for incident in self.incidents if _stands(incident, window)]
        under = [self.of_incident.setdefault(incident.id, Sum()) for incident in standing]
        for part in (self.all, self.breach if standing else self.rest, self._point(window), version, *under):
            part.add(own, window.rows if fits else 0)

    def _judge(self, window: ClosedWindow, verdict: Verdict) -> None:
        self.states[str(verdict.state)] = self.states.get(str(verdict.state), 0) + 1
        self._point(window).judge(verdict)
        self.all.judge(verdict)
        last = self.last.get(verdict.version)
        if last is None or last.end <= verdict.end:
            self.last[verdict.version] = verdict
        for finding in verdict.findings:
            known = self.evidence.get(finding.feature, 0.0)
            self.evidence[finding.feature] = max(known, finite(finding.evidence))

    def _point(self, window: ClosedWindow) -> Sum:
        return self.points.setdefault(int((window.start - self.since) // self.width), Sum())


def _stands(incident: Incident, window: ClosedWindow) -> bool:
    """Whether a window lies in an incident: that of inputs concerns every version, any other its own."""
    if incident.cause != INPUT_DRIFT and window.key.version != incident.version:
        return False
    return incident.opened_at < window.end and (incident.resolved_at is None or window.start < incident.resolved_at)


def received(counts: TrafficCounts) -> int:
    """All traffic, by status where it was counted so."""
    return sum(counts.codes.values()) or counts.received


def finite(value: float) -> float:
    return value if value == value else 0.0
