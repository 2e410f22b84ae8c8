"""The relay's end of the channel: samples and counts go to the observer, or are refused at once and counted.

Nothing waits here. A message that does not fit into the socket's buffer is dropped whole (`channel_full`), one that
never could is `too_large`; large ones travel as the descriptor of a memory file, bounded in bytes. Samples are
batched, because waking the observer costs more than a sample: until there is a batch's worth, or the worker's heartbeat
sends what there is.
"""

import errno
import os
import socket
from array import array

from sentinel.traffic import channel
from sentinel.traffic.ledger import (
    DROPPED_CHANNEL_FULL,
    DROPPED_TOO_LARGE,
    FILE_BYTES_HANDED,
    FILE_BYTES_TAKEN,
    HANDED,
)

BATCH_BYTES = 48 << 10  # a batch is sent when it holds this much
GATHERED_PIECES = 512  # written to a file at once; the kernel takes 1,024 at most
LARGEST_INLINE_BYTES = 96 << 10  # larger messages travel in a memory file: a socket's buffer may hold only 208 KB
LARGEST_FILE_BYTES = 16 << 20  # bytes of one worker that wait in memory files, at most


class Sender:
    """Batches samples into messages."""

    def __init__(self, channel_socket: socket.socket, cells: "memoryview[int]", slot: int) -> None:
        self._socket = channel_socket
        self._cells = cells
        self._slot = slot
        self._batch: list[channel.Sample] = []
        self._bytes = 0

    def hand(self, sample: channel.Sample) -> None:
        """Take a finished sample, to be handed or dropped."""
        size = sum(map(len, sample.request.chunks)) + sum(map(len, sample.response.chunks))
        if self._batch and self._bytes + size > BATCH_BYTES:
            self.flush()
        self._batch.append(sample)
        self._bytes += size
        if self._bytes >= BATCH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send the batch now, or drop and count it."""
        batch, self._batch, self._bytes = self._batch, [], 0
        if not batch:
            return
        buffers: list[channel.Buffer] = [channel.message_head(self._slot, len(batch))]
        for sequence, sample in enumerate(batch, self._cells[HANDED] + 1):
            sample.sequence = sequence
            buffers += channel.sample_buffers(sample)
        refused = self._send(buffers) if channel.size_of(buffers) < LARGEST_INLINE_BYTES else self._send_file(buffers)
        self._cells[HANDED if refused is None else refused] += len(batch)

    def counts(self, frames: list[bytes]) -> bool:
        """Send frames of counts; False when there was no room, and they must be sent again later."""
        return self._send([channel.message_head(self._slot, len(frames)), *frames]) is None

    def _send_file(self, buffers: list[channel.Buffer]) -> int | None:
        """Send a message in a memory file of its own, while not too many bytes wait in such files."""
        cells, size = self._cells, channel.size_of(buffers)
        if size > LARGEST_FILE_BYTES:
            return DROPPED_TOO_LARGE
        if cells[FILE_BYTES_HANDED] - cells[FILE_BYTES_TAKEN] + size > LARGEST_FILE_BYTES:
            return DROPPED_CHANNEL_FULL
        file = os.memfd_create("sentinel-sample", os.MFD_CLOEXEC)
        try:
            for start in range(0, len(buffers), GATHERED_PIECES):
                os.writev(file, buffers[start : start + GATHERED_PIECES])
            sent_so_far = cells[FILE_BYTES_HANDED] + size
            refused = self._send([channel.file_message(self._slot, size, sent_so_far)], file)
            if refused is None:
                cells[FILE_BYTES_HANDED] = sent_so_far
            return refused
        except OSError:  # no memory or no descriptor left
            return DROPPED_CHANNEL_FULL
        finally:
            os.close(file)

    def _send(self, buffers: list[channel.Buffer], *files: int) -> int | None:
        """None when the kernel took the message, else the cell that counts why it did not.

        Joined first: for a batch of small pieces that costs less than having the kernel gather them.
        """
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", files))] if files else []
        try:
            self._socket.sendmsg([b"".join(buffers)], rights)
        except BlockingIOError:
            return DROPPED_CHANNEL_FULL
        except OSError as error:
            return DROPPED_TOO_LARGE if error.errno == errno.EMSGSIZE else DROPPED_CHANNEL_FULL
        return None
