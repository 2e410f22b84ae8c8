"""A TCP proxy that can be cut: what is connected through it then hangs and nothing new is answered: a dead network."""

import contextlib
import selectors
import socket
import threading

CHUNK_BYTES = 65_536


class Proxy:
    """Forwards 127.0.0.1:port to a server until it is cut; `mend` forgets what hung."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers: dict[socket.socket, socket.socket] = {}
        self._open = threading.Event()
        self._open.set()
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._ended = True
        self._open.set()
        self._thread.join(5)
        for end in [*self._peers, self._listener]:
            end.close()
        self._selector.close()

    def _run(self) -> None:
        while not self._ended:
            ready = self._selector.select(0.1)
            self._open.wait()
            for key, _ in ready:
                end = key.fileobj
                assert isinstance(end, socket.socket)
                if end is self._listener:
                    self._connect()
                elif end in self._peers:
                    self._forward(end)

    def _connect(self) -> None:
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port), 5)
        except OSError:
            client.close()
            return
        for one, other in ((client, server), (server, client)):
            self._peers[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _forward(self, end: socket.socket) -> None:
        try:
            data = end.recv(CHUNK_BYTES)
            if data:
                self._peers[end].sendall(data)
                return
        except OSError:
            pass
        self._drop(end)

    def _drop(self, end: socket.socket) -> None:
        for one in (end, self._peers[end]):
            with contextlib.suppress(KeyError):
                self._selector.unregister(one)
            self._peers.pop(one, None)
            one.close()
