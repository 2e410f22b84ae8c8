"""Argo CD: `POST /api/v1/applications/{name}/rollback` to the deployment before the current one.

Refused while auto-sync is on (Argo CD would put the new version back at once): then the dead letter says so, and the
rollback belongs into Git (a github or gitlab target). RBAC: applications get, sync (or rollback where
`server.rbac.rollback.enforce.enable` is "true"). Source: argoproj/argo-cd server/application/application.go.
"""

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from sentinel.rollback.retries import Answer
from sentinel.rollback.targets.api import Api, already, refuse
from sentinel.rollback.targets.base import Configured
from sentinel.store.contract import Intent


class ArgoCD(Configured):
    """Options: `application` (default: the model), `app_namespace`, `project`. secret_file: an API token."""

    async def ask(self, intent: Intent, attempt: int, now: float) -> Answer:
        options = self.settings.options
        api = Api(self.egress, self.settings.url, now, self.settings.secret_file)
        application = options.get("application") or intent.model
        path = f"/api/v1/applications/{quote(application, safe='')}"
        names = {"appNamespace": options.get("app_namespace", ""), "project": options.get("project", "")}
        named = {key: value for key, value in names.items() if value}
        found = await api.call("GET", f"{path}?{urlencode(named)}" if named else path)
        if (found["spec"].get("syncPolicy") or {}).get("automated") is not None:
            raise refuse("auto_sync", f"auto-sync is on for {application}; turn it off or roll back in Git")
        entry = _previous(found, intent)
        body = {"name": application, "id": entry["id"], "prune": False, "dryRun": False, **named}
        await api.call("POST", f"{path}/rollback", json.dumps(body).encode(), {"Content-Type": "application/json"})
        return Answer("delivered", "delivered", 200, detail=f"rolled back to history id {entry['id']}")


def _previous(found: dict[str, Any], intent: Intent) -> dict[str, Any]:
    """The deployment before the one that was live when the rollback was decided.

    What was deployed after the decision is that rollback, or a person's: nothing is left to do.
    """
    history = sorted((found.get("status") or {}).get("history") or [], key=lambda entry: int(entry["id"]))
    if history and datetime.fromisoformat(history[-1]["deployedAt"]).timestamp() > intent.created_at:
        raise already("something was deployed after the rollback was decided")
    if len(history) < 2:
        raise refuse("no_revision", "the application has no earlier deployment in its history")
    entry: dict[str, Any] = history[-2]
    return entry
