"""From a store to the facts of a report: one pass over the chosen windows, then the records beside them. Reads only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from sentinel.drift.scores import score
from sentinel.judge.verdict import Incident, State, Verdict
from sentinel.reference.frozen import FrozenReference
from sentinel.report import words
from sentinel.report.facts import Drifted, Facts, Version
from sentinel.report.happened import events
from sentinel.report.onset import onset
from sentinel.report.seen import Seen, Sum, finite
from sentinel.store import SqlStore
from sentinel.store.contract import Selection
from sentinel.store.history import extents, judged_windows, series
from sentinel.telemetry.pictures import pictures
from sentinel.telemetry.view import Conservation, Event, FeaturePicture, WindowPoint
from sentinel.telemetry.window_gauges import point_of, with_scores
from sentinel.windows.window import TrafficCounts

MOST_POINTS = 180
"""Points of a chart; longer ranges are drawn in coarser steps."""
MOST_FEATURES = 200
MOST_INCIDENTS = 50
"""The newest ones: a budget allows a few a month."""
MOST_DATED = 20
"""Features whose onset is looked for: those with most evidence among those that paged."""


class NothingThere(Exception):
    """No window matches; the sentence says what there is."""


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
    seen = Seen(reference, (until - since) / MOST_POINTS, since, model, incidents=incidents)
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


def _state(seen: Seen, standing: Sequence[Incident]) -> State:
    """What stands at the end: a breach, or the last verdict of the version judged last."""
    if standing:
        return State.BREACH
    newest = max(seen.last.values(), key=lambda verdict: verdict.end, default=None)
    return newest.state if newest else State.INSUFFICIENT


def _versions(seen: Seen) -> Iterator[Version]:
    for name, part in sorted(seen.versions.items(), key=lambda item: item[1].window.start):
        verdict = seen.last.get(name)
        told = (str(verdict.state), verdict.explanation) if verdict else ("", "never judged")
        yield Version(name, part.window.start, part.window.end, part.served(), *told)


def _points(seen: Seen) -> Iterator[WindowPoint]:
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


def _features(store: SqlStore, chosen: Selection, reference: FrozenReference | None, seen: Seen) -> list[Drifted]:
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


def _scored(reference: FrozenReference, part: Sum, evidence: Mapping[str, float]) -> dict[str, FeaturePicture]:
    window = part.window
    verdict = Verdict(window.key.model, "", window.start, window.end, State.OK, "")
    found = with_scores(score(reference, window), evidence, pictures(reference, window, verdict))
    return {picture.feature: picture for picture in found}


def _incident_of(picture: FeaturePicture, incidents: Sequence[Incident]) -> Incident | None:
    """The first incident that names the feature, else the first of its role where its own evidence would page."""
    named = (incident for incident in incidents if picture.feature in incident.features)
    role = (incident for incident in incidents if incident.cause == f"{picture.role}_drift")
    return next(named, None) or (next(role, None) if picture.evidence >= 1 else None)


def _compared(incidents: Iterable[Incident], seen: Seen) -> list[Incident]:
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
    store: SqlStore, model: str, seen: Seen, incidents: Sequence[Incident], extent: tuple[float, float]
) -> list[Event]:
    """Everything that happened in the range, newest first."""
    began = [
        Event(s.window.start, "version", "First window of this version", "", model, v) for v, s in seen.versions.items()
    ]
    happened = [*began, *events(store, model, incidents)]
    return sorted((e for e in happened if extent[0] <= e.at <= extent[1]), key=lambda e: -e.at)
