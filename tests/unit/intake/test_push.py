"""Pushed traffic over HTTP: CloudEvents in their three forms, NDJSON, mirrored requests; joined, bounded, refused."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from sentinel.intake.events import MOST_WAITING, WAITING_SECONDS, BadEvent, Event, Joiner, line_exchange
from sentinel.intake.push import CLOUD_BATCH, CLOUD_EVENT, NDJSON, Pushed, routes
from sentinel.traffic import Exchange, Message

ASK, TELL = "org.kubeflow.serving.inference.request", "org.kubeflow.serving.inference.response"
ROWS, ANSWER = b'{"instances": [[1, 2]]}', b'{"predictions": [3]}'
WIRE = Path(__file__).parents[2] / "data" / "wire"


@dataclass
class Heard:
    client: TestClient[Any, Any]
    exchanges: list[Exchange] = field(default_factory=list)
    undecodable: list[str] = field(default_factory=list)
    now: float = 1000.0

    async def post(self, body: bytes, path: str = "/v1/events", **headers: str) -> tuple[int, Any]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.client.post(path, data=body, headers=names) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None


@pytest.fixture
async def heard() -> AsyncIterator[Heard]:
    app = web.Application()
    state = Heard(TestClient(TestServer(app)))
    pushed = Pushed(state.exchanges.append, state.undecodable.append)
    app.add_routes(routes(pushed, max_body_bytes=1000, clock=lambda: state.now))
    async with state.client:
        yield state


def structured(kind: str, name: str, data: Any, **more: str) -> dict[str, Any]:
    return {"specversion": "1.0", "id": name, "source": "/t", "type": kind, "data": data, **more}


async def test_binary_events_of_a_logger_are_joined_by_id(heard: Heard) -> None:
    common = {"ce_specversion": "1.0", "ce_id": "7", "content_type": "application/json"}
    assert await heard.post(ROWS, ce_type=ASK, ce_time="2026-01-01T00:00:00Z", **common) == (
        202, {"exchanges": 0, "waiting": 1}
    )  # fmt: skip
    status, said = await heard.post(ANSWER, ce_type=TELL, ce_time="2026-01-01T00:00:00.250Z", **common)
    assert (status, said) == (202, {"exchanges": 1, "waiting": 0})
    (seen,) = heard.exchanges
    assert (seen.protocol, seen.status, seen.request.body, seen.response.body) == ("push", 200, ROWS, ANSWER)
    assert seen.duration_seconds == pytest.approx(0.25)
    assert seen.request.headers["x-request-id"] == "7"


async def test_structured_events_and_batches_in_any_order(heard: Heard) -> None:
    answer = json.dumps(structured(TELL, "a", json.loads(ANSWER))).encode()
    await heard.post(answer, content_type=CLOUD_EVENT)
    encoded = structured(TELL, "b", None) | {"data_base64": base64.b64encode(ANSWER).decode()}
    batch = [structured(ASK, "a", json.loads(ROWS)), structured(ASK, "b", json.loads(ROWS)), encoded]
    assert (await heard.post(json.dumps(batch).encode(), content_type=CLOUD_BATCH))[1]["exchanges"] == 2
    assert [json.loads(seen.request.body) for seen in heard.exchanges] == [json.loads(ROWS)] * 2
    assert [json.loads(seen.response.body) for seen in heard.exchanges] == [json.loads(ANSWER)] * 2


async def test_lines_hold_both_sides(heard: Heard) -> None:
    lines = [
        {"id": "1", "path": "/v1/models/m:predict", "time": 5, "request": json.loads(ROWS), "response": {"p": 1}},
        {"request": "text as it was"},
    ]
    body = b"\n".join(json.dumps(line).encode() for line in lines) + b"\n\n"
    assert (await heard.post(body, content_type=NDJSON))[1] == {"exchanges": 2, "waiting": 0}
    first, second = heard.exchanges
    assert (first.target, first.started_at, first.status) == ("/v1/models/m:predict", 5.0, 200)
    assert (second.status, second.request.body, second.started_at) == (0, b"text as it was", 1000.0)


async def test_mirrored_requests_have_no_answer(heard: Heard) -> None:
    status, _ = await heard.post(ROWS, path="/v1/mirror/v1/models/x:predict?a=1", content_type="application/json")
    assert status == 204
    (seen,) = heard.exchanges
    assert (seen.target, seen.status, seen.request.body) == ("/v1/models/x:predict?a=1", 0, ROWS)
    assert (await heard.post(b"x" * 1001, path="/v1/mirror/p"))[0] == 413
    assert heard.undecodable == ["body_too_large"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "why"),
    [
        (b"{", {"content_type": CLOUD_EVENT}, 400, "is not JSON"),
        (b"[" * 10_000, {"content_type": CLOUD_EVENT}, 400, "is not JSON"),
        (b"[]", {"content_type": CLOUD_EVENT}, 400, "JSON object"),
        (b"{}", {"content_type": CLOUD_BATCH}, 400, "JSON array"),
        (b'{"id": "1", "type": "x"}', {"content_type": CLOUD_EVENT}, 400, "ends in .request or .response"),
        (b'{"type": "a.request"}', {"content_type": CLOUD_EVENT}, 400, "needs an id"),
        (b'{"id":"1","type":"a.request","data_base64":"*"}', {"content_type": CLOUD_EVENT}, 400, "not base64"),
        (b'{"id":"1","type":"a.request","time":"soon"}', {"content_type": CLOUD_EVENT}, 400, "is no time"),
        (b'{"answer": 1}', {"content_type": NDJSON}, 400, "at least `request`"),
        (b'{"request": 1, "respose": 2}', {"content_type": NDJSON}, 400, "unknown key 'respose'"),
        (b'{"request": 1, "status": "200"}', {"content_type": NDJSON}, 400, "whole number"),
        (b"x" * 16_001, {"content_type": NDJSON}, 413, "16000 bytes"),
        (b"<xml/>", {"content_type": "text/xml"}, 415, "CloudEvent"),
    ],
)
async def test_what_cannot_be_used_is_refused_in_one_sentence(
    heard: Heard, body: bytes, headers: dict[str, str], status: int, why: str
) -> None:
    got, said = await heard.post(body, **headers)
    assert got == status
    assert why in said["error"]
    assert heard.exchanges == []


async def test_what_came_before_a_bad_line_is_kept_and_said(heard: Heard) -> None:
    status, said = await heard.post(b'{"request": 1}\nnonsense', content_type=NDJSON)
    assert (status, len(heard.exchanges)) == (400, 1)
    assert "1 exchanges before it were accepted" in said["error"]


async def test_halves_that_wait_too_long_are_given_up(heard: Heard) -> None:
    for kind, name in ((ASK, "question"), (TELL, "answer")):
        await heard.post(json.dumps(structured(kind, name, {})).encode(), content_type=CLOUD_EVENT)
    heard.now += WAITING_SECONDS + 1
    await heard.post(b'{"request": 1}', content_type=NDJSON)
    assert [(seen.status, seen.request.headers.get("x-request-id")) for seen in heard.exchanges] == [
        (0, "question"), (0, None)
    ]  # fmt: skip
    assert heard.undecodable == ["no_request"]


def test_waiting_halves_are_bounded_and_repeats_replace() -> None:
    joiner = Joiner()
    for number in range(MOST_WAITING + 10):
        joiner.add(Event(str(number), True, 0.0, Message()), 0.0)
    assert [event.id for event in joiner.expired(0.0)] == [str(number) for number in range(10)]
    joiner.add(Event("twice", True, 1.0, Message({}, b"old")), 0.0)
    joiner.add(Event("twice", True, 2.0, Message({}, b"new")), 0.0)
    done = joiner.add(Event("twice", False, 3.0, Message()), 0.0)
    assert done is not None
    assert (done.request.body, done.duration_seconds) == (b"new", 1.0)


def test_a_clock_that_runs_backwards_gives_no_negative_time() -> None:
    joiner = Joiner()
    joiner.add(Event("x", True, 10.0, Message()), 0.0)
    done = joiner.add(Event("x", False, 9.0, Message()), 0.0)
    assert done is not None
    assert done.duration_seconds == 0.0
    with pytest.raises(BadEvent):
        line_exchange([], 0.0)


@pytest.mark.parametrize("form", ["binary", "structured"])
async def test_recorded_events_of_kserve_are_understood_once_their_type_says_what_they_are(
    heard: Heard, form: str
) -> None:
    head, _, body = (WIRE / f"kserve/v1-cloudevent-{form}.req").read_bytes().partition(b"\r\n\r\n")
    headers = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:])
    headers.pop("Host")
    headers.pop("Content-Length")
    if form == "binary":
        headers["ce-type"] = ASK
    else:
        body = json.dumps(json.loads(body) | {"type": ASK}).encode()
    async with ClientSession() as session:
        url = heard.client.make_url("/v1/events")
        async with session.post(url, data=body, headers=headers) as answer:
            assert (answer.status, await answer.json()) == (202, {"exchanges": 0, "waiting": 1})
