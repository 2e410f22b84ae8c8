"""A stand-in for the deployment system: takes the rollback webhook, trusts nobody, and switches the model server.

    python -m sentinel.demo.deployer --port 8082 --secret-file secret --server http://127.0.0.1:8080

What a real receiver must do is done here: the signature is verified by the Standard Webhooks reference library on the
raw bytes; the request is known by its webhook-id, honoured once, and a repeat is answered as the first was; a version
that is not serving is not rolled back. `GET /rollbacks` lists what was accepted, refused and repeated.
Knows nothing of how the sender came to its decision.
"""

import argparse
import asyncio
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from sentinel.rollback.probing import TYPE as TEST

MAX_BODY_BYTES = 64 << 10
SERVER_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """A rollback that was carried out."""

    webhook_id: str
    at: float
    model: str
    from_version: str
    to_version: str
    body: dict[str, Any]


class Deployer:
    """Rollbacks accepted, by webhook-id. refused: bad signatures or bodies. repeated: ids that came again."""

    def __init__(self, secret: str, server: str) -> None:
        self._verifier = Webhook(secret)
        self._server = server.rstrip("/")
        self._turn = asyncio.Lock()  # one request at a time, so that two with one id cannot both be the first
        self.accepted: dict[str, Accepted] = {}
        self.refused = 0
        self.repeated = 0

    def application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.add_routes(
            [
                web.post("/rollback", self.rollback),
                web.get("/rollbacks", self.listing),
                web.get("/healthz", self.healthy),
            ]
        )
        return application

    async def healthy(self, _: web.Request) -> web.Response:
        return web.json_response({"ready": True})

    async def listing(self, _: web.Request) -> web.Response:
        accepted = [asdict(entry) for entry in self.accepted.values()]
        return web.json_response({"accepted": accepted, "refused": self.refused, "repeated": self.repeated})

    async def rollback(self, request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            self._verifier.verify(raw, dict(request.headers))
            event = json.loads(raw)
            if event.get("type") == TEST:
                return web.json_response({"rolled_back": False, "test": True})
            order = event["data"]
            wanted = (str(order["model"]), str(order["from_version"]), str(order["to_version"]))
        except (WebhookVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
            self.refused += 1
            return web.json_response({"error": f"refused: {error or 'signature'}"}, status=400)
        identifier = request.headers["webhook-id"]
        async with self._turn:
            if identifier in self.accepted:
                self.repeated += 1
                return web.json_response({"rolled_back": True, "repeated": True})
            if (problem := await self._switch(wanted[1], wanted[2])) is not None:
                return problem
            self.accepted[identifier] = Accepted(identifier, time.time(), *wanted, body=event)
        return web.json_response({"rolled_back": True, "repeated": False})

    async def _switch(self, from_version: str, to_version: str) -> web.Response | None:
        """Switch the model server; None when it did, else the answer to give."""
        address = f"{self._server}/admin/serving"
        timeout = aiohttp.ClientTimeout(total=SERVER_TIMEOUT_SECONDS)
        try:
            async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session:
                async with session.get(address) as response:
                    serving = (await response.json())["version"]
                if serving != from_version:
                    return web.json_response({"error": f"version {serving} is serving"}, status=409)
                async with session.put(address, json={"version": to_version}):
                    return None
        except (aiohttp.ClientError, TimeoutError):
            return web.json_response({"error": "the model server did not switch"}, status=503)


def main() -> None:
    parser = argparse.ArgumentParser(description="The demo's deployment stand-in.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument("--secret-file", type=Path, required=True, help="whsec_… shared with the sidecar")
    parser.add_argument("--server", required=True, help="base address of the model server's admin side")
    arguments = parser.parse_args()
    deployer = Deployer(arguments.secret_file.read_text(encoding="utf-8").strip(), arguments.server)
    web.run_app(deployer.application(), host=arguments.host, port=arguments.port, print=None, access_log=None)


if __name__ == "__main__":
    main()
