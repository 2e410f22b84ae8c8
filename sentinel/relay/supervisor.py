"""The supervisor: owns what must outlive a crash, keeps the children alive, and ends them in order.

It owns listening sockets, the channels between each relay worker and the observer, and the ledger; children inherit
them. A worker that dies is replaced while connections wait at the open socket; an observer that dies is replaced while
its channels hold what was handed. It relays nothing and analyses nothing, so it has no reason to die itself; if it is
killed all the same, the lifeline pipe tells the children to end.

SIGTERM and SIGINT drain and stop, a second one stops at once. SIGHUP, or a change of the configuration file, has the
settings read again: new workers take over the sockets, old ones drain, and the observer starts again; settings that
cannot be used change nothing, and the ledger tells the observer of it.
"""

import dataclasses
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sentinel.config import ConfigurationError, Settings
from sentinel.relay.children import Child
from sentinel.relay.listening import CannotListen, address_of
from sentinel.relay.lives import Lives
from sentinel.relay.log import say
from sentinel.relay.spare import Spare
from sentinel.relay.watched import WatchedFile
from sentinel.traffic import ledger

LOOK_SECONDS = 0.5  # between two looks at the heartbeats
WORKER_SILENCE_SECONDS = 2.0  # a worker beats every 0.25 s; throttled ones stay far below
WORKER_START_SECONDS = 10.0  # until its first beat; it takes a tenth of a second where the processor is free
OBSERVER_SILENCE_SECONDS = 10.0  # the observer may be busy with a window for a while; traffic does not wait for it
WORKER_STABLE_SECONDS = 1.0  # one that dies sooner, again and again, is broken; the next one waits a little
OBSERVER_STABLE_SECONDS = 5.0  # its start costs a second of CPU
SPARE_DELAY_SECONDS = 1.0  # after a worker was started, so that the two do not compete for the processor
LOOKS_BEFORE_KILL = 2  # silent at so many looks in a row
OBSERVER_END_SECONDS = 10.0  # to close its window and store it
OBSERVER_START_SECONDS = 5.0  # and to start, when it is told to stop just then
TAKEOVER_SECONDS = 10.0  # new workers get so long to be ready at a reload; a start takes a tenth of a second
REFUSED_SETTINGS = 2  # exit code of an observer that cannot use its settings
OBSERVER = (sys.executable, "-m", "sentinel.app")


def run(
    settings: Settings,
    observer: Sequence[str] = OBSERVER,
    *,
    reload: Callable[[], Settings] | None = None,
    file: Path | None = None,
) -> int:
    """Relay and observe until SIGTERM or SIGINT. Returns the exit code: 0 stopped, 1 cannot listen, 2 settings refused.

    observer: command of the observer process, which reads `Handover.inherited()`. reload: reads the settings again at
    SIGHUP and may raise ConfigurationError; without it SIGHUP starts the children anew with the same settings. file:
    where the settings are; a change of it is a SIGHUP where process.reload_on_change says so.
    """
    try:
        lives = Lives(settings, observer)
    except CannotListen as error:
        sys.stderr.write(f"{error}\n")
        return 1
    watched = WatchedFile(file) if file is not None else None
    return Supervisor(lives, reload or (lambda: settings), watched).run()


