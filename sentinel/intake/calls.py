"""gRPC calls in which only the caller speaks, over HTTP/2 in clear text: enough for what proxies tell an observer.

HTTP/2 itself is `jh2`'s. This file knows nothing of what the calls say, nor of protobuf. Bounded against hostile
callers: what a connection may have under way is announced in its settings, and one that does not read its answers is
ended.

    server = await loop.create_server(lambda: Connection("/package.Service/Method", open_call), host, port)
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from jh2.config import H2Configuration
from jh2.connection import H2Connection
from jh2.errors import ErrorCodes
from jh2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from jh2.exceptions import ProtocolError
from jh2.settings import SettingCodes

WINDOW_BYTES = 1 << 20  # in flight for one connection and for each call; more waits at the caller
MOST_CONNECTIONS = 256  # Envoy opens one for each of its threads
MOST_UNREAD_BYTES = 256 << 10  # of acknowledgements that a caller has not read
MOST_SILENT_BYTES = 256 << 10  # that make no frame: jh2 would wait for 16 MB before it refuses them
OK, UNIMPLEMENTED = "0", "12"  # grpc-status


class Call(Protocol):
    """One call, from its first byte to `closed`, which comes once."""

    def feed(self, data: bytes) -> bool:
        """Bytes as they came. True: enough, the call is to be answered with OK."""

    def closed(self) -> None:
        """Nothing more comes."""


OpenCall = Callable[[Mapping[str, str]], Call | None]
"""Request headers -> the call, or None to refuse it."""


class Connection(asyncio.Protocol):
    """One connection, on which calls of one method are taken."""

    def __init__(self, method_path: str, open_call: OpenCall, most_calls: int, open_ones: "set[Connection]") -> None:
        """open_ones: the connections that are open; this one adds and removes itself."""
        self._method_path = method_path
        self._open_call = open_call
        self._most_calls = most_calls
        self._http2: Any = H2Connection(H2Configuration(client_side=False, header_encoding="latin-1"))
        self._calls: dict[int, Call] = {}
        self._open_ones = open_ones
        self._transport: Any = None
        self._silent_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._open_ones.add(self)
        if len(self._open_ones) > MOST_CONNECTIONS:
            self.close()
            return
        settings = {
            SettingCodes.MAX_CONCURRENT_STREAMS: self._most_calls,
            SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES,
            SettingCodes.ENABLE_PUSH: 0,
        }
        self._http2.local_settings.update(settings)
        self._http2.initiate_connection()
        self._http2.increment_flow_control_window(WINDOW_BYTES)
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            events = self._http2.receive_data(data)
            for event in events:
                self._handle(event)
        except ProtocolError:
            self._flush()  # it says why
            self._transport.close()
            return
        self._flush()
        self._silent_bytes = 0 if events else self._silent_bytes + len(data)
        if self._silent_bytes > MOST_SILENT_BYTES or self._transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._open_ones.discard(self)
        for stream_id in tuple(self._calls):
            self._closed(stream_id)

    def close(self) -> None:
        """End the connection with its calls."""
        self._transport.abort()

    def _handle(self, event: Any) -> None:
        if isinstance(event, RequestReceived):
            self._opened(event.stream_id, dict(event.headers))
        elif isinstance(event, DataReceived):
            self._http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self._fed(event.stream_id, event.data)
        elif isinstance(event, StreamEnded):
            self._ended(event.stream_id)
        elif isinstance(event, StreamReset):
            self._closed(event.stream_id)

    def _opened(self, stream_id: int, headers: Mapping[str, str]) -> None:
        if headers.get(":path") != self._method_path:
            self._answer(stream_id, UNIMPLEMENTED)
        elif (call := self._open_call(headers)) is not None:
            self._calls[stream_id] = call
        else:
            with suppress(ProtocolError):
                self._http2.reset_stream(stream_id, ErrorCodes.REFUSED_STREAM)

    def _fed(self, stream_id: int, data: bytes) -> None:
        call = self._calls.get(stream_id)
        if call is not None and call.feed(data):
            self._closed(stream_id)
            self._answer(stream_id, OK)

    def _ended(self, stream_id: int) -> None:
        if stream_id in self._calls:
            self._closed(stream_id)
            self._answer(stream_id, OK)

    def _closed(self, stream_id: int) -> None:
        call = self._calls.pop(stream_id, None)
        if call is not None:
            call.closed()

    def _answer(self, stream_id: int, grpc_status: str) -> None:
        """Answer with trailers only; the caller need not end its side. It may have reset the call already."""
        headers = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", grpc_status)]
        with suppress(ProtocolError):
            self._http2.send_headers(stream_id, headers, end_stream=True)
            self._http2.reset_stream(stream_id, ErrorCodes.NO_ERROR)

    def _flush(self) -> None:
        data = self._http2.data_to_send()
        if data:
            self._transport.write(data)
