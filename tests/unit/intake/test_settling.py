"""An observer accounts for the workers whose channels it has, and for no others."""

import asyncio
import os
import socket

from sentinel.intake import Callbacks, Receiver
from sentinel.traffic.handover import Handover
from sentinel.traffic.ledger import BOOT, HANDED, LOST, WORKER, Ledger

SLOTS = 2, 3  # of worker 0, and of worker 1, which a reload has just added
HANDED_EXCHANGES = 5


def test_what_waits_in_channels_of_a_later_observer_is_not_lost() -> None:
    book = Ledger.create()
    for number, slot in enumerate(SLOTS):
        cells = book.cells(slot)
        cells[BOOT], cells[WORKER], cells[HANDED] = number + 1, number, HANDED_EXCHANGES
    theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        asyncio.run(receive_and_stop(Handover({}, (ours.detach(),), os.dup(book.fd), 0, 1)))
    assert [book.cells(slot)[LOST] for slot in SLOTS] == [HANDED_EXCHANGES, 0]


async def receive_and_stop(handover: Handover) -> None:
    lost: list[int] = []
    receiver = Receiver(handover, Callbacks(lambda _: None, lambda _: None, lambda _: None, lost.append), 1 << 20)
    receiver.start()
    await receiver.stop()
