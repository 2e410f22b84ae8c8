"""Secrets planted in every kind of traffic show in nothing that a running sidecar writes or serves."""

import asyncio
import http.client
import json
from pathlib import Path

import pytest
from aiohttp import web

from sentinel.reference.build import build
from sentinel.reference.files import save
from tests.support.decode_wire import framed
from tests.support.served import served
from tests.support.sidecar_process import Sidecar, configuration, running

MARK = "zqxplanted"
SECRETS = (
    f"{MARK}-short",
    f"{MARK}@example.com",
    f"Bearer {MARK}0123456789abcdef",
    f"sk-proj-{MARK}0123456789",
    f"a sentence of some length about {MARK} and nothing else of any interest to anybody at all",
)


def calls(secret: str) -> list[tuple[str, bytes]]:
    bodies: list[tuple[str, object]] = [
        ("/v2/models/m/infer", {"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": [secret]}]}),
        ("/v1/models/m:predict", {"instances": [{"note": secret}]}),
        ("/score", {"note": secret, "age": 4}),
        ("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": secret}]}),
        ("/invocations", {"dataframe_split": {"columns": ["note"], "data": [[secret]]}}),
    ]
    broken = [("/v2/models/m/infer", b'{"inputs": "' + secret.encode()), ("/score", secret.encode())]
    return [*((path, json.dumps(body).encode()) for path, body in bodies), *broken, ("/score", framed(secret.encode()))]


async def echo(request: web.Request) -> web.Response:
    """An answer of each protocol that says the request again."""
    said = (await request.read()).decode("latin-1")
    answers = {
        "infer": {"outputs": [{"name": "y", "shape": [1], "datatype": "BYTES", "data": [said]}]},
        "m:predict": {"predictions": [said]},
        "completions": {"choices": [{"message": {"content": said}, "finish_reason": "stop"}]},
    }
    return web.json_response(answers.get(request.path.rpartition("/")[2], {"prediction": said}))


def send_all(sidecar: Sidecar) -> int:
    sent = [sidecar.post(body, path) for secret in SECRETS for path, body in calls(secret)]
    assert set(sent) == {200}
    return len(sent)


def served_by(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def reference_without(folder: Path) -> dict[str, str]:
    """Settings of a reference whose categories never were the secrets: these are new to it."""
    columns = {"note": ["plain", "other"] * 500, "prediction": ["yes", "no"] * 500}
    save(build(columns, name="m", version="1", predictions=["prediction"]), folder / "reference.sentinel")
    return {"path": str(folder / "reference.sentinel")}


@pytest.mark.parametrize("with_reference", [False, True])
async def test_no_secret_in_metrics_pages_logs_or_the_store(tmp_path: Path, with_reference: bool) -> None:
    groups = {"reference": reference_without(tmp_path)} if with_reference else {}
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", echo)

    def story(base: str) -> tuple[dict[str, float], bytes]:
        with running(tmp_path, configuration(tmp_path, base.removeprefix("http://"), **groups)) as sidecar:
            outcomes = sidecar.settled(send_all(sidecar))
            pages = [
                served_by(sidecar.telemetry, path) for path in ("/metrics", "/", "/healthz", "/readyz", "/v1/windows")
            ]
        return outcomes, b"".join(pages)

    async with served(application) as base:
        outcomes, pages = await asyncio.to_thread(story, base)
    assert outcomes["analysed"] > 0
    assert outcomes["undecodable"] > 0
    assert MARK.encode() not in pages
    assert files_with(MARK.encode(), tmp_path) == []


def files_with(mark: bytes, folder: Path) -> list[str]:
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert {".db", ".log"} <= {path.suffix for path in written}
    return [path.name for path in written if mark in path.read_bytes()]
