"""A receiver failing in every way, over real TCP and a real store: one accepted request or one dead letter."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel.config.settings import TargetSettings
from sentinel.rollback.deliverer import Deliverer, Outbox
from sentinel.rollback.operators import pause, replay, resume
from sentinel.rollback.operators import status as look
from sentinel.store import Intent
from tests.support import rollback_receiver as receivers
from tests.support.rollback_delivery import Setting, setting, shifted_intent, target
from tests.support.rollback_receiver import Behaviour, receiving, status


@contextlib.contextmanager
def delivering(folder: Path, *targets: TargetSettings, **values: Any) -> Iterator[Setting]:
    """A setting with one due intent for the first target."""
    with contextlib.contextmanager(setting)(folder, *targets, **values) as made:
        intent = shifted_intent(targets[0].name)
        made.store.commit_decision(intents=[intent])
        made.now = intent.created_at
        yield made


async def only(setting: Setting) -> Intent:
    (intent,) = await setting.run_out()
    return intent


ACCEPTED_AFTER: dict[str, tuple[list[Behaviour], list[str]]] = {
    "at once": ([receivers.accept], ["delivered"]),
    "500 then 200": ([status(500), receivers.accept], ["http_5xx", "delivered"]),
    "503 with Retry-After": ([status(503, "Retry-After: 2\r\n"), receivers.accept], ["http_5xx", "delivered"]),
    "429": ([status(429), receivers.accept], ["throttled", "delivered"]),
    "200 too slow": ([receivers.accept_then_hang, receivers.accept], ["timeout", "already_done"]),
    "hang": ([receivers.hang, receivers.accept], ["timeout", "delivered"]),
    "cut after the body": ([receivers.accept_then_cut, receivers.accept], ["cut", "already_done"]),
    "no HTTP": ([receivers.babble, receivers.accept], ["cut", "delivered"]),
    "endless answer": ([receivers.accept_with_endless_body], ["delivered"]),
}


ANSWER_SECONDS = {"200 too slow": 2.0, "hang": 2.0}
"""Where the first answer never comes; elsewhere nothing is waited for."""


@pytest.mark.parametrize("name", ACCEPTED_AFTER)
async def test_exactly_one_accepted(tmp_path: Path, name: str) -> None:
    behaviours, results = ACCEPTED_AFTER[name]
    async with receiving(*behaviours) as receiver:
        patience = ANSWER_SECONDS.get(name, 60.0)
        with delivering(tmp_path, target(receiver.address, tmp_path, timeout_seconds=patience)) as setting:
            intent = await only(setting)
            deliveries = setting.store.deliveries(intent.id)
    assert intent.state == "delivered"
    assert receiver.accepted == [intent.id]
    assert [delivery.result for delivery in deliveries] == results
    assert {request.headers["webhook-id"] for request in receiver.requests} == {intent.id}
    assert {request.body for request in receiver.requests} == {intent.body}
    assert setting.words("rollback.delivery") == ["delivered"]
    assert [event.word for event in setting.events] == results
    assert [event.result for event in setting.events].count("delivered") == 1


DEAD_AFTER: dict[str, tuple[Behaviour, str, int]] = {
    "redirect": (status(307, "Location: http://127.0.0.1:1/\r\n"), "redirected", 1),
    "unauthorised": (status(401), "refused", 1),
    "gone": (status(410), "gone", 1),
    "always 500": (status(500), "http_5xx", 7),
}


@pytest.mark.parametrize("name", DEAD_AFTER)
async def test_exactly_one_dead_letter(tmp_path: Path, name: str) -> None:
    behaviour, word, attempts = DEAD_AFTER[name]
    async with receiving(behaviour) as receiver:
        with delivering(tmp_path, target(receiver.address, tmp_path)) as setting:
            intent = await only(setting)
            deliveries = setting.store.deliveries(intent.id)
            sentence = setting.store.audit_trail()[0].sentence
    assert (intent.state, receiver.accepted) == ("dead", [])
    assert [delivery.result for delivery in deliveries] == [word] * attempts
    assert all(delivery.at < intent.expires_at for delivery in deliveries)
    assert setting.words("rollback.delivery") == ["dead"]
    assert [event.word for event in setting.events] == [word] * attempts
    assert "never reached deployer" in sentence


@pytest.mark.parametrize("header", ["Retry-After: 120", "retry-after: 120"])
async def test_retry_after_is_waited_for(tmp_path: Path, header: str) -> None:
    async with receiving(status(503, f"{header}\r\n"), receivers.accept) as receiver:
        with delivering(tmp_path, target(receiver.address, tmp_path)) as setting:
            intent = await only(setting)
            first, second = setting.store.deliveries(intent.id)
    assert second.at - first.at >= 120
    assert intent.state == "delivered"


async def test_nobody_listens_until_the_expiry(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with delivering(tmp_path, target(url, tmp_path)) as setting:
            intent = await only(setting)
            results = {delivery.result for delivery in setting.store.deliveries(intent.id)}
    assert (intent.state, results) == ("dead", {"unreachable"})


async def test_tls_is_checked(tmp_path: Path) -> None:
    """Right authority: accepted. Unknown authority, another host's name, or no TLS at all: never."""
    right, authority = receivers.certificate(tmp_path)
    wrong, wrong_authority = receivers.certificate(tmp_path, "elsewhere")
    cases = [(right, str(authority), "delivered"), (right, "", "dead"), (wrong, str(wrong_authority), "dead")]
    for number, (server, ca_file, state) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with receiving(receivers.accept, tls=server) as receiver:
            with delivering(folder, target(receiver.address, folder, ca_file=ca_file)) as setting:
                intent = await only(setting)
                results = {delivery.result for delivery in setting.store.deliveries(intent.id)}
        assert (intent.state, results) == (state, {"delivered"} if state == "delivered" else {"tls"})
    async with receiving(receivers.accept) as plain:
        folder = tmp_path / "plain"
        folder.mkdir()
        url = plain.address.replace("http:", "https:")
        with delivering(folder, target(url, folder, timeout_seconds=0.2)) as setting:
            assert (await only(setting)).state == "dead"
    assert not plain.accepted


