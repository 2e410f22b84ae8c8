"""From a verdict with an open breach to what is written down: decisions, intents, audit records. Pure.

The caller commits all of a plan in the transaction of the window that led to it, and nothing is sent before that.
A held breach is decided again with every window, but an outcome is told once for each incident, so that the audit
tells a story and not a heartbeat.
"""

from dataclasses import dataclass, replace

from sentinel.judge.verdict import Incident, Verdict
from sentinel.rollback import envelope
from sentinel.rollback.envelope import Decision
from sentinel.rollback.interlocks import RATE_LIMITED, TRIGGERED, Case, Surroundings, judge_case
from sentinel.rollback.past import ASKED, DECISION, Effect, Past, Request
from sentinel.rollback.policy import RollbackPolicy
from sentinel.store.contract import AuditRecord, Intent, RequestLimits

ACTOR = "sentinel"
"""Who decides, in the audit, when no person does."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a window leads to: new decisions (often none), intents to send, audit records to keep, effects seen.

    limits: where something is to be sent, what the store must still find true when it writes it down.
    """

    decisions: tuple[Decision, ...] = ()
    intents: tuple[Intent, ...] = ()
    audit: tuple[AuditRecord, ...] = ()
    effects: tuple[Effect, ...] = ()
    limits: RequestLimits | None = None

    def __or__(self, other: "Plan") -> "Plan":
        return Plan(
            self.decisions + other.decisions,
            self.intents + other.intents,
            self.audit + other.audit,
            self.effects + other.effects,
            replace(self.limits, otherwise=self.limits.otherwise + other.audit) if self.limits else other.limits,
        )


def plan(
    verdict: Verdict,
    policy: RollbackPolicy,
    past: Past,
    now: float,
    surroundings: Surroundings = Surroundings(),  # noqa: B008 - frozen
    actor: str = ACTOR,
) -> Plan:
    """Decide for the open incidents of the verdict's own version: another version's window says nothing about theirs.

    `now`: seconds since the epoch.
    """
    result = Plan()
    past = past.of_mode(policy.mode)
    for incident in (i for i in verdict.open if i.version == verdict.version):
        case = Case(incident, verdict, policy, past, surroundings, now)
        added = _decide(case, actor)
        past = _with_decisions(past, added, policy)
        result |= added
    return replace(result, limits=_limits(result.audit, policy)) if result.intents else result


def _decide(case: Case, actor: str) -> Plan:
    if any(request.id == case.incident.id for request in case.past.requests):
        return Plan()  # this incident has had its one request
    interlock = judge_case(case)
    if interlock.word in case.past.outcomes.get(case.incident.id, ()):
        return Plan()
    decision = _decision(case, interlock.word, interlock.sentence.format(**case.facts).strip())
    intents = _intents(case, decision) if interlock is TRIGGERED else ()
    return Plan((decision,), intents, (_record(case, decision, actor),))


def _decision(case: Case, outcome: str, sentence: str) -> Decision:
    incident: Incident = case.incident
    return Decision(
        id=envelope.decision_id(case),
        incident_id=incident.id,
        outcome=outcome,
        cause=incident.cause,
        model=incident.model,
        from_version=incident.version,
        to_version=case.to_version,
        at=case.now,
        sentence=sentence,
    )


def _intents(case: Case, decision: Decision) -> tuple[Intent, ...]:
    return tuple(
        Intent(
            id=envelope.delivery_id(decision.id, target),
            incident_id=decision.incident_id,
            target=target,
            model=decision.model,
            from_version=decision.from_version,
            to_version=decision.to_version,
            created_at=case.now,
            expires_at=case.now + case.policy.expires_seconds,
            body=envelope.body(case, decision, target),
            next_attempt_at=case.now,
        )
        for target in case.policy.targets
    )


def _record(case: Case, decision: Decision, actor: str) -> AuditRecord:
    inputs = {**case.facts, "targets": list(case.policy.targets)}
    return AuditRecord(decision.at, actor, DECISION, decision.id, decision.outcome, decision.sentence, inputs)


OVERTAKEN = "With other rollbacks asked for in the same instant a limit is reached; {from_version} of {model} stays."
"""Sentence of a decision that was overtaken while it was being written down."""


def _limits(audit: tuple[AuditRecord, ...], policy: RollbackPolicy) -> RequestLimits:
    """The limits of the policy, to be looked at again in the transaction, and the audit where they are reached then."""
    return RequestLimits(
        policy.max_per_hour, policy.max_per_day, policy.cooldown_seconds, tuple(map(_overtaken, audit))
    )


def _overtaken(record: AuditRecord) -> AuditRecord:
    if record.outcome != TRIGGERED.word:
        return record
    return replace(record, outcome=RATE_LIMITED, sentence=OVERTAKEN.format(**record.inputs))


def _with_decisions(past: Past, added: Plan, policy: RollbackPolicy) -> Past:
    """The past as the next incident of the same verdict sees it."""
    requests = tuple(
        Request(d.incident_id, d.model, d.from_version, d.to_version, d.at, policy.mode)
        for d in added.decisions
        if d.outcome in ASKED
    )
    return replace(past, requests=requests + past.requests)
