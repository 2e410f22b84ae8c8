"""What goes wrong around the relay: slow ends, ends that vanish, floods of connections. Bounded, counted, and no harm
done.
"""

import hashlib
import http.client
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from tests.support.relay_processes import Sidecar, sidecar, wait_for
from tests.support.relay_upstreams import echo, receive_all, upstream

ALL = {"sample_ratio": 1.0, "max_samples_per_second": 1e6}
MEGABYTE = 1 << 20


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def balanced(running: Sidecar) -> bool:
    account = running.account
    accounted = account["sampled_out"] + account["dropped"] + account["analysed"] + account["undecodable"]
    return account["received"] == accounted


def test_a_slow_client_stops_the_reading_and_bounds_the_memory(tmp_path: Path) -> None:
    block, blocks = os.urandom(MEGABYTE), 64
    sent = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        for _ in range(blocks):
            connection.sendall(block)
        sent.set()

    with upstream(serve) as server, sidecar(tmp_path, server, capture=ALL) as running:
        worker = running.pid("relay-0")
        client = socket.create_connection(running.address, timeout=120)
        client.sendall(b"GET /big HTTP/1.0\r\n\r\n")
        assert client.recv(1) == b"H"
        assert not sent.wait(0.5)  # the server is held back: what it sent is in socket buffers, not in the relay
        assert resident_bytes(worker) < 40 * MEGABYTE
        rest = receive_all(client)
        client.close()
    assert len(rest) == len(b"TTP/1.0 200 OK\r\n\r\n") + blocks * MEGABYTE
    body = hashlib.sha256(rest[-blocks * MEGABYTE :]).digest()
    assert body == hashlib.sha256(block * blocks).digest()
    assert balanced(running)
    assert running.heard("exchange")[0]["response"]["truncated"]


def test_slow_clients_are_bounded_together_and_do_not_stall_others(tmp_path: Path) -> None:
    """Each waits with a chunk of its own; beyond the bound of all, those with most are reset, and others go on."""
    count, block = 40, os.urandom(8 * MEGABYTE)

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + block)

    limits = {"max_buffered_bytes": MEGABYTE}
    with upstream(serve) as server, sidecar(tmp_path, server, process=limits) as running:
        slow = [socket.create_connection(running.address, timeout=120) for _ in range(count)]
        for client in slow:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b"GET /big HTTP/1.0\r\n\r\n")
        wait_for(lambda: any(s["slow_readers_reset"] for s in running.heard("summary")), "slow clients to be reset")
        assert 0 < running.heard("summary")[-1]["buffered_bytes"] <= MEGABYTE
        asked = 0

        def all_of_it() -> bool:
            """One that reads on; where this process rested too long to count as quick, it asks again."""
            nonlocal asked
            asked += 1
            with socket.create_connection(running.address, timeout=120) as quick:
                quick.sendall(b"GET /big HTTP/1.0\r\n\r\n")
                try:
                    return receive_all(quick)[-len(block) :] == block
                except ConnectionResetError:
                    return False

        wait_for(all_of_it, "a quick client to be served")
        for client in slow:
            client.close()
        wait_for(lambda: running.heard("summary")[-1]["buffered_bytes"] == 0, "the bytes to be given back")
    assert running.account["received"] == count + asked
    assert balanced(running)


