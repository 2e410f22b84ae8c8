"""The supervisor: owns what must outlive a crash, keeps the children alive, and ends them in order.

It owns listening sockets, the channels between each relay worker and the observer, and the ledger; children inherit
them. A worker that dies is replaced while connections wait at the open socket; an observer that dies is replaced while
its channels hold what was handed. It relays nothing and analyses nothing, so it has no reason to die itself; if it is
killed all the same, the lifeline pipe tells the children to end.
"""

import dataclasses
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from secrets import randbits

from sentinel.config import Settings
from sentinel.relay import options
from sentinel.relay.children import Child, Start
from sentinel.relay.listening import CannotListen, address_of, listen
from sentinel.relay.log import say
from sentinel.traffic import handover, ledger
from sentinel.traffic.ledger import Ledger

LOOK_SECONDS = 0.5  # between two looks at the heartbeats
WORKER_SILENCE_SECONDS = 2.0  # a worker beats every 0.25 s; throttled ones stay far below
OBSERVER_SILENCE_SECONDS = 10.0  # the observer may be busy with a window for a while; traffic does not wait for it
LOOKS_BEFORE_KILL = 2  # silent at so many looks in a row
OBSERVER_END_SECONDS = 10.0  # to close its window and store it
CHANNEL_BYTES = 4 << 20  # asked of the kernel, which gives net.core.wmem_max at most
REFUSED_SETTINGS = 2  # exit code of an observer that cannot use its settings
OBSERVER = (sys.executable, "-m", "sentinel.app")
WORKER = (sys.executable, "-m", "sentinel.relay.worker")


def run(settings: Settings, observer: Sequence[str] = OBSERVER) -> int:
    """Relay and observe until SIGTERM or SIGINT. Returns the exit code: 0 stopped, 1 cannot listen, 2 settings refused.

    observer: command of the observer process, which reads `Handover.inherited()`.
    """
    try:
        listeners = [listen(listener.listen) for listener in settings.relay]
    except CannotListen as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return Supervisor(settings, listeners, observer).run()


