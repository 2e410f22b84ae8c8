"""A real Alertmanager that sends a user's own alert: one rollback asked for, however often it repeats itself."""

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from sentinel.config.settings import RollbackSettings
from sentinel.rollback.answers import Standing
from sentinel.rollback.history import VersionHistory, setting_name
from sentinel.rollback.http import Backing
from sentinel.rollback.integrations import integration_routes
from sentinel.store import SqlStore, open_store
from tests.support.ports import free_port
from tests.support.processes import DEADLINE_SECONDS
from tests.support.rollback_delivery import target
from tests.support.served import served
from tests.support.tools import need


@contextlib.contextmanager
def alertmanager(folder: Path, webhook: str, token_file: Path) -> Iterator[str]:
    """A running Alertmanager that sends everything to `webhook`, again after a second; its address."""
    program = need("prometheus-alertmanager")
    receiver = {"url": webhook, "http_config": {"authorization": {"credentials_file": str(token_file)}}}
    route = {"receiver": "sentinel", "group_wait": "100ms", "group_interval": "1s", "repeat_interval": "1s"}
    config = folder / "alertmanager.yml"
    config.write_text(
        yaml.safe_dump({"route": route, "receivers": [{"name": "sentinel", "webhook_configs": [receiver]}]})
    )
    address = f"127.0.0.1:{free_port()}"
    options = [f"--config.file={config}", f"--storage.path={folder / 'data'}", f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *options, "--cluster.listen-address="], stdout=log, stderr=log)
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    now = time.time()
    history = VersionHistory().seen("1", now - 9000, now - 300, 900).seen("2", now - 300, now, 900)
    opened.put_setting(setting_name("iris"), history.to_text())
    yield opened
    opened.close()


@contextlib.asynccontextmanager
async def listening(store: SqlStore, folder: Path, bodies: list[bytes]) -> AsyncIterator[tuple[str, Path]]:
    """Our side: address of the webhook, and the file with its token."""
    token = folder / "token"
    token.write_text("a token for Alertmanager\n")
    settings = RollbackSettings(
        mode="enforce",
        triggers=("alertmanager",),
        targets=(target("http://localhost:1/", folder),),
        alertmanager_token_file=str(token),
    )

    async def ask(use: Any) -> Any:
        return await asyncio.to_thread(use, store)

    @web.middleware
    async def keep(request: web.Request, handler: Any) -> web.StreamResponse:
        bodies.append(await request.read())
        return await handler(request)  # type: ignore[no-any-return]

    app = web.Application(middlewares=[keep])
    app.add_routes(integration_routes(Backing(ask, settings, time.time), lambda _model: Standing(None, "")))
    async with served(app) as url:
        yield f"{url}/v1/alertmanager", token


async def post_alert(address: str, ends_at: datetime) -> None:
    """Tell Alertmanager of the alert, as Prometheus does; it may still be starting."""
    alert = {
        "labels": {"alertname": "Complaints", "model": "iris", "model_version": "2"},
        "annotations": {"summary": "customers complain"},
        "startsAt": datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
        "endsAt": ends_at.isoformat(),
    }
    deadline = time.monotonic() + DEADLINE_SECONDS
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.post(f"{address}/api/v2/alerts", json=[alert]) as answered:
                    assert answered.status == 200, await answered.text()
                    return
            except aiohttp.ClientConnectionError:
                assert time.monotonic() < deadline, "Alertmanager did not start"
                await asyncio.sleep(0.05)


async def until(holds: Any, what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.05)


async def test_an_alert_asks_once_and_its_end_closes_the_incident(tmp_path: Path, store: SqlStore) -> None:
    bodies: list[bytes] = []
    async with listening(store, tmp_path, bodies) as (webhook, token):
        with alertmanager(tmp_path, webhook, token) as address:
            await post_alert(address, datetime.now(UTC) + timedelta(hours=1))
            await until(lambda: len(bodies) >= 3, "the alert and two repetitions")
            (intent,) = store.intents()
            assert (intent.model, intent.from_version, intent.to_version) == ("iris", "2", "1")
            assert "customers complain" in json.loads(intent.body)["data"]["reason"]["explanation"]
            assert len(store.incidents(open_only=True)) == 1
            await post_alert(address, datetime.now(UTC) - timedelta(seconds=1))
            await until(lambda: not store.incidents(open_only=True), "the end of the alert")
    assert [record.outcome for record in store.audit_trail()] == ["triggered"]
    assert len(store.intents()) == 1


async def test_a_wrong_token_asks_for_nothing(tmp_path: Path, store: SqlStore) -> None:
    bodies: list[bytes] = []
    async with listening(store, tmp_path, bodies) as (webhook, token):
        other = tmp_path / "other"
        other.write_text(token.read_text().replace("token", "guess"))
        with alertmanager(tmp_path, webhook, other) as address:
            await post_alert(address, datetime.now(UTC) + timedelta(hours=1))
            await until(lambda: bool(bodies), "the alert")
    assert store.intents() == []
    assert store.audit_trail() == []