async def test_the_request_is_a_signed_cloud_event(tmp_path: Path) -> None:
    async with receiving(receivers.accept) as receiver:
        with delivering(tmp_path, target(receiver.address, tmp_path)) as setting:
            intent = await only(setting)
    (request,) = receiver.requests
    request.verify()
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert request.headers["idempotency-key"] == request.headers["webhook-id"] == intent.id
    assert request.headers["user-agent"].startswith("sentinel/")
    assert request.headers["traceparent"].startswith("00-")
    assert json.loads(request.body)["id"] == intent.id


async def test_a_secret_that_comes_late_is_waited_for(tmp_path: Path) -> None:
    async with receiving(receivers.accept) as receiver:
        late = tmp_path / "late"
        with delivering(tmp_path, target(receiver.address, tmp_path, secret_file=str(late))) as setting:
            await setting.deliverer().deliver_due()
            late.write_text(receivers.SECRET)
            intent = await only(setting)
            results = [delivery.result for delivery in setting.store.deliveries(intent.id)]
    assert results == ["unsigned", "delivered"]


async def test_gone_disables_the_target_until_a_person_resumes_it(tmp_path: Path) -> None:
    async with receiving(status(410), receivers.accept) as receiver:
        with delivering(tmp_path, target(receiver.address, tmp_path)) as setting:
            first = await only(setting)
            setting.store.commit_decision(intents=[shifted_intent(id="second", from_version="3")])
            await setting.run_out()
            assert len(receiver.requests) == 1
            assert "410" in look(setting.store, ("deployer",)).disabled["deployer"]
            resume(setting.store, "ann", "it is back", setting.now, target="deployer")
            replay(setting.store, first.id, "ann", "still needed", setting.now, 600)
            await setting.run_out()
    assert receiver.accepted == [first.id]
    assert setting.words() == ["dead", "dead", "done", "done", "delivered"]


async def test_a_pause_holds_what_is_pending_and_a_resume_lets_it_go(tmp_path: Path) -> None:
    async with receiving(receivers.accept) as receiver:
        with delivering(tmp_path, target(receiver.address, tmp_path)) as setting:
            pause(setting.store, "ann", "release day", setting.now)
            await setting.deliverer().deliver_due()
            assert [intent.last_result for intent in setting.store.intents(state="pending")] == ["paused"]
            assert not receiver.requests
            resume(setting.store, "ann", "done", setting.now)
            assert (await only(setting)).state == "delivered"


async def test_a_pause_that_outlasts_the_request_makes_it_a_dead_letter(tmp_path: Path) -> None:
    async with receiving(receivers.accept) as receiver:
        with delivering(tmp_path, target(receiver.address, tmp_path)) as setting:
            pause(setting.store, "ann", "release day", setting.now)
            intent = await only(setting)
    assert (intent.state, intent.last_result, receiver.requests) == ("dead", "expired", [])


async def test_what_is_no_longer_enforced_is_cancelled(tmp_path: Path) -> None:
    async with receiving(receivers.accept) as receiver:
        with delivering(tmp_path, target(receiver.address, tmp_path), enforce=False) as setting:
            intent = await only(setting)
    assert (intent.state, receiver.requests) == ("cancelled", [])


async def test_a_target_that_left_the_configuration_is_a_dead_letter(tmp_path: Path) -> None:
    with delivering(tmp_path, target("http://localhost:1/", tmp_path, name="old")) as setting:
        setting.settings = type(setting.settings)(mode="enforce")
        intent = await only(setting)
    assert (intent.state, intent.last_result) == ("dead", "unknown_target")


async def test_the_loop_wakes_delivers_and_stops(tmp_path: Path) -> None:
    async with receiving(receivers.accept) as receiver:
        with contextlib.contextmanager(setting)(tmp_path, target(receiver.address, tmp_path)) as made:
            boxes: list[Outbox] = []
            deliverer = made.deliverer(boxes.append, poll_seconds=3600.0)
            running = asyncio.create_task(deliverer.run(), name="deliverer")
            await asyncio.to_thread(made.store.commit_decision, intents=[shifted_intent()])
            made.now += 1
            deliverer.wake()
            await _until(deliverer, lambda: bool(receiver.accepted) and boxes[-1:] == [Outbox(0, 0, "")])
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


async def _until(deliverer: Deliverer, holds: Any) -> None:
    async with asyncio.timeout(120):
        while not holds():
            deliverer.wake()
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("actor", ["", "  "])
async def test_who_and_why_are_required(tmp_path: Path, actor: str) -> None:
    with (
        delivering(tmp_path, target("http://localhost:1/", tmp_path)) as setting,
        pytest.raises(Exception, match="actor"),
    ):
        pause(setting.store, actor, "reason", setting.now)
