"""A real PostgreSQL for tests: own data folder, own port on loopback, ended by its process id."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.processes import DEADLINE_SECONDS

INSTALL = "apt-get install -y --no-install-recommends postgresql"


def binaries() -> Path | None:
    """The folder of the newest installed server, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def require() -> Path:
    """As `binaries`, or the test is skipped by name (failed where SENTINEL_REQUIRE_ALL=1)."""
    folder = binaries()
    if folder is not None:
        return folder
    if os.environ.get("SENTINEL_REQUIRE_ALL") == "1":
        pytest.fail(f"PostgreSQL is not installed: {INSTALL}")
    pytest.skip(f"PostgreSQL is not installed: {INSTALL}")


class Postgres:
    """One server. It refuses to run as root, so root lends it to the user postgres."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        """durable: wait for the disk, as in production; tests do without."""
        self.folder = folder
        self.fsync = "on" if durable else "off"
        self.work = Path(tempfile.mkdtemp(prefix="sentinel-pg-", dir="/tmp"))
        self.port = free_port()
        self._prefix: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self.work, "postgres", "postgres")
            self._prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        self._run(
            "initdb", "-D", self.data, "-A", "trust", "-U", "sentinel", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"
        )

    @property
    def data(self) -> str:
        return str(self.work / "data")

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.data} -c fsync={self.fsync}"
        )
        self._run("pg_ctl", "-D", self.data, "-o", options, "-l", str(self.work / "log"), "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is a crash: the next start recovers from the log."""
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def create(self, database: str) -> str:
        """The URL of a new, empty database."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "sentinel", database)
        return self.url(database)

    def url(self, database: str, port: int | None = None) -> str:
        return f"postgresql://sentinel@127.0.0.1:{port or self.port}/{database}"

    def remove(self) -> None:
        shutil.rmtree(self.work, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._prefix, str(self.folder / program), *arguments]
        done = subprocess.run(
            command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=DEADLINE_SECONDS
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout.decode(errors='replace')[-2000:]}")