class Supervisor:
    """One run of the sidecar."""

    def __init__(self, lives: Lives, reload: Callable[[], Settings], watched: WatchedFile | None) -> None:
        self._lives = lives
        self._read_again = reload
        self._watched = watched
        self._stop: signal.Signals | None = None
        self._reload = False
        self._silent_looks: dict[Child, int] = {}
        self._observer = Child("observer", lives.observer, OBSERVER_STABLE_SECONDS)
        self._workers = self._new_workers()
        self._draining: dict[Child, float] = {}  # workers of former settings, and when they are killed
        self._spare = Spare(lives.spare)
        self._spare_at = 0.0

    def run(self) -> int:
        wake = self._catch_signals()
        self._start_due(time.monotonic())
        self._say_where()
        code = self._watch(wake)
        self._end()
        return code

    def _new_workers(self) -> list[Child]:
        return [
            Child(f"relay-{number}", partial(self._lives.worker, number), WORKER_STABLE_SECONDS)
            for number in range(self._lives.settings.process.workers)
        ]

    def _say_where(self) -> None:
        for socket_, listener in zip(self._lives.listeners, self._lives.settings.relay, strict=True):
            say("listening", address=address_of(socket_), upstream=listener.upstream)

    # -- while running

    def _watch(self, wake: socket.socket) -> int:
        next_look = time.monotonic() + LOOK_SECONDS
        while self._stop is None:
            if self._reload:
                self._take_over()
            if (code := self._reap()) is not None:
                return code
            now = time.monotonic()
            if now >= next_look:
                self._look_at_hearts(now)
                self._look_at_file()
                next_look = now + LOOK_SECONDS
            due = min([next_look, *self._start_due(now), *self._keep_spare(now)])
            select.select([wake], [], [], max(0.0, due - time.monotonic()))
            _drain(wake)
        say("stopping", signal=self._stop.name)
        return 0

    def _reap(self) -> int | None:
        """Notice ended children. An exit code when the observer refused its settings before it ever ran."""
        for child in (*self._workers, *self._draining, self._observer):
            code = child.reap()
            if code is None:
                continue
            say("ended", child=child.name, code=code, lived_seconds=round(time.monotonic() - child.started_at, 3))
            if child is not self._observer:
                self._lives.settle(child.slot)
                self._draining.pop(child, None)
            elif code == REFUSED_SETTINGS and not self._lives.ledger.observer[ledger.OBSERVER_READY]:
                return REFUSED_SETTINGS
        return None

    def _start_due(self, now: float) -> list[float]:
        """Start children whose time has come; the times of the others."""
        waiting = []
        for child in (*self._workers, self._observer):
            if child.running:
                continue
            if child.restart_at <= now:
                self._start(child)
            else:
                waiting.append(child.restart_at)
        return waiting

    def _start(self, child: Child) -> None:
        if child is self._observer:
            child.start()
        else:
            child.start(self._spare.become)
            self._spare_at = time.monotonic() + SPARE_DELAY_SECONDS
        say("started", child=child.name, pid=child.pid)

    def _keep_spare(self, now: float) -> list[float]:
        """Have a spare for a single worker; several take each other's place. When to look again, if not now."""
        process = self._lives.settings.process
        if not process.spare_worker or process.workers > 1 or self._spare.pid:
            return []
        if now < self._spare_at:
            return [self._spare_at]
        self._spare.start()
        self._spare_at = now + SPARE_DELAY_SECONDS
        say("spare", pid=self._spare.pid)
        return []

    def _look_at_hearts(self, now: float) -> None:
        now_ns = time.monotonic_ns()
        for child in self._workers:
            cells = self._lives.ledger.cells(child.slot)
            if cells[ledger.READY]:
                self._judge(child, now_ns - cells[ledger.HEARTBEAT_NS], WORKER_SILENCE_SECONDS)
            else:
                self._judge(child, now_ns - int(child.started_at * 1e9), WORKER_START_SECONDS)
        cells = self._lives.ledger.observer
        ready = cells[ledger.OBSERVER_READY] == self._lives.generation
        silent_ns = now_ns - cells[ledger.OBSERVER_HEARTBEAT_NS] if ready else 0
        self._judge(self._observer, silent_ns, OBSERVER_SILENCE_SECONDS)
        for child, deadline in self._draining.items():
            if now > deadline:
                child.send(signal.SIGKILL)

    def _judge(self, child: Child, silent_ns: int, allowed_seconds: float) -> None:
        """Kill a child whose heart was silent at several looks; it is then replaced like any other."""
        if not child.running or silent_ns < allowed_seconds * 1e9:
            self._silent_looks[child] = 0
            return
        self._silent_looks[child] = self._silent_looks.get(child, 0) + 1
        if self._silent_looks[child] >= LOOKS_BEFORE_KILL:
            say("hung", child=child.name, silent_seconds=round(silent_ns / 1e9, 1))
            child.send(signal.SIGKILL)

    # -- a reload

    def _look_at_file(self) -> None:
        if self._watched is None or not self._watched.changed():
            return
        if self._lives.settings.process.reload_on_change:
            say("configuration changed")
            self._reload = True

    def _take_over(self) -> None:
        """Read the settings again and let new workers take over; the old ones drain once the new are ready."""
        self._reload = False
        if self._watched is not None:
            self._watched.noted()
        counted = self._lives.ledger.observer
        try:
            settings = self._read_again()
            self._lives.adopt(settings)
        except (ConfigurationError, CannotListen) as error:
            counted[ledger.RELOADS_REFUSED] += 1
            counted[ledger.LAST_RELOAD_REFUSED] = 1
            say("reload refused", problems=str(error))
            return
        self._spare.dismiss()  # it knows the former sockets
        counted[ledger.RELOADS] += 1
        counted[ledger.LAST_RELOAD_REFUSED] = 0
        old, self._workers = self._workers, self._new_workers()
        for worker in self._workers:
            self._start(worker)
        self._await_ready(time.monotonic() + TAKEOVER_SECONDS)
        deadline = time.monotonic() + settings.process.drain_seconds + LOOK_SECONDS
        for worker in old:
            worker.send(signal.SIGTERM)
            self._draining[worker] = deadline
        self._observer.send(signal.SIGTERM)  # it stores its window, ends, and is started with the new settings
        self._say_where()
        say("reloaded", workers=len(self._workers))

    def _await_ready(self, deadline: float) -> None:
        slots = [worker.slot for worker in self._workers]
        while time.monotonic() < deadline:
            if all(self._lives.ledger.cells(slot)[ledger.READY] for slot in slots):
                return
            time.sleep(0.01)

    # -- the end

    def _end(self) -> None:
        """Workers drain first, so that the observer hears of every exchange; then the observer stores its window."""
        self._lives.close_listeners()
        self._spare.dismiss()
        workers = [*self._workers, *self._draining]
        for worker in workers:
            worker.send(signal.SIGTERM)
        deadline = time.monotonic() + self._lives.settings.process.drain_seconds + LOOK_SECONDS
        self._await(workers, deadline)
        for worker in workers:
            self._lives.settle(worker.slot)
        self._await_observer(time.monotonic() + OBSERVER_START_SECONDS)
        self._observer.send(signal.SIGTERM)
        self._await([self._observer], time.monotonic() + OBSERVER_END_SECONDS)
        self._lives.close_accounts()
        say("stopped", **dataclasses.asdict(self._lives.ledger.total()))

    def _await_observer(self, deadline: float) -> None:
        """An observer that is just starting is not ended before it can take what waits for it."""
        observer = self._lives.ledger.observer
        while time.monotonic() < deadline and self._observer.running and self._stop is None:
            if observer[ledger.OBSERVER_READY] == self._lives.generation:
                return
            time.sleep(0.01)
            self._observer.reap()

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

    # -- signals

    def _catch_signals(self) -> socket.socket:
        """A socket that becomes readable at each signal."""
        wake, self._told = socket.socketpair()
        wake.setblocking(False)
        self._told.setblocking(False)
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, self._asked_to_reload)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        return wake

    def _asked_to_stop(self, number: int, _frame: object) -> None:
        self._stop = signal.Signals(number)

    def _asked_to_reload(self, _number: int, _frame: object) -> None:
        self._reload = True


def _drain(wake: socket.socket) -> None:
    try:
        wake.recv(4096)
    except BlockingIOError:
        return
