"""The bound on what waits for slow readers, over all connections of a worker."""

from sentinel.relay.backlog import Backlog
from sentinel.traffic.ledger import BUFFERED_BYTES, CELLS, SLOW_READERS_RESET


class Slow:
    """Notes that it was given up."""

    def __init__(self) -> None:
        self.given_up = False

    def give_up(self) -> None:
        self.given_up = True


def test_beyond_the_bound_the_reader_with_most_is_given_up() -> None:
    cells = memoryview(bytearray(8 * CELLS)).cast("Q")
    backlog = Backlog(100, cells)
    small, large, late = Slow(), Slow(), Slow()
    backlog.wait(small, 10)
    backlog.wait(large, 90)
    assert cells[BUFFERED_BYTES] == 100
    backlog.wait(late, 1)
    assert (small.given_up, large.given_up, late.given_up) == (False, True, False)
    assert (cells[BUFFERED_BYTES], cells[SLOW_READERS_RESET]) == (11, 1)
    backlog.wait(large, 0)  # its connection ends
    backlog.wait(small, 0)
    assert cells[BUFFERED_BYTES] == 1


def test_one_reader_alone_may_not_go_beyond_the_bound() -> None:
    cells = memoryview(bytearray(8 * CELLS)).cast("Q")
    only = Slow()
    Backlog(100, cells).wait(only, 101)
    assert only.given_up
    assert cells[BUFFERED_BYTES] == 0
