"""What was decided and asked before, as the interlocks need it. Pure but for `read_past`, which asks the store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sentinel.rollback import switches
from sentinel.store.contract import AuditRecord, Intent, Store

DECISION = "rollback.decision"
"""Action of the audit records that planning writes, one per decision."""

ASKED = ("triggered", "dry_run")
"""Outcomes that asked, or in a dry run would have asked, for a rollback."""


@dataclass(frozen=True, slots=True)
class Request:
    """One rollback asked for (or, in a dry run, that would have been), however many targets it went to."""

    id: str
    model: str
    from_version: str
    to_version: str
    at: float
    mode: str = "enforce"


@dataclass(frozen=True, slots=True)
class Past:
    """requests: newest first. outcomes: incident id -> outcome of its latest decision. paused: why, or ""."""

    requests: tuple[Request, ...] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)
    paused: str = ""

    def of_mode(self, mode: str) -> "Past":
        """Only the requests of this mode: a dry run neither blocks an enforced request nor the other way round."""
        return Past(tuple(r for r in self.requests if r.mode == mode), self.outcomes, self.paused)


def past_from(intents: Iterable[Intent], trail: Iterable[AuditRecord], paused: str = "") -> Past:
    """The past from intents and audit records, both newest first as a store returns them."""
    trail = tuple(trail)
    asked = {(r.id, r.mode): r for r in map(_request_of_record, filter(_is_asking, trail))}
    for intent in intents:
        asked.setdefault((intent.incident_id, "enforce"), _request_of_intent(intent))
    outcomes: dict[str, str] = {}
    for record in trail:
        if record.action == DECISION:
            outcomes.setdefault(str(record.inputs.get("incident_id", "")), record.outcome)
    return Past(tuple(sorted(asked.values(), key=lambda request: -request.at)), outcomes, paused)


def _is_asking(record: AuditRecord) -> bool:
    return record.action == DECISION and record.outcome in ASKED


def _request_of_record(record: AuditRecord) -> Request:
    inputs = record.inputs
    return Request(
        id=str(inputs.get("incident_id", "")),
        model=str(inputs.get("model", "")),
        from_version=str(inputs.get("from_version", "")),
        to_version=str(inputs.get("to_version", "")),
        at=record.at,
        mode="dry_run" if record.outcome == "dry_run" else "enforce",
    )


def _request_of_intent(intent: Intent) -> Request:
    return Request(intent.incident_id, intent.model, intent.from_version, intent.to_version, intent.created_at)


MOST_RECORDS = 1_000
"""Records read back: decisions are a few a day, and no limit of the policy looks back further than a day."""


def read_past(store: Store, pause_file: str = "") -> Past:
    """The past as the store has it. Raises StoreError."""
    return past_from(
        store.intents(limit=MOST_RECORDS), store.audit_trail(limit=MOST_RECORDS), switches.paused(store, pause_file)
    )
