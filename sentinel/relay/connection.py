"""One client connection and the upstream connection made for it: bytes pass first, then they are looked at.

Nothing is re-framed, pooled or answered here. What one side does the other sees: its bytes, its end of stream
(half-close is kept), its reset. A slow reader stops the reading on the other side, so a connection holds at most one
chunk and the high-water mark of its transport. An error of a tracker makes the connection opaque and never reaches the
bytes.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from time import monotonic
from typing import Protocol, cast

from sentinel.relay.following import Opaque, Tracker

HIGH_WATER_BYTES = 64 << 10  # of a transport that is not written at once; beyond it the other end is not read
REFUSAL_SECONDS = 0.1  # a client that was accepted while the server refuses may still say what it asked for
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close sends RST

Look = Callable[[bytes, float], None]


class Seen:
    """Chunks that were written on and are still to be looked at: once for each turn of the event loop, after the turn's
    writes. So no look delays a byte, and the tracker's code is warm when many connections speak at once.
    """

    __slots__ = ("_chunks", "_soon")

    def __init__(self, soon: Callable[[Callable[[], None]], object]) -> None:
        self._soon = soon  # runs a function in the next turn
        self._chunks: list[tuple[_Side, bytes, float]] = []

    def put(self, side: "_Side", data: bytes) -> None:
        chunks = self._chunks
        chunks.append((side, data, monotonic()))
        if len(chunks) == 1:
            self._soon(self.look)

    def look(self) -> None:
        """Show every chunk to its tracker, in the order of arrival."""
        chunks, self._chunks = self._chunks, []
        for side, data, now in chunks:
            if side.look is not None:
                try:
                    side.look(data, now)
                except Exception as error:  # noqa: BLE001 - no fault of a tracker may touch the bytes
                    side.pair.opaque(error)


class Owner(Protocol):
    """What a connection needs of its worker."""

    seen: Seen

    def opened(self, pair: "Pair") -> None: ...
    def ended(self, pair: "Pair") -> None: ...
    def went_opaque(self, reason: str) -> None: ...
    async def connect(self, pair: "Pair") -> None: ...


class Pair:
    """Both connections, and the tracker while they can be followed."""

    __slots__ = ("born", "client", "listener", "owner", "task", "tracker", "upstream")

    def __init__(self, owner: Owner, listener: int) -> None:
        self.owner = owner
        self.listener = listener
        self.tracker: Tracker | None = None
        self.born = monotonic()
        self.client = ClientSide(self)
        self.upstream = UpstreamSide(self)
        self.client.peer, self.upstream.peer = self.upstream, self.client
        self.task: asyncio.Task[None] | None = None

    def opaque(self, error: Exception) -> None:
        """Stop following; bytes go on passing."""
        if self.tracker is not None:
            self.tracker.abandoned()
        self.tracker = None
        self.client.look = self.upstream.look = None
        self.owner.went_opaque(error.reason if isinstance(error, Opaque) else "tracker_error")

    def follow(self, tracker: Tracker) -> None:
        """Go on with another tracker."""
        self.tracker = tracker
        self.client.look, self.upstream.look = tracker.client, tracker.server

    def refused(self) -> None:
        """The server did not take the connection: let the client say what it asked for, then reset it as a server
        would.
        """
        if self.client.spoke:
            self.reset()
        else:
            asyncio.get_running_loop().call_later(REFUSAL_SECONDS, self.reset)

    def reset(self) -> None:
        self.end(by_client=False)
        self.client.reset()

    def end(self, *, by_client: bool) -> None:
        """Count what was under way, once."""
        self.client.seen.look()
        tracker, self.tracker = self.tracker, None
        self.client.look = self.upstream.look = None
        if tracker is None:
            return
        try:
            tracker.closed(by_client=by_client, now=monotonic())
        except Exception as error:  # noqa: BLE001 - a tracker may be wrong, the connection must still end
            self.opaque(error)

    def resting(self, now: float, quiet_seconds: float) -> bool:
        """Whether no exchange is under way; what cannot be followed never rests."""
        self.client.seen.look()
        if self.tracker is None:
            return False
        try:
            return self.tracker.resting(now, quiet_seconds)
        except Exception as error:  # noqa: BLE001 - as above
            self.opaque(error)
            return False

    def release(self) -> None:
        """Break the circle of references once both ends are gone: memory is free without a garbage collection."""
        connecting = self.task is not None and not self.task.done()
        if self.client.transport is None and self.upstream.transport is None and not connecting:
            for side in (self.client, self.upstream):
                del side.pair, side.peer

    def close(self) -> None:
        """Close both sides after what is buffered was written."""
        self.client.close()
        self.upstream.close()


class _Side(asyncio.Protocol):
    """One end. `write` passes bytes to the other end, `look` shows them to the tracker."""

    __slots__ = ("eof", "look", "pair", "peer", "seen", "tls", "transport", "write")
    by_client = False
    peer: "_Side"

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.seen = pair.owner.seen
        self.transport: asyncio.Transport | None = None
        self.write: Callable[[bytes], None] = _nowhere
        self.look: Look | None = None
        self.eof = self.tls = False

    def made(self, transport: asyncio.BaseTransport) -> asyncio.Transport:
        """The connection is there. TLS buffers by itself and has no half-close."""
        made = cast("asyncio.Transport", transport)
        self.tls = made.get_extra_info("sslcontext") is not None
        if not self.tls:
            made.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        return made

    def data_received(self, data: bytes) -> None:
        self.write(data)
        if self.look is not None:
            self.seen.put(self, data)

    def eof_received(self) -> bool:
        self.eof = True
        peer = self.peer
        if peer.transport is not None and peer.transport.can_write_eof() and not peer.transport.is_closing():
            peer.transport.write_eof()
        if peer.eof:
            self.pair.close()
        return not self.tls

    def pause_writing(self) -> None:
        if self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        peer = self.peer.transport
        if peer is not None and not peer.is_closing():
            peer.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.pair.end(by_client=self.by_client)
        self.transport = None
        self.peer.write = _nowhere
        if error is not None:
            self.peer.reset()
        else:
            self.peer.close()
        self.ended()
        self.pair.release()

    def ended(self) -> None:
        """This end is gone."""

    def close(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()

    def reset(self) -> None:
        """End with RST, as the other end did."""
        if self.transport is None or self.transport.is_closing():
            return
        raw = self.transport.get_extra_info("socket")
        if raw is not None and raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()


class ClientSide(_Side):
    """The connection the client made. Until the server's is there, the first bytes wait in `early`."""

    __slots__ = ("early", "spoke")
    by_client = True

    def __init__(self, pair: Pair) -> None:
        super().__init__(pair)
        self.early: list[bytes] = []
        self.spoke = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = self.made(transport)
        self.write = self._wait
        if self.pair.tracker is not None:
            self.look = self.pair.tracker.client
        self.pair.owner.opened(self.pair)

    def _wait(self, data: bytes) -> None:
        """Hold what the client says before its upstream connection is there; one chunk is enough."""
        self.early.append(data)
        self.spoke = True
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def ended(self) -> None:
        """Give up a connection to the server that is still being made."""
        if self.pair.task is not None:
            self.pair.task.cancel()
        self.pair.owner.ended(self.pair)


class UpstreamSide(_Side):
    """The connection to the model server."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = self.made(transport)
        client = self.pair.client
        if client.transport is None or client.transport.is_closing():
            self.transport.abort()
            return
        self.write = client.transport.write
        if self.pair.tracker is not None:
            self.look = self.pair.tracker.server
        client.write = self.transport.write
        client.transport.resume_reading()
        early, client.early = client.early, []
        for data in early:
            self.transport.write(data)
        if client.eof:
            self.transport.write_eof()


def _nowhere(data: bytes) -> None:
    """Bytes that the other end, now gone, would have got."""
