"""Hostile bodies against the running sidecar: every one is passed on and answered, counted with a reason, and the next
good exchange is analysed. Nothing is lost: received = analysed + sampled_out + dropped + undecodable.
"""

import gzip
import json
import zlib
from collections.abc import Iterator

import pytest

from tests.support.model_stub import Stub, model_stub
from tests.support.sidecar_process import Sidecar, configuration, running

MAX_BODY_BYTES = 64 << 10
GOOD = json.dumps({"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [1.0]}]}).encode()


def tensor(data: str, shape: str = "[1, 1]", datatype: str = "FP64") -> bytes:
    return f'{{"inputs": [{{"name": "x", "datatype": "{datatype}", "shape": {shape}, "data": {data}}}]}}'.encode()


JSON_BODIES = {
    "no json": (b"hello", "bad_json"),
    "truncated": (GOOD[:-5], "bad_json"),
    "not utf-8": (GOOD.replace(b"x", b"\xff"), "bad_json"),
    "deep": (tensor("[" * 20_000 + "]" * 20_000), ""),
    "deep object": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, ""),
    "huge integer": (tensor("[1" + "0" * 5_000 + "]"), ""),
    "huge exponent": (tensor("[1e999999]"), ""),
    "negative shape": (tensor("[1.0]", "[-1, 1]"), "bad_tensor"),
    "overflowing shape": (tensor("[1.0]", f"[{2**62}, 4]"), ""),
    "wrong length": (tensor("[1.0, 2.0]"), "bad_tensor"),
    "no tensors": (b'{"inputs": []}', ""),
    "null": (b"null", ""),
    "duplicate keys": (b'{"inputs": 1, ' + GOOD[1:-1] + b', "inputs": 2}', ""),
    "empty": (b"", "empty_body"),
}


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with model_stub() as stub:
        yield stub


@pytest.fixture(scope="module")
def sidecar(stub: Stub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    folder = tmp_path_factory.mktemp("hostile")
    capture = {"sample_ratio": 1.0, "max_body_bytes": MAX_BODY_BYTES, "max_samples_per_second": 10_000}
    with running(folder, configuration(folder, stub.address, capture=capture)) as sidecar:
        yield sidecar


def received(sidecar: Sidecar) -> int:
    return int(sidecar.total("sentinel_exchanges_received_total"))


def sent(sidecar: Sidecar, body: bytes, **headers: str) -> dict[str, float]:
    """Reasons newly counted after one hostile and one good request, both answered."""
    count = received(sidecar)
    before = sidecar.metrics("sentinel_undecodable_total", "reason")
    analysed = sidecar.metrics("sentinel_exchanges_total", "outcome").get("analysed", 0)
    assert sidecar.post(body, **headers) == 200
    assert sidecar.post(GOOD) == 200
    outcomes = sidecar.settled(count + 2)
    assert outcomes["analysed"] == analysed + 1
    after = sidecar.metrics("sentinel_undecodable_total", "reason")
    return {reason: n - before.get(reason, 0) for reason, n in after.items() if n != before.get(reason, 0)}


@pytest.mark.parametrize(("body", "reason"), JSON_BODIES.values(), ids=JSON_BODIES.keys())
def test_json(sidecar: Sidecar, body: bytes, reason: str) -> None:
    reasons = sent(sidecar, body)
    assert sum(reasons.values()) == 1
    assert "internal_error" not in reasons
    if reason:
        assert reasons == {reason: 1}


def test_a_nan_is_a_missing_value(sidecar: Sidecar) -> None:
    count = received(sidecar)
    analysed = sidecar.metrics("sentinel_exchanges_total", "outcome").get("analysed", 0)
    assert sidecar.post(tensor("[NaN]")) == 200
    assert sidecar.settled(count + 1)["analysed"] == analysed + 1


def test_longer_than_the_limit(sidecar: Sidecar) -> None:
    assert sent(sidecar, tensor("[" + "1.0, " * MAX_BODY_BYTES + "1.0]")) == {"body_too_large": 1}


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_bombs_cost_bounded_memory(sidecar: Sidecar, encoding: str) -> None:
    zeros = bytes(50 << 20)
    bomb = gzip.compress(zeros, 9) if encoding == "gzip" else zlib.compress(zeros, 9)
    assert sent(sidecar, bomb[: MAX_BODY_BYTES - 1000], content_encoding=encoding) == {"expands_too_far": 1}


def test_a_bomb_in_the_answer(sidecar: Sidecar, stub: Stub) -> None:
    count = received(sidecar)
    before = sidecar.metrics("sentinel_undecodable_total", "reason").get("expands_too_far", 0)
    good, headers = stub.answer, stub.headers
    stub.answer, stub.headers = gzip.compress(bytes(20 << 20), 9), headers | {"content-encoding": "gzip"}
    try:
        assert sidecar.post(GOOD) == 200
    finally:
        stub.answer, stub.headers = good, headers
    sidecar.settled(count + 1)
    assert sidecar.metrics("sentinel_undecodable_total", "reason")["expands_too_far"] == before + 1


def test_unknown_and_false_encodings(sidecar: Sidecar) -> None:
    assert sent(sidecar, GOOD, content_encoding="rot13") == {"unknown_encoding": 1}
    assert sent(sidecar, GOOD, content_encoding="gzip") == {"bad_encoding": 1}


def test_the_observer_lived_through_it_all(sidecar: Sidecar) -> None:
    assert sidecar.total("sentinel_process_restarts_total") == 0
