"""Upstreams for relay tests: threads with plain sockets, so that each byte is the test's own."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def upstream(serve: Callable[[socket.socket], None], port: int = 0, *, path: Path | None = None) -> Iterator[str]:
    """A server that runs `serve(connection)` in a thread for each connection; yields its host:port (or path)."""
    if path is None:
        listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(1024)
    connections: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if path is None:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connections.append(connection)
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            serve(connection)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield str(path) if path is not None else f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            connection.close()


def read_request(connection: socket.socket, buffered: bytes = b"") -> tuple[bytes, bytes, bytes]:
    """Head, body (by Content-Length) and what followed of the next request; an empty head at end of stream."""
    while b"\r\n\r\n" not in buffered:
        more = connection.recv(65536)
        if not more:
            return b"", b"", b""
        buffered += more
    head, _, rest = buffered.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        more = connection.recv(65536)
        if not more:
            return b"", b"", b""
        rest += more
    return head, rest[:length], rest[length:]


def echo(connection: socket.socket) -> None:
    """HTTP/1.1 keep-alive: answers each request with its own body."""
    rest = b""
    while True:
        head, body, rest = read_request(connection, rest)
        if not head:
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def receive_all(connection: socket.socket) -> bytes:
    """Everything until end of stream."""
    received = []
    while chunk := connection.recv(1 << 20):
        received.append(chunk)
    return b"".join(received)
