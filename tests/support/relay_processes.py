"""Starts the real supervisor, relay workers and an observer as processes, for tests of any area.

with sidecar(tmp_path, upstream="127.0.0.1:8080") as running:
    requests to running.address …
    running.heard("exchange")          # what the recording observer heard
running.account                        # after the end: the ledger's total, balanced to the last exchange
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sentinel.config import Settings, parse
from tests.support.processes import DEADLINE_SECONDS

ROOT = Path(__file__).parents[2]


def wait_for(condition: Callable[[], Any], what: str, seconds: float = DEADLINE_SECONDS) -> Any:
    """The first true value of `condition`; fails the test by name at the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.01)
    return value


@dataclass
class Sidecar:
    """A running sidecar. `log`: the supervisor's lines; `record`: what the recording observer wrote."""

    process: subprocess.Popen[bytes]
    log: Path
    record: Path
    children: dict[str, int] = field(default_factory=dict)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for event in _lines(self.log) if event.get("event") == name]

    def heard(self, kind: str) -> list[Any]:
        return [line["value"] for line in _lines(self.record) if line["kind"] == kind]

    @property
    def addresses(self) -> list[tuple[str, int]]:
        listening = [event["address"].rpartition(":") for event in self.events("listening")]
        return [(host, int(port)) for host, _, port in listening]

    @property
    def address(self) -> tuple[str, int]:
        return self.addresses[0]

    def pid(self, child: str) -> int:
        """Process id of the newest life of `relay-N` or `observer`."""
        return int([event["pid"] for event in self.events("started") if event["child"] == child][-1])

    @property
    def account(self) -> dict[str, int]:
        """The ledger's total, once the supervisor has stopped."""
        (event,) = self.events("stopped")
        return {key: value for key, value in event.items() if isinstance(value, int)}

    def stop(self, seconds: float = DEADLINE_SECONDS) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


@contextlib.contextmanager
def sidecar(
    folder: Path, upstream: str, *, observer: Sequence[str] | None = None, **settings: Any
) -> Iterator[Sidecar]:
    """A sidecar in front of `upstream` on a fresh port, with groups of settings as keywords; ended on the way out."""
    document: dict[str, Any] = {"relay": [{"listen": "127.0.0.1:0", "upstream": upstream}], **settings}
    with supervised(folder, parse(document), observer) as running:
        yield running


@contextlib.contextmanager
def supervised(folder: Path, settings: Settings, observer: Sequence[str] | None = None) -> Iterator[Sidecar]:
    """As `sidecar`, for whole settings."""
    log, record = folder / "supervisor.log", folder / "observer.jsonl"
    record.touch()
    command = observer or (sys.executable, "-m", "tests.support.recording_observer", str(record))
    document = json.dumps({"settings": asdict(settings), "observer": list(command)})
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.relay_processes", document],
            stderr=stderr,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    running = Sidecar(process, log, record)
    try:
        wait_for(lambda: len(running.events("listening")) == len(settings.relay), "the listeners")
        if observer is None:
            wait_for(lambda: running.heard("started"), "the observer")
        yield running
    finally:
        if process.poll() is None:
            running.stop()


def _lines(path: Path) -> list[dict[str, Any]]:
    """Whole JSON lines of a file that may still be written to; other output between them is passed over."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


if __name__ == "__main__":
    from sentinel.relay.supervisor import run

    told = json.loads(sys.argv[1])
    sys.exit(run(parse(told["settings"]), told["observer"]))
