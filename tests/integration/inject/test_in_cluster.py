"""The whole webhook as the chart starts it: a certificate of its own through the API server, then reviews."""

import asyncio
import base64
import contextlib
import json
import ssl
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from sentinel.inject import running
from sentinel.inject.certificates import issue
from sentinel.inject.rotation import Identity
from sentinel.inject.running import Injector, Options
from tests.support.inject_cluster import TOKEN, WEBHOOK, Cluster
from tests.support.inject_process import NAMES
from tests.support.inject_reviews import PLAN, patched, review
from tests.support.ports import free_port


async def test_it_makes_its_certificate_tells_the_api_server_and_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "STOP_SECONDS", 0.0)
    of_server, identity, cluster = issue(("localhost",), datetime.now(UTC)), Identity(), Cluster()
    identity.use((of_server.certificate, of_server.key))
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "ca.crt").write_bytes(of_server.authorities)
    runner, api_port, port, telemetry = web.AppRunner(cluster.application()), free_port(), free_port(), free_port()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", api_port, ssl_context=identity.context).start()
    options = Options(
        f"127.0.0.1:{port}",
        f"127.0.0.1:{telemetry}",
        namespace="sentinel",
        secret="sentinel-injector",
        webhook="sentinel-injector",
        service="sentinel-injector",
        api_server=f"https://localhost:{api_port}",
        account=str(tmp_path),
    )
    injector = Injector(options, PLAN)
    task = asyncio.create_task(injector.run())
    asked = review("pod-with-named-ports")
    try:
        async with asyncio.timeout(120), aiohttp.ClientSession() as session:
            await ready(session, telemetry)
            bundle = base64.b64decode(cluster.objects[WEBHOOK]["webhooks"][0]["clientConfig"]["caBundle"])
            trusting = ssl.create_default_context(cadata=bundle.decode())
            address = f"https://127.0.0.1:{port}/mutate"
            async with session.post(address, json=asked, ssl=trusting, server_hostname=NAMES[0]) as answer:
                assert patched(asked, await answer.json()) != asked["request"]["object"]
            async with session.get(f"http://127.0.0.1:{telemetry}/metrics") as answer:
                assert 'sentinel_injections_total{outcome="injected"} 1.0' in await answer.text()
    finally:
        injector.stop.set()
        await task
        await runner.cleanup()
    assert json.dumps(cluster.objects).count("caBundle") == 2


async def ready(session: aiohttp.ClientSession, port: int) -> None:
    """Comes back when /readyz says so."""
    while True:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                if answer.status == 200:
                    return
        await asyncio.sleep(0.05)
