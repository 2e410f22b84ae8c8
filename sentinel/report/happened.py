"""What happened, from the store's incidents and audit, as events of a timeline."""

from collections.abc import Iterable, Iterator

from sentinel.judge.verdict import Incident
from sentinel.rollback.deliverer import DELIVERY
from sentinel.rollback.past import DECISION, EFFECT
from sentinel.store.contract import AuditRecord, Store
from sentinel.telemetry.view import Event

MOST_RECORDS = 1000
"""Audit records looked through, newest first: a few are written a day."""

_KINDS = {DECISION: ("decision", "Rollback"), DELIVERY: ("delivery", "Request"), EFFECT: ("decision", "Rollback")}


def events(store: Store, model: str, incidents: Iterable[Incident]) -> Iterator[Event]:
    """In no order."""
    for incident in incidents:
        yield from _of_incident(incident)
    for record in store.audit_trail(MOST_RECORDS):
        if record.inputs.get("model", model) == model:
            yield _of_record(record)


def _of_incident(incident: Incident) -> Iterator[Event]:
    title, pair = incident.cause.replace("_", " ").capitalize(), (incident.model, incident.version)
    yield Event(incident.opened_at, "incident", title, incident.explanation, *pair)
    if incident.resolved_at is not None:
        yield Event(incident.resolved_at, "resolved", f"{title} is over", "", *pair)


def _of_record(record: AuditRecord) -> Event:
    kind, subject = _KINDS.get(record.action, ("decision", record.actor))
    return Event(record.at, kind, f"{subject}: {record.outcome.replace('_', ' ')}", record.sentence)
