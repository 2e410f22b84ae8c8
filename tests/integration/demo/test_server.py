"""The model server over real sockets: V2 as real servers speak it, errors as errors, versions switched."""

import json
import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import numpy as np
import pytest

from sentinel.demo.dataset import HEALTHY, load
from sentinel.demo.driver import PATH, Driver, Pace, encode
from sentinel.demo.model import BADLY_QUANTISED, GOOD, Artifacts, Predictor
from sentinel.demo.server import ModelServer
from tests.support.ports import free_port
from tests.support.served import served

PACE = Pace(requests_per_second=200, rows=4, connections=4)


@pytest.fixture
async def address(artifacts: Artifacts) -> AsyncIterator[str]:
    predictors = {version: Predictor(path) for version, path in artifacts.models.items()}
    async with served(ModelServer(predictors, random.Random(1)).application()) as base:
        yield base


async def post(url: str, body: bytes) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.post(url, data=body) as response:
        return response.status, await response.json()


async def serve(base: str, **release: Any) -> int:
    async with aiohttp.ClientSession() as session, session.put(f"{base}/admin/serving", json=release) as response:
        return response.status


async def test_answers_like_a_v2_server(address: str, artifacts: Artifacts) -> None:
    rows = load()[HEALTHY].take(np.arange(5))
    status, answer = await post(address + PATH, encode(rows, "r-1"))
    labels, probabilities = Predictor(artifacts.models[GOOD]).predict(dict(rows.columns))
    assert status == 200
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("r-1", "employment", GOOD)
    outputs = {tensor["name"]: tensor for tensor in answer["outputs"]}
    assert outputs["label"]["data"] == labels.tolist()
    assert outputs["probability"]["data"] == pytest.approx(probabilities.tolist())
    assert outputs["probability"]["shape"] == [5]


async def test_version_in_the_path_and_version_serving(address: str) -> None:
    body = encode(load()[HEALTHY].take(np.arange(2)), "")
    named = PATH.replace("/infer", f"/versions/{BADLY_QUANTISED}/infer")
    assert (await post(address + named, body))[1]["model_version"] == BADLY_QUANTISED
    assert await serve(address, version=BADLY_QUANTISED) == 200
    assert (await post(address + PATH, body))[1]["model_version"] == BADLY_QUANTISED
    assert await serve(address, version="99") == 404
    assert await serve(address) == 400


async def test_an_injected_fault_answers_500_and_says_which_version(address: str) -> None:
    body = encode(load()[HEALTHY].take(np.arange(2)), "")
    await serve(address, version=GOOD, error_ratio=1.0)
    async with aiohttp.ClientSession() as session, session.post(address + PATH, data=body) as response:
        assert response.status == 500
        assert response.headers["x-model-version"] == GOOD


GOOD_BODY = json.loads(encode(load()[HEALTHY].take(np.arange(2)), ""))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"inputs": []}',
        b'{"inputs": 3}',
        b"[" * 100_000,
        json.dumps({"inputs": [{**GOOD_BODY["inputs"][0], "data": ["old"]}, *GOOD_BODY["inputs"][1:]]}).encode(),
        json.dumps({"inputs": [{**GOOD_BODY["inputs"][0], "data": [1.0]}, *GOOD_BODY["inputs"][1:]]}).encode(),
        json.dumps({"inputs": [*GOOD_BODY["inputs"][:-1], {**GOOD_BODY["inputs"][-1], "data": [1, 2]}]}).encode(),
    ],
)
async def test_bad_requests_are_refused_and_the_next_is_served(address: str, body: bytes) -> None:
    status, answer = await post(address + PATH, body)
    assert status == 400
    assert answer["error"]
    assert (await post(address + PATH, json.dumps(GOOD_BODY).encode()))[0] == 200


async def test_unknown_model_is_404(address: str) -> None:
    assert (await post(f"{address}/v2/models/nobody/infer", b"{}"))[0] == 404


async def test_driver_gets_every_request_answered(address: str) -> None:
    tally = await Driver(address, load()[HEALTHY], PACE).run(seconds=1.0)
    assert tally.sent == tally.answered == 200
    assert tally.failed == 0
    assert tally.versions == {GOOD: 200}
    assert tally.rows == 800
    assert 0.6 < tally.predicted["employed"] / tally.rows < 0.8


async def test_driver_counts_what_nobody_answers() -> None:
    tally = await Driver(f"http://127.0.0.1:{free_port()}", load()[HEALTHY], PACE).run(seconds=0.1)
    assert tally.failed == tally.sent == 20
