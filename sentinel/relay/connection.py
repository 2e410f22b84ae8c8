"""One client connection and the upstream connection made for it: bytes pass first, and are looked at later.

Nothing is re-framed, pooled or answered here. What one side does the other sees: its bytes, its end of stream
(half-close is kept), its reset. A slow reader stops the reading on the other side, so a connection holds at most one
chunk each way. An error of a tracker makes the connection opaque and never reaches the bytes.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from time import monotonic
from typing import Protocol, cast

from sentinel.relay.backlog import Backlog
from sentinel.relay.following import Opaque, Tracker
from sentinel.relay.unseen import Look, Unseen

REFUSAL_SECONDS = 0.1  # a client that was accepted while the server refuses may still say what it asked for
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close sends RST


class Owner(Protocol):
    """What a connection needs of its worker."""

    backlog: Backlog
    unseen: Unseen

    def opened(self, pair: "Pair") -> None: ...
    def ended(self, pair: "Pair") -> None: ...
    def went_opaque(self, reason: str) -> None: ...
    async def connect(self, pair: "Pair") -> None: ...


class Pair:
    """Both connections, and the tracker while they can be followed."""

    __slots__ = ("born", "client", "listener", "number", "owner", "task", "tracker", "upstream")

    def __init__(self, owner: Owner, listener: int, number: int) -> None:
        self.owner = owner
        self.listener = listener
        self.number = number  # of all connections of this worker's life
        self.tracker: Tracker | None = None
        self.born = monotonic()
        self.client = Side(self, by_client=True)
        self.upstream = Side(self, by_client=False)
        self.client.peer, self.upstream.peer = self.upstream, self.client
        self.task: asyncio.Task[None] | None = None

    def opaque(self, error: Exception) -> None:
        """Stop following, once; bytes go on passing."""
        if self.tracker is None:
            return
        self.tracker.abandoned()
        self.tracker = None
        self.client.look = self.upstream.look = None
        self.owner.went_opaque(error.reason if isinstance(error, Opaque) else "tracker_error")

    def client_made(self) -> None:
        """The client is there; its worker sees to the rest."""
        if self.tracker is not None:
            self.follow(self.tracker)
        self.owner.opened(self)

    def upstream_made(self, upstream: asyncio.Transport) -> None:
        """The server is there: from now on bytes pass."""
        client = self.client
        if client.transport is None or client.transport.is_closing():
            upstream.abort()
            return
        self.upstream.write = client.transport.write
        client.write = upstream.write
        early, client.early = client.early, []
        self.upstream.wait_for(0)
        for data in early:
            upstream.write(data)
        if client.eof:
            upstream.write_eof()
        if not self.upstream.waiting:
            client.read_again()

    def client_gone(self) -> None:
        """Give up a connection to the server that is still being made."""
        if self.task is not None:
            self.task.cancel()
        if self.upstream.transport is None:
            self.upstream.wait_for(0)
        self.owner.ended(self)

    def follow(self, tracker: Tracker) -> None:
        """Go on with this tracker."""
        self.tracker = tracker
        self.client.waits = self.upstream.waits = tracker.waits
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
        self.owner.unseen.look()
        if self.tracker is not None:
            try:
                self.tracker.closed(by_client=by_client, now=monotonic())
            except Exception as error:  # noqa: BLE001 - a tracker may be wrong, the connection must still end
                self.opaque(error)
        self.tracker = None
        self.client.look = self.upstream.look = None

    def resting(self, now: float, quiet_seconds: float) -> bool:
        """Whether no exchange is under way; what cannot be followed never rests."""
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


class Side(asyncio.Protocol):
    """One end. `write` passes bytes to the other end; `passed` is told of them, while a tracker takes a `look`.

    Until the server's connection is there, the client's first bytes wait in `early`. Both ends are of one class because
    the interpreter is quicker where it meets one class only.
    """

    __slots__ = (
        "asking", "by_client", "early", "eof", "host", "look", "pair", "passed", "peer", "spoke", "tls", "transport",
        "waiting", "waits", "write",
    )  # fmt: skip
    peer: "Side"

    def __init__(self, pair: Pair, *, by_client: bool) -> None:
        self.pair = pair
        self.by_client = by_client
        self.transport: asyncio.Transport | None = None
        self.write: Callable[[bytes], None] = _nowhere
        self.look: Look | None = None
        self.passed = pair.owner.unseen.add
        self.eof = self.tls = self.spoke = self.asking = False
        self.host = ""  # of the client
        self.early: list[bytes] = []
        self.waits = 0  # bytes of the largest chunk from this end that may wait to be looked at
        self.waiting = 0  # bytes for this end that could not be written yet

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there. TLS buffers by itself and has no half-close."""
        made = self.transport = cast("asyncio.Transport", transport)
        self.tls = made.get_extra_info("sslcontext") is not None
        if not self.tls:
            made.set_write_buffer_limits(high=0)  # write at once; while some of it waits, the other end is not read
        if self.by_client:
            self.host = _host(made)
            self.write = self._wait
            self.pair.client_made()
        else:
            self.pair.upstream_made(made)

    def data_received(self, data: bytes) -> None:
        self.write(data)
        if self.look is not None:
            self.passed(self, data)

    def cannot_follow(self, error: Exception) -> None:
        self.pair.opaque(error)

    def eof_received(self) -> bool:
        self.eof = True
        peer = self.peer
        if peer.transport is not None and peer.transport.can_write_eof() and not peer.transport.is_closing():
            peer.transport.write_eof()
        if peer.eof:
            self.pair.close()
        return not self.tls

    def pause_writing(self) -> None:
        """This end reads slowly: what comes for it is not read meanwhile."""
        self.peer.stop_reading()
        if self.transport is not None:
            self.wait_for(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self.wait_for(0)
        self.peer.read_again()

    def wait_for(self, count: int) -> None:
        """So many bytes for this end wait now."""
        if count or self.waiting:
            self.waiting = count
            self.pair.owner.backlog.wait(self, count)

    def give_up(self) -> None:
        """Too much waits in all, and most of it for this end."""
        self.pair.end(by_client=self.by_client)
        self.reset()
        self.peer.reset()

    def stop_reading(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def read_again(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.pair.end(by_client=self.by_client)
        self.transport = None
        self.wait_for(0)
        self.peer.write = _nowhere
        if error is not None:
            self.peer.reset()
        else:
            self.peer.close()
        if self.by_client:
            self.pair.client_gone()
        self.pair.release()

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

    def _wait(self, data: bytes) -> None:
        """Hold what the client says before its upstream connection is there; one chunk is enough."""
        self.early.append(data)
        self.spoke = True
        self.stop_reading()
        self.peer.wait_for(self.peer.waiting + len(data))


def _host(transport: asyncio.Transport) -> str:
    """The address at the other end; "" for a Unix socket. A system call."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if isinstance(name, tuple) else ""


def _nowhere(data: bytes) -> None:
    """Bytes that the other end, now gone, would have got."""
