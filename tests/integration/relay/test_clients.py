"""A client that comes to dominate is seen by its address, of which nothing is kept or shown."""

import http.client
import json
import urllib.request
from pathlib import Path

import numpy as np

from sentinel.judge.faults import LEARNING_WINDOWS
from sentinel.reference.build import build
from sentinel.reference.files import save
from tests.support.model_stub import model_stub
from tests.support.processes import wait_until
from tests.support.sidecar_process import Sidecar, configuration, running

ROWS = 40
MANY = ("127.0.71.1", "127.0.71.2", "127.0.71.3", "127.0.71.4", "127.0.71.5")
ONE = "127.0.71.6"


def ask(sidecar: Sidecar, address: str, rng: np.random.Generator) -> None:
    """One request of a client at `address`, which closes its connection as soon as it has the answer."""
    values = {"name": "x", "datatype": "FP64", "shape": [ROWS], "data": rng.normal(size=ROWS).tolist()}
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.traffic, timeout=10, source_address=(address, 0))
    try:
        connection.request("POST", "/v2/models/stub/infer", json.dumps({"inputs": [values]}))
        assert connection.getresponse().read()
    finally:
        connection.close()


def served_by(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return bytes(answer.read())


def test_a_client_that_comes_to_dominate_is_found_and_not_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    save(build({"x": rng.normal(size=5000)}, name="stub", version="1"), tmp_path / "stub.sentinel")
    reference = {"path": str(tmp_path / "stub.sentinel")}
    with model_stub() as stub:
        answer = {"name": "y", "datatype": "FP64", "shape": [ROWS], "data": [0.5] * ROWS}
        stub.answer = json.dumps({"model_name": "stub", "model_version": "1", "outputs": [answer]}).encode()
        document = configuration(tmp_path, stub.address, reference=reference, window={"seconds": 0.5})
        with running(tmp_path, document) as sidecar:

            def findings() -> float:
                return sidecar.metrics("sentinel_data_quality_findings_total", "problem").get("one_client", 0.0)

            def usual() -> bool:
                for address in MANY:
                    ask(sidecar, address, rng)
                return sidecar.total("sentinel_windows_total") > LEARNING_WINDOWS + 1

            def dominated() -> bool:
                ask(sidecar, ONE, rng)
                return findings() >= before + 2

            wait_until(usual, "windows that tell what is usual", 60.0)
            before = findings()
            wait_until(dominated, "the client that dominates to be found", 60.0)
            page, told = (served_by(sidecar.telemetry, path) for path in ("/", "/metrics"))
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for text in (kept, page, told):
        assert b"127.0.71" not in text
