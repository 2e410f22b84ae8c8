"""What a decoded header block says of its exchange: where it goes, or how it ended. Pure.

Blocks repeat, so what is read from one is read once and kept with it.
"""

import json

from sentinel.relay.tally import Headers, RouteTally
from sentinel.traffic.summary import Code, code_of


class Head:
    """A block. status: HTTP status, 0 where it has none. code: class of its gRPC status, else of its HTTP status,
    empty where it has neither.

    request: the route and timeout it asks for; the tracker fills it in.
    adds: the block as it came, when it adds to the dynamic table each time it comes; else empty.
    """

    __slots__ = ("_items", "adds", "code", "headers", "request", "status")

    def __init__(self, headers: Headers, adds: bytes = b"") -> None:
        self.headers = headers
        self.adds = adds
        self._items: bytes | None = None
        self.request: tuple[RouteTally, float] | None = None
        self.status = 0
        self.code: Code = ""
        grpc_status = None
        for name, value in headers:
            if name == b":status" and value.isdigit():
                self.status = int(value)
            elif name == b"grpc-status" and value.isdigit():
                grpc_status = int(value)
        if grpc_status is not None or 100 <= self.status < 600:
            self.code = code_of(self.status, grpc_status)

    def items(self) -> bytes:
        """The headers as items of a JSON list, without its brackets; made when first asked for."""
        if self._items is None:
            pairs = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.headers]
            self._items = json.dumps(pairs).encode()[1:-1]
        return self._items
