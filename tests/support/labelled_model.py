"""A model server that classifies: V2 over HTTP, two classes, probabilities that follow from the input."""

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def probability(x: float) -> float:
    """Of class 1, as the model says it."""
    return 1 / (1 + math.exp(-2 * x))


def answer(body: bytes, version: str) -> bytes:
    [tensor] = json.loads(body)["inputs"]
    positive = [probability(x) for x in tensor["data"]]
    scores = [value for p in positive for value in (1 - p, p)]
    output = {"name": "probabilities", "datatype": "FP64", "shape": [len(positive), 2], "data": scores}
    return json.dumps({"model_name": "fraud", "model_version": version, "outputs": [output]}).encode()


@contextmanager
def labelled_model(version: str = "1") -> Iterator[str]:
    """host:port of the server while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            said = answer(self.rfile.read(int(self.headers["content-length"])), version)
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
