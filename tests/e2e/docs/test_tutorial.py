"""The tutorial, pasted command by command into a bare folder; only ports and the window's length are others."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import wait_until
from tests.support.sidecar_process import Sidecar
from tests.support.snippets import snippets

PORTS = ("8080", "8081", "9108", "9109")
STAYING = ("sentinel run", "python -m sentinel.demo.")
"""Commands that take a terminal of their own."""
COMMAND_SECONDS = 120.0
START_SECONDS = 180.0  # the demo's server trains its model first


@dataclass
class Reader:
    """Someone who follows the page in `folder`."""

    folder: Path
    ports: dict[str, str] = field(default_factory=lambda: {port: str(free_port()) for port in PORTS})
    terminals: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def own(self, text: str) -> str:
        """The page's text with this reader's ports."""
        return re.sub(r"\b(8080|8081|9108|9109)\b", lambda port: self.ports[port[0]], text)

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name != "COLUMNS"}  # that of the test's terminal
        return own | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SENTINEL__TELEMETRY__LISTEN": f"127.0.0.1:{self.ports['9108']}",
            "SENTINEL__ADMIN__LISTEN": f"127.0.0.1:{self.ports['9109']}",
            "SENTINEL__WINDOW__SECONDS": "1",
        }

    def types(self, line: str) -> str:
        """What a command prints; it must succeed. Commands that stay are left running."""
        line = self.own(line)
        for name in STAYING:
            if line.startswith(name):
                self.stays(name, line)
                return ""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def stays(self, name: str, line: str) -> None:
        if name == "sentinel run":
            self.stops(name)
        else:
            name = line
        with (self.folder / f"terminal-{len(self.terminals)}.log").open("wb") as log:
            self.terminals[name] = subprocess.Popen(
                ["bash", "-c", f"exec {line}"], cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )

    def stops(self, name: str) -> None:
        if (process := self.terminals.pop(name, None)) is not None:
            process.send_signal(signal.SIGINT)
            assert process.wait(COMMAND_SECONDS) == 0

    def listening(self, port: str) -> None:
        wait_until(lambda: _answers(int(self.ports[port])), f"port {port} of the page", START_SECONDS)

    @property
    def sidecar(self) -> Sidecar:
        ports = int(self.ports["8081"]), int(self.ports["9108"])
        return Sidecar(self.terminals["sentinel run"], *ports, self.folder / "none")


def _answers(port: int) -> bool:
    import socket

    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=120):
        return True
    return False


@contextlib.contextmanager
def reader(folder: Path) -> Iterator[Reader]:
    one = Reader(folder)
    try:
        yield one
    finally:
        for process in one.terminals.values():
            process.terminate()
        for process in one.terminals.values():
            process.wait(COMMAND_SECONDS)


def test_the_tutorial_from_a_bare_folder(tmp_path: Path) -> None:
    steps = snippets("sh", "yaml", page="docs/tutorial.md")
    with reader(tmp_path) as someone:
        said: dict[str, str] = {}
        for step in steps:
            if step.language == "yaml":
                with (tmp_path / "sentinel.yaml").open("a") as settings:
                    settings.write(someone.own(step.text))
                continue
            for line in step.commands():
                before(someone, line)
                said[line] = someone.types(line)
    verdict = next(text for line, text in said.items() if "/v1/verdict/" in line)
    assert '"state"' in verdict
    assert "blind" not in verdict
    listed = next(text for line, text in said.items() if line.startswith("sentinel windows list"))
    assert "employment" in listed
    assert any("paused" in text for text in said.values())


def before(someone: Reader, line: str) -> None:
    """What the page tells the reader to wait for."""
    if line.startswith("cp "):
        someone.listening("8080")
    if line.startswith("curl"):
        someone.listening("9108")
        wait_until(lambda: judged(someone.sidecar), "a window that was judged", START_SECONDS)


def judged(sidecar: Sidecar) -> bool:
    with contextlib.suppress(OSError):
        return sidecar.total("sentinel_windows_total") >= 2
    return False
