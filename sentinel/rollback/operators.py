"""What people do about rollbacks: look, pause, resume, send a dead letter again. Each with who and why in the audit.

Shared by the `sentinel rollback` commands and the admin interface; both only print what these return.
"""

from dataclasses import dataclass

from sentinel.rollback.past import DECISION
from sentinel.rollback.switches import PAUSED, disabled_setting, paused
from sentinel.store.contract import AuditRecord, Intent, Store

PAUSE, RESUME, REPLAY = "rollback.pause", "rollback.resume", "rollback.replay"
MOST_INTENTS = 1_000
"""Intents looked through; at most a few a day are made."""


class OperatorError(Exception):
    """What was asked cannot be done; one sentence says why."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of rollbacks. paused: why, or "". disabled: target -> why. Newest first: intents and decisions."""

    paused: str
    disabled: dict[str, str]
    pending: tuple[Intent, ...]
    dead: tuple[Intent, ...]
    delivered: tuple[Intent, ...]
    decisions: tuple[AuditRecord, ...]


def status(store: Store, targets: tuple[str, ...] = (), pause_file: str = "", limit: int = 20) -> Status:
    """What stands now; `targets` are those of the configuration."""
    trail = store.audit_trail(limit=MOST_INTENTS)
    reasons = {target: store.setting(disabled_setting(target)) or "" for target in targets}
    return Status(
        paused=paused(store, pause_file),
        disabled={target: why for target, why in reasons.items() if why},
        pending=tuple(store.intents(state="pending", limit=limit)),
        dead=tuple(store.intents(state="dead", limit=limit)),
        delivered=tuple(store.intents(state="delivered", limit=limit)),
        decisions=tuple(record for record in trail if record.action == DECISION)[:limit],
    )


def pause(store: Store, actor: str, reason: str, now: float) -> str:
    """Stop deciding and sending until `resume`; the sentence for the audit."""
    _check(actor, reason)
    sentence = f"{actor} paused rollbacks: {reason}"
    store.put_setting(PAUSED, sentence, audit=(_record(now, actor, PAUSE, "rollback", sentence, reason),))
    return sentence


def resume(store: Store, actor: str, reason: str, now: float, target: str = "") -> str:
    """End a pause, or ask a target again that said it was gone; the sentence for the audit."""
    _check(actor, reason)
    name = disabled_setting(target) if target else PAUSED
    if not store.setting(name):
        raise OperatorError(f"target {target} is not disabled" if target else "rollbacks are not paused")
    sentence = f"{actor} resumed {f'target {target}' if target else 'rollbacks'}: {reason}"
    record = _record(now, actor, RESUME, target or "rollback", sentence, reason)
    store.put_setting(name, "", audit=(record,))
    return sentence


def replay(store: Store, intent_id: str, actor: str, reason: str, now: float, expires_seconds: float) -> str:
    """Send a dead letter again, under the same id and with the same bytes; the sentence for the audit."""
    _check(actor, reason)
    intent = next((i for i in store.intents(limit=MOST_INTENTS) if i.id == intent_id), None)
    if intent is None:
        raise OperatorError(f"there is no intent {intent_id}; `sentinel rollback status` lists them")
    if intent.state not in ("dead", "cancelled"):
        raise OperatorError(f"intent {intent_id} is {intent.state}; only dead or cancelled ones are sent again")
    sentence = f"{actor} sent the rollback of {intent.model} {intent.from_version} to {intent.target} again: {reason}"
    record = _record(now, actor, REPLAY, intent_id, sentence, reason)
    store.settle_intent(
        intent_id, "pending", "replay", next_attempt_at=now, expires_at=now + expires_seconds, audit=(record,)
    )
    return sentence


def _check(actor: str, reason: str) -> None:
    if not actor.strip() or not reason.strip():
        raise OperatorError("an actor and a reason are needed: they are kept in the audit")


def _record(now: float, actor: str, action: str, subject: str, sentence: str, reason: str) -> AuditRecord:
    return AuditRecord(now, actor, action, subject, "done", sentence, {"reason": reason})
