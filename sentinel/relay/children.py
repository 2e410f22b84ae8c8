"""Child processes: how one is started, judged and ended. Knows processes, not what they do."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

FIRST_DELAY_SECONDS = 0.1  # before the second quick restart; doubled each time
LONGEST_DELAY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Start:
    """How to start a child: command, variable that names the descriptor of `document`, descriptors it inherits."""

    command: Sequence[str]
    variable: str
    document: bytes
    descriptors: tuple[int, ...]
    slot: int = 0  # of its life in the ledger
    environment: Mapping[str, str] = field(default_factory=dict)  # beside ours, where ours does not say otherwise


def launch(start: Start, document: int) -> subprocess.Popen[bytes]:
    """A process that reads `document`, in a process group of its own, so that Ctrl-C reaches the supervisor alone."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        start.command,
        env={**start.environment, **os.environ, start.variable: str(document)},
        pass_fds=(document, *start.descriptors),
        stdin=subprocess.DEVNULL,
        process_group=0,
    )


class Child:
    """A process that is kept alive. `prepare()` says how to start its next life; one that lived `stable_seconds` is
    followed at once, quicker deaths by growing delays.
    """

    def __init__(self, name: str, prepare: Callable[[], Start], stable_seconds: float) -> None:
        self.name = name
        self._stable_seconds = stable_seconds
        self._prepare = prepare
        self._process: subprocess.Popen[bytes] | None = None
        self._quick_deaths = 0
        self.slot = 0
        self.started_at = 0.0
        self.restart_at = 0.0

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def start(self, waiting: Callable[[Start], subprocess.Popen[bytes] | None] = lambda start: None) -> None:
        """Start a life. waiting: gives a process that waits to live it, if there is one."""
        start = self._prepare()
        self.slot = start.slot
        self._process = waiting(start) or _launched(start)
        self.started_at = time.monotonic()

    def reap(self) -> int | None:
        """The exit code if the process ended (negative: by that signal), once; and when to start it again."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process = None
        now = time.monotonic()
        self._quick_deaths = 0 if now - self.started_at >= self._stable_seconds else self._quick_deaths + 1
        self.restart_at = now + _delay(self._quick_deaths)
        return code

    def send(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def wait(self, deadline: float) -> None:
        """Wait for the end until `deadline` (monotonic), then kill."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _launched(start: Start) -> subprocess.Popen[bytes]:
    document = os.memfd_create("sentinel-document", 0)
    try:
        os.pwrite(document, start.document, 0)
        return launch(start, document)
    finally:
        os.close(document)


def _delay(quick_deaths: int) -> float:
    """Seconds before the next life: none at first, then doubling."""
    if quick_deaths <= 1:
        return 0.0
    return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** (quick_deaths - 2))
