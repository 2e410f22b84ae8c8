"""Which protocol a connection speaks, from the client's first bytes. Pure."""

from collections.abc import Callable
from typing import ClassVar

from sentinel.relay.following import Follower, Opaque, Tracker
from sentinel.relay.http1 import Http1
from sentinel.relay.http2 import PREFACE, Http2

FOLLOWED: dict[str, Callable[[Follower, int, int], Tracker]] = {"http1": Http1, "http2": Http2}

LONGEST_GREETING_BYTES = 4096  # of a server that speaks first: SETTINGS and WINDOW_UPDATE take under 100


class Detection:
    """Waits for enough bytes to tell HTTP/2 by its preface from HTTP/1, then passes them on to the right tracker.

    `chosen` is told of that tracker, which follows the connection from then on.
    """

    waits: ClassVar[int] = 0
    __slots__ = ("_chosen", "_early", "_follower", "_place", "_spoken")

    def __init__(
        self, follower: Follower, listener: int, chosen: Callable[[Tracker], None], connection: int = 0
    ) -> None:
        self._follower = follower
        self._place = listener, connection
        self._chosen = chosen
        self._early = self._spoken = b""

    def client(self, data: bytes, now: float) -> None:
        early = self._early + data
        length = min(len(early), len(PREFACE))
        if early[:length] != PREFACE[:length]:
            self._choose(Http1(self._follower, *self._place), early, now)
        elif length == len(PREFACE):
            self._choose(Http2(self._follower, *self._place), early, now)
        else:
            self._early = early

    def _choose(self, tracker: Tracker, early: bytes, now: float) -> None:
        self._chosen(tracker)
        if self._spoken:
            tracker.server(self._spoken, now)
        tracker.client(early, now)

    def server(self, data: bytes, now: float) -> None:
        """An HTTP/2 server may send its settings before the client has said anything."""
        self._spoken += data
        if len(self._spoken) > LONGEST_GREETING_BYTES:
            raise Opaque("unasked_answer")

    def resting(self, now: float, quiet_seconds: float) -> bool:
        """Nothing was asked yet."""
        return True

    def abandoned(self) -> None:
        """No exchange was under way."""

    def closed(self, *, by_client: bool, now: float) -> None:
        """No exchange was under way."""
