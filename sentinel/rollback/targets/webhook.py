"""The generic target: the intent's body, signed by Standard Webhooks, POSTed to one address."""

from sentinel import __version__
from sentinel.rollback.egress import Call
from sentinel.rollback.envelope import CONTENT_TYPE
from sentinel.rollback.retries import Answer, answer_of_status
from sentinel.rollback.signing import read_secret_text, read_secrets, signed_headers, traceparent
from sentinel.rollback.targets.base import Configured
from sentinel.store.contract import Intent

USER_AGENT = f"sentinel/{__version__}"


class Webhook(Configured):
    """Options: `authorization_file`, a file with the value of an Authorization header."""

    async def ask(self, intent: Intent, attempt: int, now: float) -> Answer:
        headers = self._headers(intent, attempt, now)
        reply = await self.egress.send(Call("POST", self.settings.url, headers, intent.body))
        return answer_of_status(reply.status, reply.headers.get("Retry-After"), now)

    def _headers(self, intent: Intent, attempt: int, now: float) -> dict[str, str]:
        headers = {
            "Content-Type": CONTENT_TYPE,
            "User-Agent": USER_AGENT,
            "Idempotency-Key": intent.id,
            "traceparent": traceparent(intent.id, attempt),
        }
        if path := self.settings.options.get("authorization_file"):
            headers["Authorization"] = read_secret_text(path).strip()
        return headers | signed_headers(read_secrets(self.settings.secret_file), intent.id, now, intent.body)
