"""Connections that bring no request do not stay."""

import asyncio
import ssl

import pytest

from sentinel.inject import server
from sentinel.inject.rotation import Identity
from sentinel.inject.server import Desk, Metrics, serving
from tests.support.inject_process import NAMES, made
from tests.support.inject_reviews import PLAN


@pytest.mark.parametrize("part", [b"", b"POST /mutate HTTP/1.1\r\nHost:"])
async def test_a_connection_without_a_whole_request_is_closed(part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.3)
    issued, identity = made(), Identity()
    identity.use((issued.certificate, issued.key))
    trusting = ssl.create_default_context(cadata=issued.authorities.decode())
    async with serving(Desk(PLAN, Metrics()), "127.0.0.1", 0, identity.context) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=NAMES[0])
        writer.write(part)
        assert await asyncio.wait_for(reader.read(), 120) == b""
        writer.close()
