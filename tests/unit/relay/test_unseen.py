"""Chunks wait to be looked at, bounded, and what began in them is told in the ledger meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sentinel.relay.unseen import MOST_WAITING, Unseen
from sentinel.traffic.ledger import BEGUN_UNSEEN, CELLS


@dataclass
class End:
    """One end of a connection whose tracker notes what it is shown."""

    by_client: bool
    seen: list[bytes]
    waits: int = 10
    asking: bool = False
    errors: list[Exception] = field(default_factory=list)
    look: Callable[[bytes, float], None] | None = None

    def __post_init__(self) -> None:
        self.peer = self
        self.look = lambda data, now: self.seen.append(data)

    def cannot_follow(self, error: Exception) -> None:
        self.errors.append(error)
        self.look = None


@pytest.fixture
def cells() -> "memoryview[int]":
    return memoryview(bytearray(8 * CELLS)).cast("Q")


def ends() -> tuple[End, End, list[bytes]]:
    seen: list[bytes] = []
    client, server = End(True, seen), End(False, seen)
    client.peer, server.peer = server, client
    return client, server, seen


def test_chunks_are_seen_in_order_and_exchanges_that_began_are_told_until_then(cells: "memoryview[int]") -> None:
    client, server, seen = ends()
    unseen = Unseen(cells)
    for side, chunk in ((client, b"head"), (client, b"body"), (server, b"answer"), (client, b"again")):
        unseen.add(side, chunk)
    assert (seen, cells[BEGUN_UNSEEN]) == ([], 2)
    unseen.look()
    assert (seen, cells[BEGUN_UNSEEN]) == ([b"head", b"body", b"answer", b"again"], 0)


def test_what_waits_is_bounded_in_number_and_size(cells: "memoryview[int]") -> None:
    client, _, seen = ends()
    unseen = Unseen(cells)
    for _ in range(MOST_WAITING - 1):
        unseen.add(client, b"x")
    assert seen == []
    unseen.add(client, b"x")
    assert len(seen) == MOST_WAITING
    unseen.add(client, bytes(client.waits + 1))
    assert len(seen) == MOST_WAITING + 1


def test_a_tracker_that_fails_is_shown_no_more_and_others_are(cells: "memoryview[int]") -> None:
    failing, _, _ = ends()
    other, _, seen = ends()
    unseen = Unseen(cells)

    def fail(data: bytes, now: float) -> None:
        raise RuntimeError("broken")

    failing.look = fail
    for side in (failing, failing, other):
        unseen.add(side, b"x")
    unseen.look()
    assert ([str(error) for error in failing.errors], seen) == (["broken"], [b"x"])
