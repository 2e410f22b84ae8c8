"""After the request: did the version change, how long did it take, or did nothing happen? Pure.

A request that was accepted but changed nothing is worse than one refused, for everyone believes it done.
"""

from collections.abc import Mapping

from sentinel.judge.verdict import Verdict
from sentinel.rollback.history import VersionHistory
from sentinel.rollback.past import EFFECT, Effect, Past, Request
from sentinel.rollback.planning import ACTOR
from sentinel.store.contract import AuditRecord

QUIET_WINDOWS = 3
"""A version counts as gone when it was unseen for so many windows: one is too few, for windows of two versions close
at the same time and are judged one after the other."""

WATCH_SECONDS = 86400.0
"""A request older than this is not watched any more; long before, it counted as ineffective."""
SENTENCES: Mapping[str, str] = {
    "effective": "{model} left version {from_version} {seconds:.0f} s after the rollback was asked for.",
    "ineffective": "{model} still serves version {from_version} {seconds:.0f} s after the rollback was asked for.",
}


def effects(past: Past, verdict: Verdict, versions: VersionHistory, effect_seconds: float) -> tuple[Effect, ...]:
    """What is newly known after `verdict`, whose window is already in `versions`, about enforced requests."""
    mine = [r for r in past.requests if r.mode == "enforce" and r.model == verdict.model]
    found = (_effect(request, verdict, versions, effect_seconds) for request in mine)
    return tuple(effect for effect in found if effect and past.effects.get(effect.request.id) != effect.outcome)


def _effect(request: Request, verdict: Verdict, versions: VersionHistory, effect_seconds: float) -> Effect | None:
    release = versions.release(request.from_version)
    if release is None or not 0 < verdict.end - request.at < WATCH_SECONDS:
        return None
    quiet = QUIET_WINDOWS * (verdict.end - verdict.start)
    if verdict.version != request.from_version and release.last_seen + quiet <= verdict.end:
        return Effect(request, "effective", max(release.last_seen - request.at, 0.0))
    if release.last_seen - request.at > effect_seconds:
        return Effect(request, "ineffective", verdict.end - request.at)
    return None


def settled(past: Past, now: float) -> bool:
    """Whether every enforced request of late has had its effect, so that there is nothing to watch."""
    watched = [r for r in past.requests if r.mode == "enforce" and now - r.at < WATCH_SECONDS]
    return all(past.effects.get(request.id) == "effective" for request in watched)


def record_of(effect: Effect, now: float) -> AuditRecord:
    """The audit record of an effect."""
    request = effect.request
    facts = {
        "incident_id": request.id,
        "model": request.model,
        "from_version": request.from_version,
        "to_version": request.to_version,
        "seconds": round(effect.seconds, 3),
    }
    return AuditRecord(now, ACTOR, EFFECT, request.id, effect.outcome, SENTENCES[effect.outcome].format(**facts), facts)
