"""What the strict reading finds turns a connection opaque: the observer tells the worker, and bytes go on passing."""

import socket
from pathlib import Path

from sentinel.traffic.channel import DISAGREEMENTS, Disagreement
from tests.support.relay_processes import Sidecar, sidecar, wait_for
from tests.support.relay_upstreams import read_request, upstream

ALL = {"sample_ratio": 1.0, "max_samples_per_second": 1e6}
REQUEST = b"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
JUNK = b"<!-- more than was promised -->"


def serve(connection: socket.socket) -> None:
    """Answers, and to requests for /junk says more than its head promised."""
    rest = b""
    while True:
        head, _, rest = read_request(connection, rest)
        if not head:
            return
        connection.sendall(ANSWER + (JUNK if b"/junk" in head else b""))


def ask(client: socket.socket, request: bytes = REQUEST, answer: bytes = ANSWER) -> None:
    client.sendall(request)
    received = b""
    while len(received) < len(answer):
        received += client.recv(65536)
    assert received == answer


def opaque(running: Sidecar) -> dict[str, int]:
    heard = running.heard("summary")
    return dict(heard[-1]["opaque"]) if heard else {}


def test_a_connection_that_is_read_otherwise_goes_opaque_and_others_do_not(tmp_path: Path) -> None:
    with upstream(serve) as server, sidecar(tmp_path, server, capture=ALL) as running:
        wrong = socket.create_connection(running.address, timeout=120)
        right = socket.create_connection(running.address, timeout=120)
        ask(wrong, REQUEST.replace(b"/p", b"/junk"), ANSWER + JUNK)
        ask(wrong)  # ends the exchange before it, which the observer then reads
        wait_for(lambda: opaque(running) == {"malformed_response": 1}, "the connection to go opaque")
        for _ in range(10):
            ask(wrong)
            ask(right)
        wrong.close()
        right.close()
        wait_for(lambda: len(running.heard("exchange")) == 10, "the exchanges of the other connection")
    account = running.account
    assert running.heard("undecodable") == ["malformed_response"]
    assert account["received"] == 12  # two on the wrong connection, of which one was under way when it went opaque
    assert (account["undecodable"], account["dropped"], account["analysed"]) == (1, 1, 10)


def test_words_of_the_observer_survive_the_channel() -> None:
    for reason in DISAGREEMENTS:
        said = Disagreement(3, 1 << 40, reason)
        assert Disagreement.decode(said.encode()) == said