class Supervisor:
    """One run of the sidecar."""

    def __init__(self, settings: Settings, listeners: list[socket.socket], observer: Sequence[str]) -> None:
        self._settings = settings
        self._listeners = listeners
        self._ledger = Ledger.create()
        self._lifeline, self._lifeline_held = os.pipe()
        self._channels = [_channel() for _ in range(settings.process.workers)]
        self._observer_command = observer
        self._boots = 0
        self._slots: dict[str, int] = {}
        self._silent_looks: dict[str, int] = {}
        self._generation = 0
        self._stop: signal.Signals | None = None
        self._observer = Child("observer", self._prepare_observer)
        self._workers = [
            Child(f"relay-{number}", lambda number=number: self._prepare_worker(number))  # type: ignore[misc]
            for number in range(settings.process.workers)
        ]

    def run(self) -> int:
        wake = self._catch_signals()
        self._start_due(time.monotonic())
        for socket_, listener in zip(self._listeners, self._settings.relay, strict=True):
            say("listening", address=address_of(socket_), upstream=listener.upstream)
        code = self._watch(wake)
        self._end()
        return code

    # -- while running

    def _watch(self, wake: socket.socket) -> int:
        next_look = time.monotonic() + LOOK_SECONDS
        while self._stop is None:
            if (code := self._reap()) is not None:
                return code
            now = time.monotonic()
            if now >= next_look:
                self._look_at_hearts()
                next_look = now + LOOK_SECONDS
            due = min([next_look, *self._start_due(now)])
            select.select([wake], [], [], max(0.0, due - time.monotonic()))
            _drain(wake)
        say("stopping", signal=self._stop.name)
        return 0

    def _reap(self) -> int | None:
        """Notice ended children. An exit code when the observer refused its settings before it ever ran."""
        for child in (*self._workers, self._observer):
            code = child.reap()
            if code is None:
                continue
            say("ended", child=child.name, code=code, lived_seconds=round(time.monotonic() - child.started_at, 3))
            if child is not self._observer:
                self._settle(child.name)
            elif code == REFUSED_SETTINGS and not self._ledger.observer[ledger.OBSERVER_READY]:
                return REFUSED_SETTINGS
        return None

    def _settle(self, name: str) -> None:
        """Close the account of a dead worker: what it took and neither handed nor dropped died with it."""
        cells = self._ledger.cells(self._slots[name])
        accounted = cells[ledger.SAMPLED_OUT] + cells[ledger.HANDED]
        accounted += sum(cells[cell] for cell in ledger.DROPPED_BY_WORKER)
        cells[ledger.DROPPED_WORKER_RESTART] = max(0, cells[ledger.RECEIVED] - accounted)
        cells[ledger.CONNECTIONS_OPEN] = 0
        cells[ledger.GONE] = 1

    def _start_due(self, now: float) -> list[float]:
        """Start children whose time has come; the times of the others."""
        waiting = []
        for child in (*self._workers, self._observer):
            if child.running:
                continue
            if child.restart_at <= now:
                child.start()
                say("started", child=child.name, pid=child.pid)
            else:
                waiting.append(child.restart_at)
        return waiting

    def _look_at_hearts(self) -> None:
        now = time.monotonic_ns()
        for child in self._workers:
            cells = self._ledger.cells(self._slots[child.name])
            self._judge(child, cells[ledger.READY], now - cells[ledger.HEARTBEAT_NS], WORKER_SILENCE_SECONDS)
        cells = self._ledger.observer
        self._judge(
            self._observer,
            cells[ledger.OBSERVER_READY] == self._generation,
            now - cells[ledger.OBSERVER_HEARTBEAT_NS],
            OBSERVER_SILENCE_SECONDS,
        )

    def _judge(self, child: Child, ready: int | bool, silent_ns: int, allowed_seconds: float) -> None:
        """Kill a child whose heart was silent at several looks; it is then replaced like any other."""
        if not child.running or not ready or silent_ns < allowed_seconds * 1e9:
            self._silent_looks[child.name] = 0
            return
        self._silent_looks[child.name] += 1
        if self._silent_looks[child.name] >= LOOKS_BEFORE_KILL:
            say("hung", child=child.name, silent_seconds=round(silent_ns / 1e9, 1))
            child.send(signal.SIGKILL)

    # -- how children start

    def _prepare_worker(self, number: int) -> Start:
        self._boots += 1
        slot = self._free_slot()
        self._slots[f"relay-{number}"] = slot
        cells = self._ledger.cells(slot)
        cells[ledger.BOOT], cells[ledger.WORKER] = self._boots, number
        capture, process = self._settings.capture, self._settings.process
        channel = self._channels[number][0].fileno()
        document = options.WorkerOptions(
            slot=slot,
            boot=self._boots,
            listeners=tuple(
                options.Listener(socket_.fileno(), listener.upstream, listener.protocol)
                for socket_, listener in zip(self._listeners, self._settings.relay, strict=True)
            ),
            channel=channel,
            ledger=self._ledger.fd,
            lifeline=self._lifeline,
            sample_ratio=capture.sample_ratio,
            max_samples_per_second=capture.max_samples_per_second,
            max_body_bytes=capture.max_body_bytes,
            seed=capture.seed + self._boots if capture.seed else randbits(62),
            drain_seconds=process.drain_seconds,
            max_connections=process.max_connections,
        ).encode()
        inherited = (*(s.fileno() for s in self._listeners), channel, self._ledger.fd, self._lifeline)
        return Start(WORKER, options.VARIABLE, document, inherited)

    def _free_slot(self) -> int:
        """A slot no life has used; when all have, the oldest dead one's, its counts added to the retired."""
        if ledger.RETIRED + self._boots < ledger.SLOTS:
            return ledger.RETIRED + self._boots
        return self._ledger.retire_oldest()

    def _prepare_observer(self) -> Start:
        self._generation += 1
        self._ledger.observer[ledger.OBSERVER_GENERATION] = self._generation
        channels = tuple(ours.fileno() for _, ours in self._channels)
        document = handover.Handover(
            settings=dataclasses.asdict(self._settings),
            channels=channels,
            ledger=self._ledger.fd,
            lifeline=self._lifeline,
            generation=self._generation,
        ).encode()
        return Start(self._observer_command, handover.VARIABLE, document, (*channels, self._ledger.fd, self._lifeline))

    # -- the end

    def _end(self) -> None:
        """Workers drain first, so that the observer hears of every exchange; then the observer stores its window."""
        for listener in self._listeners:
            listener.close()
        for worker in self._workers:
            worker.send(signal.SIGTERM)
        deadline = time.monotonic() + self._settings.process.drain_seconds + LOOK_SECONDS
        self._await(self._workers, deadline)
        for worker in self._workers:
            self._settle(worker.name)
        self._observer.send(signal.SIGTERM)
        self._await([self._observer], time.monotonic() + OBSERVER_END_SECONDS)
        say("stopped", **dataclasses.asdict(self._ledger.total()))

    def _await(self, children: list[Child], deadline: float) -> None:
        """Wait for the children to end; kill them at the deadline, or at once at a second signal."""
        self._stop = None
        while any(child.running for child in children) and time.monotonic() < deadline and self._stop is None:
            time.sleep(0.01)
            for child in children:
                child.reap()
        for child in children:
            child.send(signal.SIGKILL)
            child.wait(deadline)

    def _catch_signals(self) -> socket.socket:
        """A socket that becomes readable at each signal."""
        wake, told = socket.socketpair()
        wake.setblocking(False)
        told.setblocking(False)
        self._told = told
        signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        return wake

    def _asked_to_stop(self, number: int, _frame: object) -> None:
        self._stop = signal.Signals(number)


def _channel() -> tuple[socket.socket, socket.socket]:
    """The relay's end and the observer's end of a channel that keeps message boundaries and never blocks a sender."""
    theirs, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (theirs, ours):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CHANNEL_BYTES)
    return theirs, ours


def _drain(wake: socket.socket) -> None:
    try:
        wake.recv(4096)
    except BlockingIOError:
        return
