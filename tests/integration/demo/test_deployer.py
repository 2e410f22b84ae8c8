"""The deployment stand-in: signed or nothing, once per webhook-id, and it really switches the server."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks.webhooks import Webhook

from sentinel.demo.deployer import Deployer
from tests.support.ports import free_port
from tests.support.served import served

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ORDER = {"data": {"model": "employment", "from_version": "2", "to_version": "1"}}


class Serving:
    """The model server's admin side, counting switches."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.switches = 0

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes([web.get("/admin/serving", self.show), web.put("/admin/serving", self.put)])
        return application

    async def show(self, _: web.Request) -> web.Response:
        return web.json_response({"version": self.version})

    async def put(self, request: web.Request) -> web.Response:
        self.version = (await request.json())["version"]
        self.switches += 1
        return await self.show(request)


def signed(document: Any, identifier: str = "msg_1", at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(document)
    at = at or datetime.now(UTC)
    return body.encode(), {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(identifier, at, body),
    }


async def send(base: str, body: bytes, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base}/rollback", data=body, headers=headers) as response,
    ):
        return response.status


async def test_a_signed_order_is_carried_out_once() -> None:
    serving = Serving("2")
    async with served(serving.application()) as server:
        deployer = Deployer(SECRET, server)
        async with served(deployer.application()) as base:
            statuses = await asyncio.gather(*(send(base, *signed(ORDER)) for _ in range(5)))
    assert statuses == [200] * 5
    assert serving.version == "1"
    assert serving.switches == 1
    assert (len(deployer.accepted), deployer.repeated, deployer.refused) == (1, 4, 0)


@pytest.mark.parametrize(
    "request_parts",
    [
        (b"{}", {}),
        (signed(ORDER)[0] + b" ", signed(ORDER)[1]),
        (signed(ORDER)[0], signed(ORDER)[1] | {"webhook-id": "msg_2"}),
        signed(ORDER, at=datetime.now(UTC) - timedelta(hours=1)),
        signed({"data": {"model": "employment"}}),
        signed(["no order"]),
    ],
    ids=["unsigned", "altered", "other id", "replayed an hour later", "no versions", "no object"],
)
async def test_anything_else_is_refused(request_parts: tuple[bytes, dict[str, str]]) -> None:
    serving = Serving("2")
    async with served(serving.application()) as server:
        deployer = Deployer(SECRET, server)
        async with served(deployer.application()) as base:
            assert await send(base, *request_parts) == 400
    assert (serving.switches, deployer.refused) == (0, 1)


async def test_a_version_that_is_not_serving_is_not_rolled_back() -> None:
    serving = Serving("1")
    async with served(serving.application()) as server, served(Deployer(SECRET, server).application()) as base:
        assert await send(base, *signed(ORDER)) == 409
    assert serving.switches == 0


async def test_an_unreachable_server_asks_for_a_retry() -> None:
    deployer = Deployer(SECRET, f"http://127.0.0.1:{free_port()}")
    async with served(deployer.application()) as base:
        assert await send(base, *signed(ORDER)) == 503
    assert not deployer.accepted
