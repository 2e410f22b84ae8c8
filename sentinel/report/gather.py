"""From a store to the facts of a report: one pass over the chosen windows, then the records beside them. Reads only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from sentinel.drift.scores import score
from sentinel.judge.verdict import Incident, State, Verdict, worst
from sentinel.reference.frozen import FrozenReference
from sentinel.report import words
from sentinel.report.facts import Drifted, Facts, Served, Version
from sentinel.report.happened import events
from sentinel.report.onset import onset
from sentinel.store import SqlStore
from sentinel.store.contract import Selection
from sentinel.store.history import extents, judged_windows, series
from sentinel.telemetry.catalogue.serving import BAD_CODES
from sentinel.telemetry.pictures import pictures
from sentinel.telemetry.view import Conservation, Event, FeaturePicture, WindowPoint
from sentinel.telemetry.window_gauges import point_of, with_scores
from sentinel.windows.closed import MANY, NOTHING, ClosedWindow
from sentinel.windows.counts import nothing_of
from sentinel.windows.latency import percentiles
from sentinel.windows.window import TrafficCounts, WindowKey

MOST_POINTS = 180
"""Points of a chart; longer ranges are drawn in coarser steps."""
MOST_FEATURES = 200
MOST_INCIDENTS = 50
"""The newest ones: a budget allows a few a month."""
INPUT_DRIFT = "input_drift"
MOST_DATED = 20
"""Features whose onset is looked for: those with most evidence among those that paged."""


class NothingThere(Exception):
    """No window matches; the sentence says what there is."""


@dataclass(slots=True)
class _Sum:
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
class _Seen:
    """What the pass over the windows finds."""

    reference: FrozenReference | None
    width: float
    since: float
    model: str
    all: _Sum = field(default_factory=_Sum)
    breach: _Sum = field(default_factory=_Sum)
    rest: _Sum = field(default_factory=_Sum)
    incidents: Sequence[Incident] = ()
    of_incident: dict[str, _Sum] = field(default_factory=dict)
    points: dict[int, _Sum] = field(default_factory=dict)
    versions: dict[str, _Sum] = field(default_factory=dict)
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
        version = self.versions.setdefault(window.key.version, _Sum())
        standing = [incident for incident in self.incidents if _stands(incident, window)]
        under = [self.of_incident.setdefault(incident.id, _Sum()) for incident in standing]
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

    def _point(self, window: ClosedWindow) -> _Sum:
        return self.points.setdefault(int((window.start - self.since) // self.width), _Sum())


def gather(
    store: SqlStore,
    chosen: Selection,
    reference: FrozenReference | None,
    *,
    now: float,
    error_ratio: float | None,
    tell: Callable[[float], None] = lambda share: None,
) -> Facts:
    """The facts on one model over the chosen windows. tell: hears the share that was read.

    NothingThere when none matches, or when several models do and none was named.
    """
    model, (since, until) = _extent(store, chosen)
    chosen = replace(chosen, model=model)
    incidents = _overlapping(store.incidents(model=model, limit=MOST_INCIDENTS), since, until)
    seen = _Seen(reference, (until - since) / MOST_POINTS, since, model, incidents=incidents)
    for window, verdict in judged_windows(store.database, chosen):
        seen.take(window, verdict)
        tell((window.end - since) / (until - since))
    features = _features(store, chosen, reference, seen)
    standing = [i for i in incidents if i.resolved_at is None or i.resolved_at >= until]
    everything = seen.all.served()
    facts = Facts(
        model=model,
        since=since,
        until=until,
        made_at=now,
        state=str(_state(seen, standing)),
        summary=(),
        windows_by_state=dict(sorted(seen.states.items())),
        evidence=seen.all.evidence,
        pages=sum(since <= i.opened_at < until for i in incidents),
        budget_spent_ratio=max((finite(v.budget_spent_ratio) for v in seen.last.values()), default=0.0),
        error_budget_spent_ratio=everything.failed_ratio / error_ratio if error_ratio else None,
        versions=tuple(_versions(seen)),
        features=tuple(features),
        breach=seen.breach.served(),
        rest=seen.rest.served(),
        all=everything,
        points=tuple(_points(seen)),
        conservation=_conservation(seen.all.window.traffic),
        incidents=tuple(incidents),
        timeline=tuple(_timeline(store, model, seen, incidents, (since, until))),
        notices=tuple(words.notices(reference, seen.all.compared, seen.all.window.rows)),
    )
    return replace(facts, summary=words.summary(facts))


def _extent(store: SqlStore, chosen: Selection) -> tuple[str, tuple[float, float]]:
    found = extents(store.database, chosen)
    if not found:
        raise NothingThere("no stored window matches: see sentinel windows list")
    if len(found) > 1:
        raise NothingThere(f"the store holds {', '.join(sorted(found))}: name one with --model")
    return next(iter(found.items()))


def _overlapping(incidents: Sequence[Incident], since: float, until: float) -> list[Incident]:
    """Oldest first."""
    return sorted(
        (i for i in incidents if i.opened_at <= until and (i.resolved_at is None or i.resolved_at >= since)),
        key=lambda i: i.opened_at,
    )


def _stands(incident: Incident, window: ClosedWindow) -> bool:
    """Whether a window lies in an incident: that of inputs concerns every version, any other its own."""
    if incident.cause != INPUT_DRIFT and window.key.version != incident.version:
        return False
    return incident.opened_at < window.end and (incident.resolved_at is None or window.start < incident.resolved_at)


def _state(seen: _Seen, standing: Sequence[Incident]) -> State:
    """What stands at the end: a breach, or the last verdict of the version judged last."""
    if standing:
        return State.BREACH
    newest = max(seen.last.values(), key=lambda verdict: verdict.end, default=None)
    return newest.state if newest else State.INSUFFICIENT


def _versions(seen: _Seen) -> Iterator[Version]:
    for name, part in sorted(seen.versions.items(), key=lambda item: item[1].window.start):
        verdict = seen.last.get(name)
        told = (str(verdict.state), verdict.explanation) if verdict else ("", "never judged")
        yield Version(name, part.window.start, part.window.end, part.served(), *told)


def _points(seen: _Seen) -> Iterator[WindowPoint]:
    for _, part in sorted(seen.points.items()):
        if part.windows:
            yield point_of(part.window, str(part.state), part.evidence)


def _conservation(counts: TrafficCounts) -> Conservation:
    outcomes = {
        "analysed": counts.analysed,
        "sampled_out": counts.sampled_out,
        "dropped": sum(counts.dropped.values()),
        "undecodable": sum(counts.undecodable.values()),
    }
    return Conservation(counts.received, outcomes, {**counts.dropped, **counts.undecodable})


def _features(store: SqlStore, chosen: Selection, reference: FrozenReference | None, seen: _Seen) -> list[Drifted]:
    """Most evidence first. One that paged is compared over the windows of its incident, the others over all."""
    if reference is None or not seen.all.compared:
        return []
    ranked = sorted(_scored(reference, seen.all, seen.evidence).values(), key=lambda picture: -picture.evidence)
    paged = {p.feature: incident for p in ranked if (incident := _incident_of(p, seen.incidents))}
    since = _onsets(store, chosen, dict(islice(paged.items(), MOST_DATED)))
    near = {i.id: _scored(reference, seen.of_incident[i.id], seen.evidence) for i in _compared(paged.values(), seen)}
    features = []
    for picture in ranked[:MOST_FEATURES]:
        if (incident := paged.get(picture.feature)) is None:
            features.append(Drifted(picture))
            continue
        picture = near.get(incident.id, {}).get(picture.feature, picture)
        features.append(Drifted(picture, since.get(picture.feature), incident.opened_at, incident.resolved_at))
    return features


def _scored(reference: FrozenReference, part: _Sum, evidence: Mapping[str, float]) -> dict[str, FeaturePicture]:
    window = part.window
    verdict = Verdict(window.key.model, "", window.start, window.end, State.OK, "")
    found = with_scores(score(reference, window), evidence, pictures(reference, window, verdict))
    return {picture.feature: picture for picture in found}


def _incident_of(picture: FeaturePicture, incidents: Sequence[Incident]) -> Incident | None:
    """The first incident that names the feature, else the first of its role where its own evidence would page."""
    named = (incident for incident in incidents if picture.feature in incident.features)
    role = (incident for incident in incidents if incident.cause == f"{picture.role}_drift")
    return next(named, None) or (next(role, None) if picture.evidence >= 1 else None)


def _compared(incidents: Iterable[Incident], seen: _Seen) -> list[Incident]:
    """Those under which rows were compared, each once."""
    once = {incident.id: incident for incident in incidents}
    return [i for i in once.values() if i.id in seen.of_incident and seen.of_incident[i.id].compared]


def _onsets(store: SqlStore, chosen: Selection, paged: Mapping[str, Incident]) -> dict[str, float]:
    """When the features of incidents changed: before their page, in the distances of single windows."""
    moments: dict[str, dict[float, float]] = {name: {} for name in paged}
    for row in series(store.database, chosen, list(paged)):
        if row["started_at"] <= paged[row["feature"]].opened_at and row["jensen_shannon"] is not None:
            moments[row["feature"]][row["started_at"]] = row["jensen_shannon"]
    found = {name: onset(list(values), list(values.values())) for name, values in moments.items()}
    return {name: at for name, at in found.items() if at is not None}


def _timeline(
    store: SqlStore, model: str, seen: _Seen, incidents: Sequence[Incident], extent: tuple[float, float]
) -> list[Event]:
    """Everything that happened in the range, newest first."""
    began = [
        Event(s.window.start, "version", "First window of this version", "", model, v) for v, s in seen.versions.items()
    ]
    happened = [*began, *events(store, model, incidents)]
    return sorted((e for e in happened if extent[0] <= e.at <= extent[1]), key=lambda e: -e.at)


def received(counts: TrafficCounts) -> int:
    """All traffic, by status where it was counted so."""
    return sum(counts.codes.values()) or counts.received


def finite(value: float) -> float:
    return value if value == value else 0.0
