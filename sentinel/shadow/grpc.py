"""gRPC calls to one endpoint over a kept HTTP/2 connection: a call's bytes sent as they came, its answer read whole.

HTTP/2 itself is `jh2`'s; messages are not taken apart here. One call at a time on a connection, so flow control needs
no queue; of an answer as much is read as the caller wants.
"""

from typing import Any
from urllib.parse import urlsplit

from jh2.config import H2Configuration
from jh2.connection import H2Connection
from jh2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from jh2.exceptions import ProtocolError
from jh2.settings import SettingCodes, Settings

from sentinel.rollback.egress import Call, Connection, Egress, EgressError, Reply
from sentinel.shadow.asking import MOST_ANSWER_BYTES

HEALTH, EMPTY_MESSAGE = "/grpc.health.v1.Health/Check", bytes(5)
READ_BYTES = 1 << 16
WINDOW_BYTES = 2 * MOST_ANSWER_BYTES
"""Room announced for an answer: more than is ever read of one, so that no answer waits for leave to go on."""


async def grpc_session(egress: Egress, url: str) -> "GrpcSession":
    """Raises EgressError."""
    return GrpcSession(await egress.connect(url, "h2"))


class _Answer:
    """What has come of an answer."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.ended = False

    def take(self, event: Event) -> None:
        """Raises EgressError where the call, or the connection, was broken off before the end."""
        if self.ended:
            return
        if isinstance(event, StreamReset | ConnectionTerminated):
            raise EgressError("cut", f"the call was broken off: HTTP/2 error {event.error_code}")
        if isinstance(event, ResponseReceived | TrailersReceived):
            named = {str(name): str(value) for name, value in event.headers or ()}
            self.status = int(named.pop(":status", self.status))
            self.headers |= named
        elif isinstance(event, DataReceived):
            self.body += event.data or b""
        elif isinstance(event, StreamEnded):
            self.ended = True


class GrpcSession:
    """`sentinel.shadow.line.Session` over HTTP/2."""

    def __init__(self, connection: Connection) -> None:
        self._reader, self._writer = connection
        self._http2: Any = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        room = {SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES, SettingCodes.ENABLE_PUSH: 0}
        self._http2.local_settings = Settings(client=True, initial_values=room)
        self._http2.initiate_connection()
        self._http2.increment_flow_control_window(WINDOW_BYTES)

    async def exchange(self, call: Call) -> Reply:
        try:
            return await self._exchange(call)
        except (ProtocolError, OSError, ValueError) as error:
            raise EgressError("cut", f"connection lost before an answer: {type(error).__name__}") from error

    async def close(self) -> None:
        self._writer.close()

    async def _exchange(self, call: Call) -> Reply:
        parts, stream, answer = urlsplit(call.url), self._http2.get_next_available_stream_id(), _Answer()
        asked = {":method": call.method, ":scheme": parts.scheme, ":authority": parts.netloc, ":path": parts.path}
        self._http2.send_headers(stream, [*asked.items(), *call.headers.items()])
        sent = await self._send_body(stream, call.body, answer)
        while not answer.ended and len(answer.body) < call.most_answer_bytes:
            await self._hear(stream, answer)
        if not (sent and answer.ended):  # answered before it was asked in full, or longer than is wanted
            self._http2.reset_stream(stream)
            await self._flush()
        return Reply(answer.status, answer.headers, bytes(answer.body[: call.most_answer_bytes]))

    async def _send_body(self, stream: int, body: bytes, answer: _Answer) -> bool:
        """As fast as the server takes it. Whether all of it went: not where the answer ended before."""
        rest = memoryview(body)
        while rest and not answer.ended:
            room = min(self._http2.local_flow_control_window(stream), self._http2.max_outbound_frame_size)
            if room <= 0:
                await self._hear(stream, answer)
                continue
            self._http2.send_data(stream, bytes(rest[:room]))
            rest = rest[room:]
            await self._flush()
        if not rest:
            self._http2.end_stream(stream)
            await self._flush()
        return not rest

    async def _hear(self, stream: int, answer: _Answer) -> None:
        """What the server sends next, and what it is owed for it."""
        data = await self._reader.read(READ_BYTES)
        if not data:
            raise EgressError("cut", "the connection ended before an answer")
        for event in self._http2.receive_data(data):
            if getattr(event, "stream_id", stream) == stream:
                answer.take(event)
            if isinstance(event, DataReceived) and event.flow_controlled_length:
                self._http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        await self._flush()

    async def _flush(self) -> None:
        self._writer.write(self._http2.data_to_send())
        await self._writer.drain()


async def health(egress: Egress, url: str) -> str:
    """gRPC status of the answer to a health check: also a server without that service has one. Raises EgressError."""
    session = await grpc_session(egress, url)
    try:
        headers = {"content-type": "application/grpc", "te": "trailers"}
        reply = await session.exchange(Call("POST", f"{url.rstrip('/')}{HEALTH}", headers, EMPTY_MESSAGE))
    finally:
        await session.close()
    return reply.headers.get("grpc-status", f"{reply.status} (HTTP)")
