"""The admin interface, Alertmanager and Flagger over real HTTP and a real store."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sentinel.config.settings import RollbackSettings
from sentinel.judge.verdict import State
from sentinel.rollback.admin import admin_app
from sentinel.rollback.answers import Standing
from sentinel.rollback.history import VersionHistory, setting_name
from sentinel.rollback.http import Backing
from sentinel.rollback.integrations import integration_routes
from sentinel.store import SqlStore, StoreUnavailable, open_store
from tests.support.rollback_delivery import shifted_intent, target
from tests.support.served import served

NOW = 1_795_310_000.0  # an hour after the last recorded alert
UNJUDGED = Standing(None, "none yet")
TOKEN = "the operators' token"
RECORDED = Path(__file__).parents[2] / "data/rollback"
EVERY_CALL = [
    ("GET", "/v1/rollback"),
    ("GET", "/v1/rollback/decisions"),
    ("GET", "/v1/rollback/dead-letters"),
    ("GET", "/v1/audit"),
    ("POST", "/v1/rollback/pause"),
    ("POST", "/v1/rollback/resume"),
    ("POST", "/v1/rollback/dead-letters/x/replay"),
]


@dataclass
class Side:
    """A served interface over a store."""

    store: SqlStore
    url: str
    session: aiohttp.ClientSession
    commits: list[int]
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {TOKEN}"})

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = self.headers | headers
        async with self.session.request(method, self.url + path, data=data, headers=sent) as answered:
            return answered.status, json.loads(await answered.read())


@contextlib.asynccontextmanager
async def side(folder: Path, make: Callable[[Backing, str], web.Application], **settings: Any) -> AsyncIterator[Side]:
    token = folder / "token"
    token.write_text(TOKEN + "\n")
    store = open_store(f"sqlite:///{folder}/store.db")
    lock, commits = asyncio.Lock(), list[int]()

    async def ask(use: Callable[[Any], Any]) -> Any:
        async with lock:
            return await asyncio.to_thread(use, store)

    made = RollbackSettings(mode="enforce", targets=(target("http://localhost:1/", folder),))
    backing = Backing(ask, replace(made, **settings), lambda: NOW, lambda: commits.append(1))
    async with served(make(backing, str(token))) as url, aiohttp.ClientSession() as session:
        yield Side(store, url, session, commits)
    store.close()


def integrations(backing: Backing, token: str, standing: Standing = UNJUDGED) -> web.Application:
    app = web.Application()
    settings = replace(backing.settings, alertmanager_token_file=token)
    app.add_routes(integration_routes(replace(backing, settings=settings), lambda _model: standing))
    return app


# -- admin ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
async def test_no_way_in_without_the_token(tmp_path: Path, method: str, path: str) -> None:
    async with side(tmp_path, admin_app) as it:
        for given in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \udcff"):
            status, _ = await it.call(method, path, {}, Authorization=given)
            assert status == 401
        (tmp_path / "token").write_text("")
        assert (await it.call(method, path, {}))[0] == 403
        (tmp_path / "token").unlink()
        assert (await it.call(method, path, {}))[0] == 403


async def test_without_a_token_file_it_is_closed(tmp_path: Path) -> None:
    async with side(tmp_path, lambda backing, _token: admin_app(backing, "")) as it:
        for method, path in EVERY_CALL:
            status, body = await it.call(method, path, {})
            assert (status, "admin.token_file" in body["error"]) == (403, True)


async def test_pause_resume_and_who_did_it(tmp_path: Path) -> None:
    async with side(tmp_path, admin_app) as it:
        who = {"actor": "ann", "reason": "release day"}
        assert (await it.call("POST", "/v1/rollback/pause", who))[0] == 200
        _, found = await it.call("GET", "/v1/rollback")
        assert found["paused"] == "ann paused rollbacks: release day"
        assert (await it.call("POST", "/v1/rollback/resume", who))[0] == 200
        assert (await it.call("POST", "/v1/rollback/resume", who))[0] == 409
        _, audit = await it.call("GET", "/v1/audit?limit=5")
    assert [(r["actor"], r["action"]) for r in audit["records"]] == [
        ("ann", "rollback.resume"),
        ("ann", "rollback.pause"),
    ]
    assert audit["broken"] == ""


async def test_a_dead_letter_is_seen_and_sent_again(tmp_path: Path) -> None:
    async with side(tmp_path, admin_app) as it:
        intent = shifted_intent()
        it.store.commit_decision(intents=[intent])
        it.store.settle_intent(intent.id, "dead", "expired")
        _, found = await it.call("GET", "/v1/rollback/dead-letters")
        assert [letter["id"] for letter in found["dead_letters"]] == [intent.id]
        assert "body" not in found["dead_letters"][0]
        path, who = f"/v1/rollback/dead-letters/{intent.id}/replay", {"actor": "ann", "reason": "deployer is back"}
        assert (await it.call("POST", path, who))[0] == 200
        assert [i.state for i in it.store.intents()] == ["pending"]
        assert (await it.call("POST", path, who))[0] == 409  # it is pending now
        assert (await it.call("POST", "/v1/rollback/dead-letters/none/replay", who))[0] == 409
        assert len(it.commits) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"actor": 1}', b"{", b'{"actor":"ann"}', b"\xff", b"[" * 60_000, b'{"actor":" ","reason":"r"}'],
)
async def test_odd_bodies_are_refused_in_one_sentence(tmp_path: Path, body: bytes) -> None:
    async with side(tmp_path, admin_app) as it:
        status, found = await it.call("POST", "/v1/rollback/pause", body)
        assert status in (400, 409)
        assert found["error"]
        assert it.store.audit_trail() == []


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1e3", "99999", "²"])
async def test_limits(tmp_path: Path, limit: str) -> None:
    async with side(tmp_path, admin_app) as it:
        assert (await it.call("GET", f"/v1/audit?limit={limit}"))[0] == 400


async def test_a_store_that_is_away_is_503(tmp_path: Path) -> None:
    async def away(_use: Any) -> Any:
        raise StoreUnavailable("the store cannot be reached")

    async with side(tmp_path, lambda backing, token: admin_app(replace(backing, ask=away), token)) as it:
        assert await it.call("GET", "/v1/rollback") == (503, {"error": "the store cannot be reached"})


# -- Alertmanager -----------------------------------------------------------------------------------------------------


def recorded(number: int) -> bytes:
    path = sorted(RECORDED.glob("webhook-*.http"))[number]
    return path.read_bytes().partition(b"\n\n")[2] or path.read_bytes().partition(b"\r\n\r\n")[2]


def released(store: SqlStore, model: str = "iris") -> None:
    """Version 2 replaced version 1 five minutes ago."""
    history = VersionHistory().seen("1", NOW - 9000, NOW - 300, 900).seen("2", NOW - 300, NOW, 900)
    store.put_setting(setting_name(model), history.to_text())


async def test_recorded_notifications_go_through_the_interlocks(tmp_path: Path) -> None:
    async with side(tmp_path, integrations, triggers=("alertmanager",)) as it:
        released(it.store)
        status, first = await it.call("POST", "/v1/alertmanager", recorded(0))
        assert (status, [d["outcome"] for d in first["decisions"]]) == (200, ["triggered"])
        (intent,) = it.store.intents()
        assert (intent.from_version, intent.to_version, it.commits) == ("2", "1", [1])
        assert json.loads(intent.body)["data"]["reason"]["rule"] == "alertmanager"
        _, again = await it.call("POST", "/v1/alertmanager", recorded(0))  # Alertmanager repeats itself
        assert (again["decisions"], len(it.store.intents())) == ([], 1)
        assert it.store.audit_trail()[0].actor == "alertmanager"


async def test_by_default_an_alert_pages_only(tmp_path: Path) -> None:
    async with side(tmp_path, integrations) as it:
        released(it.store)
        _, found = await it.call("POST", "/v1/alertmanager", recorded(0))
    assert [d["outcome"] for d in found["decisions"]] == ["suppressed_cause"]


async def test_a_resolved_alert_closes_its_incident(tmp_path: Path) -> None:
    async with side(tmp_path, integrations) as it:
        released(it.store)
        await it.call("POST", "/v1/alertmanager", recorded(1))
        assert len(it.store.incidents(open_only=True)) == 1
        await it.call("POST", "/v1/alertmanager", recorded(2))
        assert it.store.incidents(open_only=True) == []


def test_every_recording_is_a_notification() -> None:
    assert [json.loads(recorded(i))["version"] for i in range(5)] == ["4"] * 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"version":"3","alerts":[]}',
        b'{"version":"4","alerts":[{"status":1}]}',
        b"{" * 9_000,
        b"\xff\xfe",
    ],
)
async def test_what_is_no_notification_is_refused(tmp_path: Path, body: bytes) -> None:
    async with side(tmp_path, integrations) as it:
        status, found = await it.call("POST", "/v1/alertmanager", body)
        assert (status, bool(found["error"])) == (400, True)
        assert (await it.call("POST", "/v1/alertmanager", body, Authorization="Bearer no"))[0] == 401


async def test_a_body_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    async with side(tmp_path, integrations) as it:
        assert (await it.call("POST", "/v1/alertmanager", b"x" * (1 << 21)))[0] == 400


async def test_alerts_without_a_model_and_too_many_are_told(tmp_path: Path) -> None:
    alert = {
        "status": "firing",
        "labels": {"alertname": "A"},
        "annotations": {},
        "startsAt": "2026-11-21T22:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
    }
    async with side(tmp_path, integrations) as it:
        body = {"version": "4", "alerts": [alert] * 101}
        _, found = await it.call("POST", "/v1/alertmanager", body)
    assert (len(found["ignored"]), found["decisions"]) == (101, [])


# -- Flagger, as its controller calls ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Flagger:
    """`CallWebhook` of Flagger's controller: any status above 202 is an error; 5xx is tried again as often as told."""

    it: Side
    retries: int = 2
    metadata: dict[str, str] = field(default_factory=lambda: {"model": "fraud"})

    async def hook_passes(self, path: str) -> bool:
        payload = {
            "name": "podinfo",
            "namespace": "test",
            "phase": "Progressing",
            "checksum": "85d5",
            "metadata": self.metadata,
        }
        for _ in range(1 + self.retries):
            status, _ = await self.it.call("POST", path, payload, Authorization="")
            if status < 500:
                return status <= 202
        raise AssertionError("Flagger would retry for nothing")

    async def rolls_back(self) -> bool:
        return await self.hook_passes("/v1/flagger/rollback")


