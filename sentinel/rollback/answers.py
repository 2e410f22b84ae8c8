"""What Flagger gets when it asks. Pure: (status, body) from what was decided.

Flagger calls a `rollback` hook on every check of a canary and rolls back on any status up to 202; every other status,
and every failure, means that it goes on. So 200 is said only while a rollback stands decided, and nothing here answers
5xx, which Flagger would only retry. A gate (`confirm-rollout`, `confirm-promotion`, `confirm-traffic-increase`) is the
other way round: 200 lets the canary go on, 403 holds it.
Source: fluxcd/flagger pkg/controller/webhook.go (`CallWebhook`: status > 202 is an error), scheduler_hooks.go.
"""

import hmac
from dataclasses import dataclass
from typing import Any

import msgspec

from sentinel.judge.verdict import State
from sentinel.rollback.past import Past

Answered = tuple[int, dict[str, Any]]
OK, FORBIDDEN = 200, 403


class FlaggerCall(msgspec.Struct):
    """The body of Flagger's webhook; metadata is what the Canary's author wrote there."""

    name: str = ""
    namespace: str = ""
    phase: str = ""
    checksum: str = ""
    metadata: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a model when Flagger asks: its last verdict's state (None: none yet) and sentence."""

    state: State | None
    explanation: str


def read_call(body: bytes, token: str) -> FlaggerCall | None:
    """Flagger's call, or None when it cannot be read or its `metadata.token` is not the one expected ("": any)."""
    try:
        call = msgspec.json.decode(body, type=FlaggerCall)
    except msgspec.MsgspecError:
        return None
    given = call.metadata.get("token", "")
    if token and not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
        return None
    return call


def model_of(call: FlaggerCall) -> str:
    """`metadata.model`, or the canary's name."""
    return call.metadata.get("model") or call.name


def rollback(past: Past, model: str, now: float, lasting_seconds: float) -> Answered:
    """200 while a rollback of the model stands decided and not yet done; else 403."""
    for request in past.requests:
        if request.mode != "enforce" or request.model != model or now - request.at > lasting_seconds:
            continue
        if past.effects.get(request.id) != "effective" and not past.paused:
            return OK, {"rollback": True, "from_version": request.from_version, "to_version": request.to_version}
    return FORBIDDEN, {"rollback": False, "model": model}


def gate(standing: Standing) -> Answered:
    """200 only when the last verdict is ok: what is not known holds the canary too."""
    if standing.state is State.OK:
        return OK, {"ok": True, "explanation": standing.explanation}
    return FORBIDDEN, {"ok": False, "state": str(standing.state or "unknown"), "explanation": standing.explanation}


def unauthorised() -> Answered:
    """A call that could not be read or did not prove itself; Flagger takes it for healthy, so nothing happens."""
    return FORBIDDEN, {"error": "the call could not be read, or metadata.token is wrong"}
