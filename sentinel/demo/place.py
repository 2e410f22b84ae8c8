"""Where a demo lives: its ports and its folder. Values and checks of them; starts nothing.

<folder>/model-…    the trained model, kept between runs
<folder>/run        this run: sentinel.yaml, reference, secrets, store, logs; emptied at the next start
"""

import fcntl
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path

HOST = "127.0.0.1"


class DemoError(Exception):
    """The demo cannot go on; one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each process listens on 127.0.0.1."""

    server: int = 8080
    traffic: int = 8081
    deployer: int = 8082
    telemetry: int = 9108
    admin: int = 9109

    def address(self, name: str) -> str:
        return f"{HOST}:{getattr(self, name)}"

    def url(self, name: str) -> str:
        return f"http://{self.address(name)}"


def parse_ports(text: str) -> Ports:
    """`auto` (free ones), or changes to the defaults such as `server=18080,traffic=18081`; raises ValueError."""
    names = [field.name for field in fields(Ports)]
    if text == "auto":
        return Ports(*_free_ports(len(names)))
    ports = Ports()
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        if name not in names or not number.isdigit() or not 0 < int(number) < 65536:
            raise ValueError(f"{part!r} is not name=port; the names are {', '.join(names)}")
        ports = replace(ports, **{name: int(number)})
    return ports


def _free_ports(count: int) -> list[int]:
    """Ports that are free now, held together so that no two are the same."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def check_free(ports: Ports, names: tuple[str, ...]) -> None:
    """Raise DemoError when one of the named ports is taken."""
    for name in names:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, getattr(ports, name)))
            except OSError as error:
                raise DemoError(
                    f"port {getattr(ports, name)} (for {name}) cannot be used: {error.strerror}; stop what listens "
                    f"there, choose another with --ports {name}=…, or let --ports auto find free ones"
                ) from error


@dataclass(frozen=True, slots=True)
class Place:
    """The demo's folder and the files of this run."""

    folder: Path

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def configuration(self) -> Path:
        return self.run / "sentinel.yaml"

    @property
    def reference(self) -> Path:
        return self.run / "reference.sentinel"

    @property
    def secret(self) -> Path:
        return self.run / "webhook-secret"

    @property
    def admin_token(self) -> Path:
        return self.run / "admin-token"

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.run.absolute() / 'sentinel.db'}"

    def log(self, process: str) -> Path:
        return self.run / "logs" / f"{process}.log"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Empty the run folder and keep other demos out while the block runs; raises DemoError when one is in."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise DemoError(f"another demo runs in {self.folder}; stop it or choose another --folder") from error
            shutil.rmtree(self.run, ignore_errors=True)
            (self.run / "logs").mkdir(parents=True)
            yield
