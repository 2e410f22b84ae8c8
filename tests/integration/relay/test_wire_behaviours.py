"""What HTTP proxies get wrong, through the relay and without it: byte for byte the same at both ends.

Each behaviour is a sequence of what one end sends and the other must then have: `>` client to server, `<` server to
client, `>|` and `<|` end of stream. It is played on a bare connection and on one through the sidecar.
"""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.relay_processes import Sidecar, sidecar

Steps = list[tuple[str, bytes]]

_HOST = b"Host: h\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

BEHAVIOURS: dict[str, Steps] = {
    "websocket": [
        (">", b"GET /ws HTTP/1.1\r\n" + _HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
        ("<", b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"),
        (">", b"\x81\x85\x00\x00\x00\x00hello"),
        ("<", b"\x81\x05hello"),
        ("<", b"\x89\x00"),
        (">", b"\x8a\x80\x00\x00\x00\x00"),
        ("<|", b""),
    ],
    "100-continue": [
        (">", b"POST / HTTP/1.1\r\n" + _HOST + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
        ("<", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (">", b"body"),
        ("<", _OK),
    ],
    "103 early hints": [
        (">", b"GET / HTTP/1.1\r\n" + _HOST + b"\r\n"),
        ("<", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"),
        ("<", _OK),
    ],
    "trailers both ways": [
        (">", b"POST / HTTP/1.1\r\n" + _HOST + _CHUNKED + b"Trailer: X-Sum\r\n\r\n4\r\nbody\r\n"),
        (">", b"0\r\nX-Sum: 1\r\n\r\n"),
        ("<", b"HTTP/1.1 200 OK\r\n" + _CHUNKED + b"Trailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n"),
    ],
    "early 413": [
        (">", b"POST / HTTP/1.1\r\n" + _HOST + b"Content-Length: 100\r\n\r\nfirst part"),
        ("<", b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        (">", b"\x00 the rest goes on"),
        ("<|", b""),
    ],
    "head, then the next": [
        (">", b"HEAD / HTTP/1.1\r\n" + _HOST + b"\r\n"),
        ("<", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        (">", b"GET / HTTP/1.1\r\n" + _HOST + b"\r\n"),
        ("<", _OK),
    ],
    "pipelining": [
        (">", (b"GET /1 HTTP/1.1\r\n" + _HOST + b"\r\n") * 3),
        ("<", _OK),
        ("<", _OK + _OK),
    ],
    "http/1.0 until close": [
        (">", b"GET / HTTP/1.0\r\n\r\n"),
        ("<", b"HTTP/1.0 200 OK\r\n\r\nfirst "),
        ("<", b"second"),
        ("<|", b""),
    ],
    "malformed: length and chunked": [
        (">", b"POST / HTTP/1.1\r\n" + _HOST + _CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\nGET /"),
        ("<", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    ],
    "malformed: two lengths": [
        (">", b"POST / HTTP/1.1\r\n" + _HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody!"),
        ("<", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n"),
    ],
    "malformed: bare line feeds": [
        (">", b"GET / HTTP/1.1\nHost: h\n\n"),
        ("<", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    ],
    "malformed: folded header": [
        (">", b"GET / HTTP/1.1\r\n" + _HOST + b"X-Long: a\r\n  b\r\nX Space : c\r\n\r\n"),
        ("<", b"HTTP/1.1 200 OK\r\nX-Long: a\r\n\tb\r\nContent-Length: 2\r\n\r\nok"),
    ],
    "malformed: chunk sizes": [
        (">", b"POST / HTTP/1.1\r\n" + _HOST + _CHUNKED + b"\r\n0x4;a=\x01\r\nbody\r\nfffffffffffffffff\r\n"),
        ("<", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n"),
    ],
    "malformed: not http at all": [
        (">", b"\x00\x01\x02 hello there\r\n\r\n"),
        ("<", b"SSH-2.0-unexpected\r\n" + bytes(range(256))),
        (">", bytes(range(255, -1, -1))),
    ],
}  # fmt: skip


class Ends:
    """Both ends of one connection."""

    def __init__(self, listener: socket.socket, address: tuple[str, int]) -> None:
        self.client = socket.create_connection(address, timeout=120)
        self.server, _ = listener.accept()
        self.server.settimeout(120)

    def play(self, steps: Steps) -> list[tuple[str, bytes]]:
        """What arrived at the other end at each step."""
        arrived = []
        for direction, data in steps:
            sender, other = (self.client, self.server) if direction[0] == ">" else (self.server, self.client)
            if direction.endswith("|"):
                sender.shutdown(socket.SHUT_WR)
                arrived.append((direction, other.recv(1)))
            else:
                sender.sendall(data)
                arrived.append((direction, receive(other, len(data))))
        return arrived

    def close(self) -> None:
        self.client.close()
        self.server.close()


def receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size and (chunk := connection.recv(size - len(received))):
        received += chunk
    return received


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(120)
        yield server


@pytest.fixture(scope="module")
def running(listener: socket.socket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    folder: Path = tmp_path_factory.mktemp("behaviours")
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    capture = {"sample_ratio": 1.0, "max_samples_per_second": 1e6}
    with sidecar(folder, address, capture=capture) as started:
        yield started


@pytest.fixture
def played(listener: socket.socket, running: Sidecar) -> Iterator[Callable[[Steps, bool], list[tuple[str, bytes]]]]:
    opened = []

    def play(steps: Steps, through: bool) -> list[tuple[str, bytes]]:
        ends = Ends(listener, running.address if through else listener.getsockname())
        opened.append(ends)
        return ends.play(steps)

    yield play
    for ends in opened:
        ends.close()


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_the_relay_changes_nothing(name: str, played: Callable[[Steps, bool], Steps]) -> None:
    steps = BEHAVIOURS[name]
    assert played(steps, False) == steps
    assert played(steps, True) == steps


def test_half_close_is_kept_both_ways(played: Callable[[Steps, bool], Steps]) -> None:
    steps: Steps = [(">", b"GET / HTTP/1.0\r\n\r\n"), (">|", b""), ("<", b"HTTP/1.0 200 OK\r\n\r\nlate"), ("<|", b"")]
    assert played(steps, True) == steps


def test_a_reset_arrives_as_a_reset(listener: socket.socket, running: Sidecar) -> None:
    ends = Ends(listener, running.address)
    ends.client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    receive(ends.server, 18)
    ends.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    ends.server.close()
    with pytest.raises(ConnectionResetError):
        ends.client.recv(1)
    ends.client.close()


def test_every_exchange_is_accounted_for(listener: socket.socket, tmp_path: Path) -> None:
    """What was followed balances; what was not went opaque by a reason."""
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    with sidecar(tmp_path, address, capture={"sample_ratio": 1.0, "max_samples_per_second": 1e6}) as running:
        for steps in BEHAVIOURS.values():
            ends = Ends(listener, running.address)
            ends.play(steps)
            ends.close()
    account = running.account
    assert account["received"] == account["analysed"] + account["undecodable"] + account["dropped"]
    assert account["analysed"] >= 6
    assert running.heard("summary")[-1]["opaque"] == {"upgrade": 1, "request_line": 2}
