"""What was decided and asked before, as the interlocks need it. Pure but for `read_past`, which asks the store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sentinel.rollback import switches
from sentinel.store.contract import AuditRecord, Intent, Store

DECISION = "rollback.decision"
"""Action of the audit records that planning writes, one per decision."""

EFFECT = "rollback.effect"
"""Action of the audit records that tell whether the version changed after a request."""

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
class Effect:
    """What became of a request: effective or ineffective.

    seconds: from the request to the last window of its version, or until now.
    """

    request: Request
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Past:
    """requests: newest first. paused: why, or "".

    outcomes: incident id -> every outcome decided so far. effects: incident id -> what became of its request.
    """

    requests: tuple[Request, ...] = ()
    outcomes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    effects: Mapping[str, str] = field(default_factory=dict)
    paused: str = ""

    def of_mode(self, mode: str) -> "Past":
        """Only the requests of this mode: a dry run neither blocks an enforced request nor the other way round."""
        return replace(self, requests=tuple(r for r in self.requests if r.mode == mode))


def past_from(intents: Iterable[Intent], trail: Iterable[AuditRecord], paused: str = "") -> Past:
    """The past from intents and audit records, both newest first as a store returns them."""
    trail = tuple(trail)
    asked = {(r.id, r.mode): r for r in map(_request_of_record, filter(_is_asking, trail))}
    for intent in intents:
        asked.setdefault((intent.incident_id, "enforce"), _request_of_intent(intent))
    newest = tuple(sorted(asked.values(), key=lambda request: -request.at))
    effects = {key: outcomes[0] for key, outcomes in _by_incident(trail, EFFECT).items()}
    outcomes = {key: frozenset(words) for key, words in _by_incident(trail, DECISION).items()}
    return Past(newest, outcomes, effects, paused)


def _by_incident(trail: Iterable[AuditRecord], action: str) -> dict[str, list[str]]:
    """Incident id -> outcomes of its records of this action, newest first."""
    found: dict[str, list[str]] = {}
    for record in trail:
        if record.action == action:
            found.setdefault(str(record.inputs.get("incident_id", "")), []).append(record.outcome)
    return found


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
"""Audit records read back: decisions are a few a day, and no limit of the policy looks back further than a day."""
MOST_INTENTS = 200
"""Intents read back. One forgotten is no danger: its id is known to the store, which writes an id once."""


def read_past(store: Store, pause_file: str = "") -> Past:
    """The past as the store has it. Raises StoreError."""
    return past_from(
        store.intents(limit=MOST_INTENTS), store.audit_trail(limit=MOST_RECORDS), switches.paused(store, pause_file)
    )
