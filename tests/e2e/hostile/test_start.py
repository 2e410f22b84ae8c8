"""What keeps a sidecar from starting is said in one sentence that names the thing; what need not, does not."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_stub import model_stub
from tests.support.ports import free_port
from tests.support.processes import wait_until
from tests.support.sidecar_process import Sidecar, configuration, fails, running, starting

GOOD = b'{"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [1.0]}]}'


def port_of(listener: dict[str, Any]) -> int:
    return int(listener["listen"].rpartition(":")[2])


def test_a_traffic_port_in_use_is_named(tmp_path: Path) -> None:
    document = configuration(tmp_path, "127.0.0.1:9")
    with socket.create_server(("127.0.0.1", port_of(document["relay"][0]))):
        status, words = fails(tmp_path, document)
    assert status in (1, 2)
    assert document["relay"][0]["listen"] in words
    assert "Traceback" not in words


def test_a_telemetry_port_in_use_does_not_keep_traffic_from_passing(tmp_path: Path) -> None:
    document = configuration(tmp_path, "127.0.0.1:9")
    with model_stub() as stub:
        document["relay"][0]["upstream"] = stub.address
        with (
            socket.create_server(("127.0.0.1", port_of(document["telemetry"]))),
            starting(tmp_path, document) as sidecar,
        ):
            wait_until(lambda: str(sidecar.telemetry) in sidecar.log.read_text(), "the address to be named")
            wait_until(lambda: answered(sidecar), "traffic to pass")


def answered(sidecar: Sidecar) -> bool:
    try:
        return sidecar.post(GOOD) == 200
    except OSError:
        return False


@pytest.mark.parametrize(
    "content", [None, b"", b"not a reference", bytes(4096)], ids=["missing", "empty", "foreign", "zeros"]
)
def test_a_reference_that_is_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "reference.sentinel"
    if content is not None:
        path.write_bytes(content)
    status, words = fails(tmp_path, configuration(tmp_path, "127.0.0.1:9", reference={"path": str(path)}))
    assert status in (1, 2)
    assert str(path) in words
    assert "Traceback" not in words


def test_words_that_mean_nothing_are_named_all_at_once(tmp_path: Path) -> None:
    wrong = {
        "decode": {"protocol": "v3", "rows_pointer": "rows", "outputs": {"scores": "logit"}},
        "drift": {"tolerance": "sd:much"},
    }
    status, words = fails(tmp_path, configuration(tmp_path, "127.0.0.1:9", **wrong))
    assert status == 2
    for key in ("decode.protocol", "decode.rows_pointer", "decode.outputs.scores", "drift.tolerance"):
        assert key in words
    assert "Traceback" not in words


def test_a_corrupt_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "sentinel.db"
    path.write_bytes(b"SQLite format 3\x00" + bytes(range(256)) * 64)
    status, words = fails(tmp_path, configuration(tmp_path, "127.0.0.1:9"))
    assert status in (1, 2)
    assert str(path) in words
    assert "Traceback" not in words


def test_an_unreachable_upstream_is_no_reason_not_to_start(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, configuration(tmp_path, f"127.0.0.1:{port}")) as sidecar:
        with pytest.raises(OSError):
            sidecar.post(GOOD)
        with model_stub(port):
            assert sidecar.post(GOOD) == 200
        wait_until(lambda: sidecar.metrics("sentinel_exchanges_total", "outcome").get("analysed") == 1, "the exchange")


MALFORMED: dict[str, Callable[[], bytes]] = {
    "no request": lambda: b"\x00\x01\x02\x03\r\n\r\n",
    "no version": lambda: b"GET /\r\n\r\n",
    "endless header": lambda: b"POST / HTTP/1.1\r\nx: " + b"a" * 100_000,
    "two lengths": lambda: b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "bad chunk": lambda: b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "tls": lambda: bytes.fromhex("16030100") + bytes(200),
    "length of ages": lambda: b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
}


def test_malformed_http_passes_and_the_next_connection_is_served(tmp_path: Path) -> None:
    with model_stub() as stub, running(tmp_path, configuration(tmp_path, stub.address)) as sidecar:
        for malformed in MALFORMED.values():
            with socket.create_connection(("127.0.0.1", sidecar.traffic), timeout=120) as connection:
                connection.sendall(malformed())
                connection.shutdown(socket.SHUT_WR)
            assert sidecar.post(GOOD) == 200
        wait_until(
            lambda: sidecar.metrics("sentinel_exchanges_total", "outcome").get("analysed", 0) == len(MALFORMED),
            "the good exchanges to be analysed",
        )
        assert sidecar.total("sentinel_process_restarts_total") == 0
