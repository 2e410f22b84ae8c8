"""The relay's end of the channel: samples and counts go to the observer, or are refused at once and counted.

Nothing waits here. A message that does not fit into the socket's buffer is dropped whole (`channel_full`), one that
never could is `too_large`. Samples are batched, because waking the observer costs more than a sample.
"""

import errno
import socket
from collections.abc import Callable

from sentinel.traffic import channel
from sentinel.traffic.ledger import DROPPED_CHANNEL_FULL, DROPPED_TOO_LARGE, HANDED

BATCH_BYTES = 48 << 10  # a batch is sent when it holds this much
BATCH_SECONDS = 0.05  # or when its first sample is this old
BATCH_PIECES = 512  # or this many pieces: sendmsg gathers 1,024 at most

Later = Callable[[float, Callable[[], None]], object]


class Sender:
    """Batches samples into messages. `later(seconds, callback)` is the event loop's timer."""

    def __init__(self, channel_socket: socket.socket, cells: "memoryview[int]", slot: int, later: Later) -> None:
        self._socket = channel_socket
        self._cells = cells
        self._slot = slot
        self._later = later
        self._batch: list[channel.Sample] = []
        self._bytes = 0
        self._pieces = 0

    def hand(self, sample: channel.Sample) -> None:
        """Take a finished sample, to be handed or dropped."""
        size = sum(map(len, sample.request.chunks)) + sum(map(len, sample.response.chunks))
        pieces = len(sample.request.chunks) + len(sample.response.chunks) + 1
        if self._batch and (self._bytes + size > BATCH_BYTES or self._pieces + pieces > BATCH_PIECES):
            self.flush()
        self._batch.append(sample)
        self._bytes += size
        self._pieces += pieces
        if self._bytes >= BATCH_BYTES:
            self.flush()
        elif len(self._batch) == 1:
            self._later(BATCH_SECONDS, self.flush)

    def flush(self) -> None:
        """Send the batch now, or drop and count it."""
        batch, self._batch, self._bytes, self._pieces = self._batch, [], 0, 0
        if not batch:
            return
        buffers: list[channel.Buffer] = [channel.message_head(self._slot, len(batch))]
        for sequence, sample in enumerate(batch, self._cells[HANDED] + 1):
            sample.sequence = sequence
            buffers += channel.sample_buffers(sample)
        refused = self._send(buffers)
        self._cells[HANDED if refused is None else refused] += len(batch)

    def counts(self, frames: list[bytes]) -> bool:
        """Send frames of counts; False when there was no room, and they must be sent again later."""
        return self._send([channel.message_head(self._slot, len(frames)), *frames]) is None

    def _send(self, buffers: list[channel.Buffer]) -> int | None:
        """None when the kernel took the message, else the cell that counts why it did not."""
        try:
            self._socket.sendmsg(buffers)
        except BlockingIOError:
            return DROPPED_CHANNEL_FULL
        except OSError as error:
            return DROPPED_TOO_LARGE if error.errno == errno.EMSGSIZE else DROPPED_CHANNEL_FULL
        return None
