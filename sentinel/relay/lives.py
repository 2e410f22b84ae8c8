"""What each new life of a child is given: its document and the descriptors it inherits.

Holds what outlives the children: listening sockets, channels, ledger, lifeline. Settings and listeners change at a
reload; the rest stays.
"""

import dataclasses
import os
import socket
import ssl
import sys
from collections.abc import Sequence
from secrets import randbits

from sentinel.config import Settings
from sentinel.config.settings import ListenerSettings
from sentinel.relay import options, tls
from sentinel.relay.children import Start
from sentinel.relay.listening import CannotListen, listen
from sentinel.traffic import handover, ledger
from sentinel.traffic.ledger import Ledger

WORKER = (sys.executable, "-m", "sentinel.relay.worker")
OBSERVER_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",  # one thread computes at a time; an arena a thread would keep what each freed
    "MALLOC_MMAP_THRESHOLD_": "65536",  # arrays go back to the kernel when freed, for good (glibc else raises it)
    "MALLOC_TRIM_THRESHOLD_": "65536",
    "OPENBLAS_NUM_THREADS": "1",  # its matrices are small, and the other cores are the model server's
    "PYTHONNODEBUGRANGES": "1",  # columns of instructions, for carets under tracebacks, are a megabyte
}
"""What keeps memory low: what was needed once does not stay resident; an operator's own values win."""
WORKER_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 20),  # chunks of up to 256 KB come and go: taking and giving back pages for each
    "MALLOC_TRIM_THRESHOLD_": str(4 << 20),  # one costs more than relaying it
}
CHANNEL_BYTES = 4 << 20  # asked of the kernel, which gives net.core.wmem_max at most


