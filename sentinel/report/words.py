"""The sentences of a report. Pure text."""

from collections.abc import Iterator

from sentinel.judge.verdict import Incident
from sentinel.reference.frozen import FrozenReference
from sentinel.report.facts import Drifted, Facts
from sentinel.telemetry.page.text import day_time, evidence_text, number, span

NAMED = 3
"""Incidents told in the summary, the newest."""


def summary(facts: Facts) -> tuple[str, ...]:
    """What happened: a sentence for each of the last incidents, or that there was none."""
    if not facts.incidents:
        rows = f"{number(facts.all.rows)} rows in {facts.all.windows} windows"
        return (f"Nothing paged in {span(facts.until - facts.since)}: {rows}, {_states(facts)}.",)
    told = [_incident(facts, incident) for incident in facts.incidents[-NAMED:]]
    earlier = len(facts.incidents) - len(told)
    return (*([f"{earlier} earlier incidents are in the timeline."] if earlier else []), *told)


def _incident(facts: Facts, incident: Incident) -> str:
    since = min((d.since for d in facts.features if d.since and d.picture.feature in incident.features), default=None)
    begun = f"since about {day_time(since)}, " if since is not None and since < incident.opened_at else ""
    open_ = incident.resolved_at is None or incident.resolved_at > facts.until
    ended = "still open" if open_ else f"over at {day_time(incident.resolved_at or 0.0)}"
    cause = incident.cause.replace("_", " ").capitalize()
    own = incident.version and incident.cause != "input_drift"  # inputs drift for every version
    version = f" of version {incident.version}" if own else ""
    return f"{cause}{version} {begun}paged {day_time(incident.opened_at)}, {ended}: {incident.explanation}."


def _states(facts: Facts) -> str:
    total = sum(facts.windows_by_state.values())
    shares = (f"{count / total:.0%} {state}" for state, count in facts.windows_by_state.items())
    return ", ".join(shares) or "none of them judged"


def sure(facts: Facts) -> str:
    """What the strongest evidence means; see docs/statistics.md (wealth is linear in the budget)."""
    if facts.evidence < 1:
        return "Evidence pages at 1 and stayed below."
    return (
        f"A page needs evidence 1; there was {evidence_text(facts.evidence)}. A false-page budget that many times "
        "stricter would have paged too."
    )


def when(drifted: Drifted) -> str:
    """Since when one feature drifts."""
    if drifted.paged_at is None:
        return "–"
    paged = f"paged {day_time(drifted.paged_at)}"
    return f"about {day_time(drifted.since)}, {paged}" if drifted.since is not None else paged


def notices(reference: FrozenReference | None, compared: int, rows: int) -> Iterator[str]:
    """What this report cannot show."""
    if reference is None:
        yield "There is no reference here: features are not compared. Set reference.path or give --reference."
    elif compared < rows:
        yield (
            f"{rows - compared:,} of {rows:,} rows were not counted against {reference.name} {reference.version}, and "
            "are left out where features are compared."
        )