async def test_flagger_is_told_to_roll_back_only_while_a_rollback_stands_decided(tmp_path: Path) -> None:
    clock = [NOW]

    def make(backing: Backing, token: str) -> web.Application:
        return integrations(replace(backing, clock=lambda: clock[0]), token)

    async with side(tmp_path, make) as it:
        flagger = Flagger(it)
        assert not await flagger.rolls_back()
        it.store.commit_decision(intents=[replace(shifted_intent(), created_at=NOW)])
        assert await flagger.rolls_back()
        assert not await replace(flagger, metadata={"model": "other"}).rolls_back()
        clock[0] = NOW + 601
        assert not await flagger.rolls_back()


async def test_flagger_never_sees_5xx_and_reads_trouble_as_healthy(tmp_path: Path) -> None:
    async def broken(_use: Any) -> Any:
        raise RuntimeError("anything")

    async with side(tmp_path, lambda backing, token: integrations(replace(backing, ask=broken), token)) as it:
        assert not await Flagger(it).rolls_back()
        for body in (b"", b"[]", b"{", b'{"metadata": 1}', b"\xff", b"x" * (1 << 21)):
            for path in ("/v1/flagger/rollback", "/v1/flagger/gate"):
                assert (await it.call("POST", path, body))[0] == 403


async def test_flagger_proves_itself_by_its_metadata(tmp_path: Path) -> None:
    secret = tmp_path / "flagger"
    secret.write_text("shared\n")
    async with side(tmp_path, integrations, flagger_token_file=str(secret)) as it:
        it.store.commit_decision(intents=[replace(shifted_intent(), created_at=NOW)])
        assert not await Flagger(it).rolls_back()
        assert not await Flagger(it, metadata={"model": "fraud", "token": "other"}).rolls_back()
        assert await Flagger(it, metadata={"model": "fraud", "token": "shared"}).rolls_back()
        secret.unlink()
        assert not await Flagger(it, metadata={"model": "fraud", "token": "shared"}).rolls_back()


@pytest.mark.parametrize(
    ("state", "open_gate"),
    [(State.OK, True), (State.INSUFFICIENT, False), (State.BLIND, False), (State.BREACH, False), (None, False)],
)
async def test_the_gate_opens_only_for_what_is_known_to_be_well(
    tmp_path: Path, state: State | None, open_gate: bool
) -> None:
    async with side(tmp_path, lambda b, t: integrations(b, t, Standing(state, "said so"))) as it:
        assert await Flagger(it).hook_passes("/v1/flagger/gate") is open_gate