def test_a_slow_server_stops_the_reading_of_the_client(tmp_path: Path) -> None:
    body, go = os.urandom(32 * MEGABYTE), threading.Event()
    received: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        go.wait(120)
        received.append(receive_all(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with upstream(serve) as server, sidecar(tmp_path, server, capture=ALL) as running:
        client = socket.create_connection(running.address, timeout=120)
        head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body)
        sender = threading.Thread(target=client.sendall, args=(head + body,))
        sender.start()
        sender.join(0.5)
        assert sender.is_alive()
        assert resident_bytes(running.pid("relay-0")) < 40 * MEGABYTE
        go.set()
        sender.join(120)
        client.shutdown(socket.SHUT_WR)
        assert receive_all(client).startswith(b"HTTP/1.1 200")
        client.close()
    assert hashlib.sha256(received[0]).digest() == hashlib.sha256(head + body).digest()
    assert balanced(running)


def test_a_client_gone_in_the_middle_of_its_body_is_canceled(tmp_path: Path) -> None:
    gone = threading.Event()

    def serve(connection: socket.socket) -> None:
        with pytest.raises(ConnectionResetError):
            receive_all(connection)
        gone.set()

    with upstream(serve) as server, sidecar(tmp_path, server, capture=ALL) as running:
        client = socket.create_connection(running.address, timeout=120)
        client.sendall(b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nhalf")
        wait_for(lambda: any(s["received"] for s in running.heard("summary")), "the request to be seen")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        client.close()
        assert gone.wait(120)  # the server sees what it would see without the relay
        routes = wait_for(lambda: running.heard("summary")[-1]["routes"], "its counts")
    assert routes[0][1]["codes"] == {"canceled": 1}
    assert running.account["undecodable"] == 1
    assert balanced(running)


def test_samples_larger_than_any_socket_buffer_arrive(tmp_path: Path) -> None:
    body = os.urandom(6 * MEGABYTE)
    capture = {**ALL, "max_body_bytes": 8 * MEGABYTE}
    with upstream(echo) as server, sidecar(tmp_path, server, capture=capture) as running:
        client = http.client.HTTPConnection(*running.address, timeout=120)
        client.request("POST", "/images", body)
        assert client.getresponse().read() == body
        client.close()
        (seen,) = wait_for(lambda: running.heard("exchange"), "the exchange")
    for side in ("request", "response"):
        assert seen[side]["body"].encode("latin-1") == body
    assert balanced(running)


def test_large_samples_beyond_the_bound_are_dropped_and_room_comes_back(tmp_path: Path) -> None:
    """A frozen observer takes nothing: what waits in memory files is bounded, and the bound is released after its
    death.
    """
    body = os.urandom(MEGABYTE)
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        client = http.client.HTTPConnection(*running.address, timeout=120)

        def post(count: int) -> None:
            for _ in range(count):
                client.request("POST", "/images", body)
                assert client.getresponse().read() == body

        os.kill(running.pid("observer"), signal.SIGSTOP)
        post(30)
        os.kill(running.pid("observer"), signal.SIGKILL)
        wait_for(lambda: len(running.heard("started")) == 2, "another observer")
        before = len(running.heard("exchange"))
        wait_for(lambda: post(1) is None and len(running.heard("exchange")) > before + 10, "exchanges again")
    account = running.account
    assert account["dropped"] >= 10
    assert balanced(running)


def test_a_server_that_restarts_costs_only_what_was_sent_meanwhile(tmp_path: Path) -> None:
    def ask(running: Sidecar) -> bytes:
        client = http.client.HTTPConnection(*running.address, timeout=120)
        try:
            client.request("POST", "/p", b"x")
            return client.getresponse().read()
        except (ConnectionError, http.client.HTTPException):
            return b"refused"
        finally:
            client.close()

    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with sidecar(tmp_path, f"127.0.0.1:{port}", capture=ALL) as running:
        with upstream(echo, port):
            assert ask(running) == b"x"
        assert ask(running) == b"refused"
        with upstream(echo, port):
            assert ask(running) == b"x"
    assert running.account["received"] == 3
    assert balanced(running)


def test_a_flood_of_connections_leaves_nothing_behind(tmp_path: Path) -> None:
    count, at_once = 10_000, 100
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        worker = running.pid("relay-0")
        descriptors = Path(f"/proc/{worker}/fd")
        for _ in range(0, count, at_once):
            clients = [socket.create_connection(running.address, timeout=120) for _ in range(at_once)]
            for client in clients:
                client.close()
            wait_for(lambda: len(os.listdir(descriptors)) < 40, "the connections to end")
        wait_for(lambda: running.heard("summary")[-1]["connections_total"] == count, "all to be counted")
        wait_for(lambda: running.heard("summary")[-1]["connections_open"] == 0, "all to be counted as ended")
        assert resident_bytes(worker) < 32 * MEGABYTE
        assert ask_once(running) == b"still here"


def ask_once(running: Sidecar) -> bytes:
    client = http.client.HTTPConnection(*running.address, timeout=120)
    client.request("POST", "/p", b"still here")
    return client.getresponse().read()


def test_connections_beyond_the_limit_are_reset(tmp_path: Path) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, process={"max_connections": 2}) as running:
        kept = [socket.create_connection(running.address, timeout=120) for _ in range(2)]
        for client in kept:
            client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
        with pytest.raises(ConnectionResetError):  # at connect or after it, whichever comes first
            socket.create_connection(running.address, timeout=120).recv(1)
        for client in kept:
            client.close()


def test_two_workers_share_the_socket_and_one_may_die(tmp_path: Path) -> None:
    with upstream(echo) as server, sidecar(tmp_path, server, process={"workers": 2}, capture=ALL) as running:
        for _ in range(20):
            assert ask_once(running) == b"still here"
        os.kill(running.pid("relay-1"), signal.SIGKILL)
        for _ in range(20):
            assert ask_once(running) == b"still here"
        wait_for(lambda: len(running.events("started")) == 4, "another relay-1")
    assert running.account["received"] == 40
    assert balanced(running)


def test_a_killed_worker_takes_no_exchange_uncounted(tmp_path: Path) -> None:
    """Chunks are looked at a while after they passed; what began in those that a dead worker never looked at counts."""
    with upstream(echo) as server, sidecar(tmp_path, server, capture=ALL) as running:
        client = http.client.HTTPConnection(*running.address, timeout=10)
        for _ in range(30):
            client.request("POST", "/p", b"x")
            assert client.getresponse().read() == b"x"
        os.kill(running.pid("relay-0"), signal.SIGKILL)
        wait_for(lambda: running.events("ended"), "its end to be seen")
        client.close()
    assert running.account["received"] == 30
    assert balanced(running)
