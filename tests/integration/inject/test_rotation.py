"""A certificate of its own in a cluster: made once, renewed in time, and trusted at every moment by the API server."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from sentinel.inject.certificates import LIFE, RENEW_BEFORE
from sentinel.inject.rotation import Api, Identity, InCluster, look
from tests.support.inject_cluster import SECRET, TOKEN, WEBHOOK, Cluster
from tests.support.inject_process import NAMES
from tests.support.served import served

UNTIL_DUE = LIFE - RENEW_BEFORE + timedelta(minutes=1)


@dataclass
class World:
    """A cluster, its clock, and replicas of the webhook."""

    cluster: Cluster
    api: Api
    now: datetime = field(default_factory=lambda: datetime.now(UTC) - UNTIL_DUE)  # handshakes keep to the real clock

    def replica(self) -> tuple[Identity, InCluster]:
        return Identity(), InCluster(self.api, SECRET, WEBHOOK, NAMES, lambda: self.now)

    def trusted(self) -> list[bytes]:
        """The authorities that the API server knows of, for each webhook."""
        bundles = [hook["clientConfig"].get("caBundle", "") for hook in self.cluster.objects[WEBHOOK]["webhooks"]]
        return [base64.b64decode(bundle) for bundle in bundles]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "token").write_text(TOKEN)
    cluster = Cluster()
    async with served(cluster.application()) as address, aiohttp.ClientSession() as session:
        yield World(cluster, Api(session, address, tmp_path / "token"))


async def is_trusted(identity: Identity, authorities: bytes) -> bool:
    """Whether a client that knows these authorities takes what is served, in a real handshake."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=identity.context)
    client = ssl.create_default_context(cadata=authorities.decode())
    async with server:
        port = server.sockets[0].getsockname()[1]
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=NAMES[0])
        except ssl.SSLCertVerificationError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True


async def test_one_is_made_and_told_and_then_left_alone(world: World) -> None:
    identity, source = world.replica()
    for _ in range(4):
        assert await look(identity, source) == ""
    assert world.cluster.writes == [f"PUT {SECRET}", f"PATCH {WEBHOOK}"]
    assert all([await is_trusted(identity, authorities) for authorities in world.trusted()])


async def test_replicas_that_start_together_serve_the_same(world: World) -> None:
    replicas = [world.replica() for _ in range(4)]
    for _ in range(3):  # those that lost the race look again
        await asyncio.gather(*(look(*replica) for replica in replicas))
    assert len({identity.certificate for identity, _ in replicas}) == 1
    assert await is_trusted(replicas[0][0], world.trusted()[0])


async def test_through_a_renewal_every_replica_is_trusted_after_every_step(world: World) -> None:
    replicas = [world.replica() for _ in range(2)]
    for _ in range(2):
        for replica in replicas:
            assert await look(*replica) == ""
    first = replicas[0][0].certificate
    world.now += UNTIL_DUE
    for _ in range(4):
        for replica in replicas:
            assert await look(*replica) == ""
            for identity, _ in replicas:
                assert await is_trusted(identity, world.trusted()[0])
    renewed = {identity.certificate for identity, _ in replicas}
    assert len(renewed) == 1
    assert first not in renewed
    assert world.trusted()[0].count(b"BEGIN CERTIFICATE") == 2  # the one before may still be served


async def test_authorities_do_not_pile_up(world: World) -> None:
    replica = world.replica()
    for _ in range(4):
        world.now += LIFE
        await look(*replica)
    assert world.trusted()[0].count(b"BEGIN CERTIFICATE") == 2


async def test_while_the_api_server_is_away_the_last_one_is_served(world: World) -> None:
    identity, source = world.replica()
    await look(identity, source)
    served_before = identity.certificate
    world.cluster.down = True
    world.now += LIFE
    assert "503" in await look(identity, source)
    assert identity.certificate == served_before
    world.cluster.down = False
    assert await look(identity, source) == ""


@pytest.mark.parametrize("key", ["tls.crt", "tls.key", "ca.crt"])
async def test_a_secret_that_somebody_broke_is_mended(world: World, key: str) -> None:
    identity, source = world.replica()
    await look(identity, source)
    world.cluster.objects[SECRET]["data"][key] = base64.b64encode(b"broken").decode()
    for _ in range(2):
        assert await look(identity, source) == ""
        assert await is_trusted(identity, world.trusted()[0]) or key == "ca.crt"
    assert await is_trusted(identity, world.trusted()[0])


async def test_a_certificate_for_another_service_is_not_used(world: World) -> None:
    await look(*world.replica())
    other = InCluster(world.api, SECRET, WEBHOOK, ("other.sentinel.svc",), lambda: world.now)
    before = world.cluster.objects[SECRET]["data"]["tls.crt"]
    await look(Identity(), other)
    assert world.cluster.objects[SECRET]["data"]["tls.crt"] != before
