"""The telemetry server over real sockets: exposition formats, health, page, verdicts."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from sentinel.telemetry.recorder import Recorder
from tests.support.telemetry_served import served
from tests.support.telemetry_story import drifted_recorder, story_settings
from tests.support.tools import need

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"


def promtool_check(text: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([need("promtool"), "check", "metrics"], input=text, capture_output=True)


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async with served(drifted_recorder(time.time(), windows=20)) as address:
        yield address


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def test_text_and_openmetrics_are_negotiated(address: str, client: ClientSession) -> None:
    async with (
        client.get(f"{address}/metrics") as plain,
        client.get(f"{address}/metrics", headers={"Accept": OPENMETRICS}) as openmetrics,
    ):
        assert plain.content_type == "text/plain"
        assert openmetrics.content_type == "application/openmetrics-text"
        assert (await openmetrics.text()).endswith("# EOF\n")
        assert "trace_id" in await openmetrics.text()
        assert "trace_id" not in await plain.text()


async def test_the_page_of_metrics_is_compressed_when_asked(address: str, client: ClientSession) -> None:
    async with client.get(f"{address}/metrics", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert b"sentinel_requests_total" in await answer.read()


async def test_metrics_can_be_asked_for_by_name(address: str, client: ClientSession) -> None:
    async with client.get(f"{address}/metrics?name[]=sentinel_verdict") as answer:
        lines = [line for line in (await answer.text()).splitlines() if not line.startswith("#")]
    assert lines
    assert all(line.startswith("sentinel_verdict{") for line in lines)


async def test_promtool_finds_nothing_to_complain_of(address: str, client: ClientSession) -> None:
    async with client.get(f"{address}/metrics") as answer:
        text = await answer.read()
    done = await asyncio.to_thread(promtool_check, text)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


async def test_health_does_not_depend_on_readiness(client: ClientSession) -> None:
    recorder = Recorder(story_settings(), started_at=time.time())
    async with served(recorder) as address:
        async with client.get(f"{address}/healthz") as healthy, client.get(f"{address}/readyz") as ready:
            assert (healthy.status, ready.status) == (200, 503)
            assert await ready.text() == "not ready: the observer is starting\n"
        recorder.sidecar.ready(True)
        async with client.get(f"{address}/readyz") as ready:
            assert ready.status == 200


async def test_the_verdict_is_told_to_argo_rollouts(address: str, client: ClientSession) -> None:
    async with client.get(f"{address}/v1/verdict/fraud?version=7") as known:
        data = (await known.json())["data"]
        assert known.status == 200
    assert (data["verdict"], data["ok"], data["threshold"]) == ("fail", False, 1.0)
    assert data["reasons"][0]["feature"] == "amount"
    async with client.get(f"{address}/v1/verdict/other") as unknown:
        assert unknown.status == 200
        assert (await unknown.json())["data"]["verdict"] == "inconclusive"


async def test_an_old_verdict_is_inconclusive(client: ClientSession) -> None:
    now = time.time()
    async with (
        served(drifted_recorder(now, windows=5), clock=lambda: now + 3600) as address,
        client.get(f"{address}/v1/verdict/fraud") as answer,
    ):
        assert (await answer.json())["data"]["verdict"] == "inconclusive"


async def test_a_bad_query_is_answered_with_a_sentence(address: str, client: ClientSession) -> None:
    async with client.get(f"{address}/v1/windows?limit=many") as answer:
        assert answer.status == 400
        assert (await answer.json()) == {"error": "limit must be a whole number"}


async def test_the_status_page_is_self_contained_under_a_strict_policy(address: str, client: ClientSession) -> None:
    async with client.get(f"{address}/") as answer:
        policy, text = answer.headers["Content-Security-Policy"], await answer.text()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in text
    assert " onclick=" not in text
    assert "src=" not in text
    assert "breach" in text
    assert "<noscript>" in text


async def test_markup_in_names_stays_text(client: ClientSession) -> None:
    hostile = "<script>alert(1)</script>"
    recorder = drifted_recorder(time.time(), windows=3)
    recorder.rollbacks.decision("triggered", hostile, hostile, time.time(), hostile)
    async with served(recorder) as address, client.get(f"{address}/") as answer:
        text = await answer.text()
    assert hostile not in text
    assert "&lt;script&gt;" in text
