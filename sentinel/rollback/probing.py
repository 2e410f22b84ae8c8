"""A test delivery: what a webhook target gets when an operator asks whether it would be reached. It asks for nothing.

It goes the way of a request (address rules, TLS, signature) with a type and an action of its own and without any
version, so that a receiver that looks at one of them cannot take it for a rollback.
"""

import asyncio
import json
from hashlib import sha256

from sentinel.config.settings import RollbackSettings
from sentinel.rollback.egress import EgressError
from sentinel.rollback.envelope import ID_LENGTH
from sentinel.rollback.retries import Answer, answer_of_failure
from sentinel.rollback.signing import SecretError
from sentinel.rollback.targets.base import Target
from sentinel.store.contract import Intent

TYPE = "dev.sentinel.test.v1"


async def probe(target: Target, settings: RollbackSettings, now: float) -> Answer:
    """Send one test delivery and tell what came back; never raises for what a target does."""
    identifier = sha256(f"test/{target.name}/{now!r}".encode()).hexdigest()[:ID_LENGTH]
    body = _body(identifier, target.name, settings)
    intent = Intent(identifier, identifier, target.name, "", "", "", now, now + target.timeout_seconds, body)
    try:
        async with asyncio.timeout(target.timeout_seconds):
            return await target.ask(intent, 1, now)
    except EgressError as error:
        return answer_of_failure(error.word, error.detail)
    except SecretError as error:
        return answer_of_failure("unsigned", str(error))
    except TimeoutError:
        return answer_of_failure("timeout", f"no answer in {target.timeout_seconds:g} s")


def _body(identifier: str, target: str, settings: RollbackSettings) -> bytes:
    workload = settings.workload
    event = {
        "specversion": "1.0",
        "id": identifier,
        "source": f"/sentinel/{workload.cluster}/{workload.namespace}/{workload.name}",
        "type": TYPE,
        "datacontenttype": "application/json",
        "data": {
            "action": "test",
            "target": target,
            "explanation": "A test delivery of sentinel doctor: answer 2xx, and do nothing.",
        },
    }
    return json.dumps(event, separators=(",", ":")).encode()
