"""What trackers share with their worker: where counts go, which exchanges are copied, and where copies go. Pure
interface.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from sentinel.relay.sampler import Sampler
from sentinel.relay.tally import Tally
from sentinel.traffic.channel import Sample


class Opaque(Exception):
    """A connection cannot be followed any more, for the reason given; its bytes go on passing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Tracker(Protocol):
    """Follows the exchanges of a connection; see `http1` and `http2`. `client` and `server` raise Opaque.

    waits: bytes of the largest chunk that may wait to be looked at together with others (`unseen`).
    """

    waits: ClassVar[int]

    def client(self, data: bytes, now: float) -> None: ...
    def server(self, data: bytes, now: float) -> None: ...
    def resting(self, now: float, quiet_seconds: float) -> bool: ...
    def abandoned(self) -> None: ...
    def closed(self, *, by_client: bool, now: float) -> None: ...


@dataclass(slots=True)
class Follower:
    """What a worker gives its trackers.

    cells: the worker's counters, indexed as in `sentinel.traffic.ledger`. room_bytes: of one message that are kept at
    most. hand: takes a finished sample. wall: monotonic seconds to seconds since the epoch.
    """

    cells: "memoryview[int]"
    tally: Tally
    sampler: Sampler
    room_bytes: int
    hand: Callable[[Sample], None]
    wall: Callable[[float], float]
