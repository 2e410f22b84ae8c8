"""GitHub `repository_dispatch`: runs the workflows on the default branch that listen for the event type.

GitHub knows no idempotency key: a crash after it answered can start a workflow twice. The request's id is in the
payload, and the workflow should use it as its concurrency group (see docs/rollback.md).
Source: GitHub REST API 2022-11-28, "Create a repository dispatch event".
"""

import json
from urllib.parse import quote

from sentinel.rollback.retries import Answer, Settled
from sentinel.rollback.targets.api import Api, event_of
from sentinel.rollback.targets.base import Configured
from sentinel.store.contract import Intent

API = "https://api.github.com"
VERSION = "2022-11-28"
EVENT_TYPE = "sentinel-rollback"
FORBIDDEN = 403


class GitHub(Configured):
    """Options: `repository` (owner/name), `event_type`. secret_file: a token with Contents: write."""

    async def ask(self, intent: Intent, attempt: int, now: float) -> Answer:
        options = self.settings.options
        api = Api(self.egress, self.settings.url or API, now, self.settings.secret_file)
        # client_payload may have ten keys at most: everything lies under one.
        body = {"event_type": options.get("event_type", EVENT_TYPE), "client_payload": {"sentinel": event_of(intent)}}
        headers = {
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": VERSION,
        }
        path = f"/repos/{quote(options.get('repository', ''))}/dispatches"
        try:
            await api.call("POST", path, json.dumps(body).encode(), headers)
        except Settled as settled:
            raise _unless_throttled(settled) from None
        return Answer("delivered", "delivered", 204)


def _unless_throttled(settled: Settled) -> Settled:
    """GitHub says 403 with Retry-After when it is asked too often."""
    answer = settled.answer
    if answer.status == FORBIDDEN and answer.retry_after_seconds is not None:
        return Settled(Answer("throttled", "retry", answer.status, answer.retry_after_seconds, answer.detail))
    return settled
