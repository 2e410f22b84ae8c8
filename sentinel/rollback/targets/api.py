"""JSON over HTTP with a bearer token, for the targets that speak to an API: what their statuses mean, in one place.

Answers of an API are believed for its status, the fields a target names, and one bounded sentence for the audit.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sentinel.rollback.egress import Call, Egress, Reply
from sentinel.rollback.retries import Answer, Class, Settled, answer_of_status
from sentinel.rollback.signing import read_secret_text
from sentinel.rollback.targets.webhook import USER_AGENT
from sentinel.store.contract import Intent

MOST_OBJECT_BYTES = 4 << 20
"""Read of an API's answer: a list of a dozen ReplicaSets with large pod templates fits."""
DETAIL_LENGTH = 200

Statuses = Mapping[int, tuple[str, Class]]

CONFLICTS: Statuses = {409: ("conflict", "retry"), 422: ("conflict", "retry")}
"""Kubernetes: the object changed between reading and writing (422: a `test` of a JSON patch failed). Read it again."""


@dataclass(frozen=True, slots=True)
class Api:
    """One API at one moment. statuses: those that mean something else here than to a webhook's sender.

    now: seconds since the epoch, for a Retry-After that is a date.
    """

    egress: Egress
    base: str
    now: float
    token_file: str = ""
    statuses: Statuses = field(default_factory=dict)

    async def call(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The JSON object in the answer; {} when it has no body. Raises Settled for anything but success."""
        sent = {"Accept": "application/json", "User-Agent": USER_AGENT, **(headers or {})}
        if self.token_file:
            sent["Authorization"] = f"Bearer {read_secret_text(self.token_file).strip()}"
        reply = await self.egress.send(Call(method, self.base + path, sent, body, MOST_OBJECT_BYTES))
        if not 200 <= reply.status < 300:
            raise Settled(self._answer(reply))
        return _object(reply)

    def _answer(self, reply: Reply) -> Answer:
        special = self.statuses.get(reply.status)
        plain = answer_of_status(reply.status, reply.headers.get("Retry-After"), self.now)
        result, kind = special or (plain.result, plain.kind)
        return Answer(result, kind, reply.status, plain.retry_after_seconds, _message(reply))


def _object(reply: Reply) -> dict[str, Any]:
    if not reply.body:
        return {}
    try:
        found = json.loads(reply.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Settled(Answer("odd_answer", "retry", reply.status, detail="the answer is no JSON object"))
    return found


def _message(reply: Reply) -> str:
    """What the API says went wrong: `message` in Kubernetes, GitHub, GitLab and Argo CD."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        return ""
    message = found.get("message", "") if isinstance(found, dict) else ""
    return str(message)[:DETAIL_LENGTH]


def event_of(intent: Intent) -> dict[str, Any]:
    """The CloudEvent in an intent, as the planner wrote it."""
    event: dict[str, Any] = json.loads(intent.body)
    return event


def refuse(word: str, sentence: str) -> Settled:
    """The target cannot do it and will not later: a dead letter with this word."""
    return Settled(Answer(word, "final", detail=sentence))


def already(sentence: str) -> Settled:
    """There is nothing left to do."""
    return Settled(Answer("already_done", "delivered", detail=sentence))
