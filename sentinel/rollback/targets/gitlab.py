"""GitLab pipeline trigger: runs a pipeline of one branch with the request in its variables.

GitLab knows no idempotency key either: the pipeline should use SENTINEL_ROLLBACK_ID as its resource group.
The event goes in as a variable and never as the body, in which a field called `ref` would choose the branch.
Source: GitLab API, "Trigger a pipeline with a token".
"""

from urllib.parse import quote, urlencode

from sentinel.rollback.retries import Answer
from sentinel.rollback.signing import read_secret_text
from sentinel.rollback.targets.api import Api
from sentinel.rollback.targets.base import Configured
from sentinel.store.contract import Intent

API = "https://gitlab.com"


class GitLab(Configured):
    """Options: `project` (id or path), `ref` (branch, default main). secret_file: a pipeline trigger token.

    The pipeline gets SENTINEL_ROLLBACK_ID, SENTINEL_FROM_VERSION, SENTINEL_TO_VERSION and SENTINEL_EVENT.
    """

    async def ask(self, intent: Intent, attempt: int, now: float) -> Answer:
        options = self.settings.options
        form = {
            "token": read_secret_text(self.settings.secret_file).strip(),
            "ref": options.get("ref", "main"),
            "variables[SENTINEL_ROLLBACK_ID]": intent.id,
            "variables[SENTINEL_FROM_VERSION]": intent.from_version,
            "variables[SENTINEL_TO_VERSION]": intent.to_version,
            "variables[SENTINEL_EVENT]": intent.body.decode(),
        }
        api = Api(self.egress, self.settings.url or API, now)
        path = f"/api/v4/projects/{quote(options.get('project', ''), safe='')}/trigger/pipeline"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        await api.call("POST", path, urlencode(form).encode(), headers)
        return Answer("delivered", "delivered", 201)
