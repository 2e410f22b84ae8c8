"""A model server for tests that want hostile bodies to be answered: any POST gets the answer chosen, over HTTP/1.1."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = json.dumps(
    {
        "model_name": "stub",
        "model_version": "1",
        "outputs": [{"name": "y", "datatype": "FP64", "shape": [1], "data": [0.5]}],
    }
).encode()


@dataclass(slots=True)
class Stub:
    """answer, headers: of every POST. paths: what was asked for."""

    port: int = 0
    answer: bytes = ANSWER
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    bodies: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def model_stub(port: int = 0) -> Iterator[Stub]:
    """A stub on a fresh port (or `port`) while the block runs."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together: no delayed acknowledgement holds the body back

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            stub.bodies += 1
            self.send_response(200)
            for name, value in stub.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(stub.answer)))
            self.end_headers()
            self.wfile.write(stub.answer)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        stub.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()