class Lives:
    """Prepares lives of relay workers and of the observer."""

    def __init__(self, settings: Settings, observer: Sequence[str]) -> None:
        """Raises CannotListen."""
        self.settings = settings
        _check_tls(settings)
        self.listeners = [listen(listener.listen) for listener in settings.relay]
        self.ledger = Ledger.create()
        self.generation = 0
        self._observer = observer
        self._lifeline, self._lifeline_held = os.pipe()  # children read its end of file when this process is gone
        self._channels: list[tuple[socket.socket, socket.socket]] = []
        self._add_channels()
        self._boots = 0

    def adopt(self, settings: Settings) -> None:
        """Prepare the lives to come for other settings; raises CannotListen and then changes nothing.

        An address that stays keeps its socket, with the connections that wait in it.
        """
        _check_tls(settings)
        kept = {old.listen: socket_ for old, socket_ in zip(self.settings.relay, self.listeners, strict=True)}
        made: list[socket.socket] = []
        listeners = []
        try:
            for listener in settings.relay:
                socket_ = kept.get(listener.listen)
                if socket_ is None:
                    socket_ = listen(listener.listen)
                    made.append(socket_)
                listeners.append(socket_)
        except CannotListen:
            for socket_ in made:
                socket_.close()
            raise
        for socket_ in self.listeners:
            if socket_ not in listeners:
                socket_.close()
        self.settings, self.listeners = settings, listeners
        self._add_channels()

    def close_listeners(self) -> None:
        for socket_ in self.listeners:
            socket_.close()

    def worker(self, number: int) -> Start:
        """A life of relay worker `number`."""
        self._boots += 1
        slot = self._free_slot()
        cells = self.ledger.cells(slot)
        cells[ledger.BOOT], cells[ledger.WORKER] = self._boots, number
        capture, process = self.settings.capture, self.settings.process
        channel = self._channels[number][0].fileno()
        document = options.WorkerOptions(
            slot=slot,
            boot=self._boots,
            listeners=tuple(
                _told(socket_.fileno(), listener)
                for socket_, listener in zip(self.listeners, self.settings.relay, strict=True)
            ),
            channel=channel,
            ledger=self.ledger.fd,
            lifeline=self._lifeline,
            sample_ratio=capture.sample_ratio,
            max_samples_per_second=capture.max_samples_per_second,
            max_body_bytes=capture.max_body_bytes,
            seed=capture.seed + self._boots if capture.seed else randbits(62),
            drain_seconds=process.drain_seconds,
            max_connections=process.max_connections,
            max_buffered_bytes=process.max_buffered_bytes,
        ).encode()
        inherited = (*(s.fileno() for s in self.listeners), channel, self.ledger.fd, self._lifeline)
        return Start(WORKER, options.VARIABLE, document, inherited, slot, WORKER_ENVIRONMENT)

    def spare(self) -> Start:
        """A worker that may become any: it inherits what each of them does, and is told the rest later."""
        channels = (theirs.fileno() for theirs, _ in self._channels)
        inherited = (*(s.fileno() for s in self.listeners), *channels, self.ledger.fd, self._lifeline)
        return Start(WORKER, options.VARIABLE, b"", inherited, environment=WORKER_ENVIRONMENT)

    def observer(self) -> Start:
        """A life of the observer."""
        self.generation += 1
        self.ledger.observer[ledger.OBSERVER_GENERATION] = self.generation
        channels = tuple(ours.fileno() for _, ours in self._channels)
        document = handover.Handover(
            settings=dataclasses.asdict(self.settings),
            channels=channels,
            ledger=self.ledger.fd,
            lifeline=self._lifeline,
            generation=self.generation,
        ).encode()
        inherited = (*channels, self.ledger.fd, self._lifeline)
        return Start(self._observer, handover.VARIABLE, document, inherited, environment=OBSERVER_ENVIRONMENT)

    def settle(self, slot: int) -> None:
        """Close the account of a dead worker: what it took and neither handed nor dropped died with it, and so did what
        it had not looked at.
        """
        cells = self.ledger.cells(slot)
        cells[ledger.RECEIVED] += cells[ledger.BEGUN_UNSEEN]
        accounted = cells[ledger.SAMPLED_OUT] + cells[ledger.HANDED]
        accounted += sum(cells[cell] for cell in ledger.DROPPED_BY_WORKER)
        cells[ledger.DROPPED_WORKER_RESTART] = max(0, cells[ledger.RECEIVED] - accounted)
        cells[ledger.CONNECTIONS_OPEN] = cells[ledger.BUFFERED_BYTES] = cells[ledger.BEGUN_UNSEEN] = 0
        cells[ledger.GONE] = 1

    def close_accounts(self) -> None:
        """With every child gone, what was handed and never counted otherwise is lost with the observer."""
        for slot in self.ledger.worker_slots():
            self.ledger.cells(slot)[ledger.LOST] += max(0, self.ledger.account(slot).in_channel)

    def _free_slot(self) -> int:
        """A slot no life has used; when all have, the oldest dead one's, its counts added to the retired."""
        if ledger.RETIRED + self._boots < ledger.SLOTS:
            return ledger.RETIRED + self._boots
        return self.ledger.retire_oldest()

    def _add_channels(self) -> None:
        while len(self._channels) < self.settings.process.workers:
            self._channels.append(_channel())


def _check_tls(settings: Settings) -> None:
    """Raises CannotListen, with one sentence, when a certificate, key or authority file cannot be used."""
    for listener in settings.relay:
        try:
            tls.server_context(_told(-1, listener))
            tls.client_context(_told(-1, listener))
        except (OSError, ssl.SSLError) as error:
            files = filter(None, (listener.certificate_file, listener.key_file, listener.upstream_ca_file))
            raise CannotListen(f"cannot speak TLS on {listener.listen} with {', '.join(files)}: {error}") from error


def _told(descriptor: int, settings: ListenerSettings) -> options.Listener:
    fields = dataclasses.asdict(settings)
    del fields["listen"]
    return options.Listener(descriptor, **fields)


def _channel() -> tuple[socket.socket, socket.socket]:
    """The relay's end and the observer's end of a channel that keeps message boundaries and never blocks a sender."""
    theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (theirs, ours):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CHANNEL_BYTES)
    return theirs, ours
