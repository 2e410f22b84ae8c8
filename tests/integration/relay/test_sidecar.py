"""The supervisor with real workers and a real observer: traffic passes, is heard, and is accounted for."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from sentinel.config import parse
from tests.support.relay_processes import Sidecar, sidecar, supervised, wait_for
from tests.support.relay_upstreams import echo, upstream

ALL = {"sample_ratio": 1.0, "max_samples_per_second": 1e6}


def post(running: Sidecar, count: int = 1, body: bytes = b"x" * 100, path: str = "/v2/models/m/infer") -> None:
    client = http.client.HTTPConnection(*running.address, timeout=120)
    for _ in range(count):
        client.request("POST", path, body)
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (200, body)
    client.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def totals(summaries: list[dict[str, Any]], key: str) -> int:
    """Sum of a cumulative count over the last summary of each life of a worker."""
    last = {(s["worker"], s["boot"]): s[key] for s in summaries}
    return sum(last.values())


def test_exchanges_and_summaries_reach_the_observer_and_the_account_balances(tmp_path: Path) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        post(running, 20)
        wait_for(lambda: len(running.heard("exchange")) == 20, "20 exchanges")
        summary = wait_for(
            lambda: next((s for s in running.heard("summary") if s["received"] == 20 and s["routes"]), None),
            "a summary",
        )
        (route, traffic), *_ = summary["routes"]
        assert route == {"method": "POST", "path": "/v2/models/m/infer", "protocol": "http/1.1"}
        assert traffic["codes"] == {"2xx": 20}
        assert sum(traffic["latency"].values()) == 20
        assert traffic["response_bytes"] == 20 * (len(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n") + 100)
    exchange = running.heard("exchange")[0]
    assert (exchange["method"], exchange["target"], exchange["status"]) == ("POST", "/v2/models/m/infer", 200)
    assert exchange["response"]["body"] == "x" * 100
    assert 0 < exchange["first_byte_seconds"] <= exchange["duration_seconds"] < 5
    account = running.account
    assert account == {
        "received": 20, "sampled_out": 0, "dropped": 0, "analysed": 20, "undecodable": 0, "in_channel": 0
    }  # fmt: skip


def test_a_share_is_sampled_and_the_rest_is_counted(tmp_path: Path) -> None:
    capture = {"sample_ratio": 0.25, "max_samples_per_second": 1e6, "seed": 7}
    with upstream(echo) as server, sidecar(tmp_path, server, capture=capture) as running:
        post(running, 400)
    account = running.account
    assert account["received"] == 400
    assert account["sampled_out"] + account["analysed"] == 400
    assert 60 < account["analysed"] < 140  # binomial(400, 1/4): five standard deviations


def test_killed_observer_fails_no_request_and_loses_nothing_uncounted(tmp_path: Path) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        for _ in range(3):
            post(running, 50)
            before = len(running.heard("started"))
            os.kill(running.pid("observer"), signal.SIGKILL)
            post(running, 50)
            wait_for(lambda before=before: len(running.heard("started")) > before, "another observer")
        post(running, 1)
    account = running.account
    assert account["received"] == 301
    assert account["analysed"] + account["dropped"] == 301
    assert account["in_channel"] == 0


def test_frozen_observer_fails_no_request_and_what_found_no_room_is_counted(tmp_path: Path) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        observer = running.pid("observer")
        os.kill(observer, signal.SIGSTOP)
        post(running, 200, body=b"x" * 100_000)
        os.kill(observer, signal.SIGCONT)
    account = running.account
    assert account["received"] == 200
    assert account["dropped"] > 0
    assert account["analysed"] + account["dropped"] == 200


def test_killed_worker_is_replaced_while_connections_wait(tmp_path: Path) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        post(running, 10)
        os.kill(running.pid("relay-0"), signal.SIGKILL)
        post(running, 10)  # connects to the open socket and waits for the next worker
        assert len(running.events("ended")) == 1
    account = running.account
    assert account["received"] == 20
    assert account["analysed"] + account["dropped"] == 20


def test_failures_are_told_with_the_counts_though_nothing_is_sampled(tmp_path: Path) -> None:
    def fail(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n")
        connection.recv(65536)

    with upstream(fail) as server, sidecar(tmp_path, server, capture={"sample_ratio": 0.0}) as running:
        client = http.client.HTTPConnection(*running.address, timeout=120)
        client.request("GET", "/p", headers={"X-Request-Id": "seen-once"})
        assert client.getresponse().status == 503
        client.close()
        heard = wait_for(
            lambda: [told for s in running.heard("summary") for _, told in s["routes"] if told["exemplars"]],
            "the exemplar",
        )
    (failed,) = heard[0]["exemplars"]
    assert (failed["code"], failed["trace"]) == ("5xx", "seen-once")
    assert running.heard("exchange") == []
    assert running.account["sampled_out"] == running.account["received"] == 1


def test_a_spare_takes_the_place_of_a_killed_worker(tmp_path: Path) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        for number in (1, 2):
            spare = wait_for(lambda n=number: running.events("spare")[n - 1 :], "a spare")[0]["pid"]  # type: ignore[misc]
            os.kill(running.pid("relay-0"), signal.SIGKILL)
            post(running, 5)
            assert running.pid("relay-0") == spare
        spare = wait_for(lambda: running.events("spare")[2:], "a third spare")[0]["pid"]
        os.kill(spare, signal.SIGKILL)
        wait_for(lambda: running.events("spare")[3:], "a spare for the spare")
        assert running.pid("relay-0") != spare
        post(running, 5)
    assert running.account["received"] == running.account["analysed"] == 15


def test_a_spare_that_hangs_is_noticed_when_it_is_needed(tmp_path: Path) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        spare = wait_for(lambda: running.events("spare"), "a spare")[0]["pid"]
        os.kill(spare, signal.SIGSTOP)
        os.kill(running.pid("relay-0"), signal.SIGKILL)
        wait_for(lambda: running.events("hung"), "the supervisor to notice")
        post(running, 1)
        assert running.pid("relay-0") != spare


def test_hung_worker_is_noticed_and_replaced(tmp_path: Path) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        post(running, 1)
        os.kill(running.pid("relay-0"), signal.SIGSTOP)
        wait_for(lambda: running.events("hung"), "the supervisor to notice")
        post(running, 1)
    account = running.account
    assert account["received"] == 2
    assert account["analysed"] + account["dropped"] == 2


def test_stopping_waits_for_the_request_under_way(tmp_path: Path) -> None:
    asked = threading.Event()

    def slow(connection: socket.socket) -> None:
        connection.recv(65536)
        asked.set()
        wait_for(lambda: running.events("stopping"), "the stop")
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with upstream(slow) as server, sidecar(tmp_path, server, capture=ALL) as running:
        client = http.client.HTTPConnection(*running.address, timeout=120)
        client.request("GET", "/")
        assert asked.wait(120)
        running.process.send_signal(signal.SIGTERM)
        assert client.getresponse().read() == b"ok"
        assert running.process.wait(120) == 0
    assert running.account["analysed"] == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_supervisor(tmp_path: Path, how: signal.Signals) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, process={"workers": 2}) as running:
        post(running, 2)
        pids = [running.pid(child) for child in ("relay-0", "relay-1", "observer")]
        running.process.send_signal(how)
        running.process.wait(120)
        wait_for(lambda: not any(map(alive, pids)), "every child to end")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_spare_is_dismissed_with_the_supervisor(tmp_path: Path, how: signal.Signals) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server) as running:
        pid = wait_for(lambda: running.events("spare"), "a spare")[0]["pid"]
        running.process.send_signal(how)
        running.process.wait(120)
        wait_for(lambda: not alive(pid), "the spare to end")


def test_unreachable_upstream_resets_the_client_and_is_counted(tmp_path: Path) -> None:
    free = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{free.getsockname()[1]}"
    free.close()
    with sidecar(tmp_path, address, capture=ALL) as running:
        client = http.client.HTTPConnection(*running.address, timeout=120)
        client.connect()
        client.sock.sendall(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.sock.recv(1)
        summary = wait_for(
            lambda: next((s for s in running.heard("summary") if s["routes"]), None), "a summary of the failure"
        )
    assert summary["routes"][0][1]["codes"] == {"disconnected": 1}
    assert running.account["received"] == 1


def test_several_listeners_and_a_unix_socket_upstream(tmp_path: Path) -> None:
    path = tmp_path / "model.sock"
    with upstream(echo) as tcp, upstream(echo, path=path):
        document = {
            "relay": [
                {"listen": "127.0.0.1:0", "upstream": tcp},
                {"listen": "127.0.0.1:0", "upstream": f"unix:{path}"},
                {"listen": "127.0.0.1:0", "upstream": tcp, "protocol": "opaque"},
            ],
            "capture": ALL,
        }
        with supervised(tmp_path, parse(document)) as running:
            for address in running.addresses:
                client = http.client.HTTPConnection(*address, timeout=120)
                client.request("POST", "/p", b"body")
                assert client.getresponse().read() == b"body"
                client.close()
    assert sorted(seen["listener"] for seen in running.heard("exchange")) == [0, 1]
    assert running.account["received"] == 2


def test_port_in_use_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = (
            "from sentinel.config import parse; from sentinel.relay.supervisor import run; import sys;"
            f"sys.exit(run(parse({{'relay': [{{'listen': '127.0.0.1:{port}'}}]}})))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr == (
        f"cannot listen on 127.0.0.1:{port}: another process listens there; stop it or choose another port\n"
    )
