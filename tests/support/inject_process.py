"""`sentinel inject --serve` as a process, and a certificate folder whose content can be replaced."""

import contextlib
import json
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sentinel.inject.certificates import Issued, issue, names_of
from tests.support.ports import free_port
from tests.support.processes import DEADLINE_SECONDS, wait_until

NAMES = names_of("sentinel-injector", "sentinel")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A running webhook, as the API server sees it: by an address, under the Service's name."""

    port: int
    telemetry: int
    log: Path

    def ask(self, body: bytes, authorities: bytes) -> tuple[int, Any]:
        """Status and JSON of one POST over TLS, verified under these authorities."""
        with self.connected(authorities) as connection:
            head = f"POST /mutate?timeout=5s HTTP/1.1\r\nHost: {NAMES[0]}:443\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            with contextlib.suppress(OSError):  # an answer may come before all was taken
                connection.sendall(body)
            return read_answer(connection)

    @contextlib.contextmanager
    def connected(self, authorities: bytes) -> Iterator[ssl.SSLSocket]:
        context = ssl.create_default_context(cadata=authorities.decode())
        with (
            socket.create_connection(("127.0.0.1", self.port), DEADLINE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=NAMES[0]) as connection,
        ):
            yield connection

    def count(self, name: str) -> float:
        """Value of a series, such as sentinel_injections_total{outcome="injected"}."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.telemetry}/metrics", timeout=DEADLINE_SECONDS) as answer:
            lines = answer.read().decode().splitlines()
        (value,) = [float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")]
        return value

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.telemetry}/readyz", timeout=DEADLINE_SECONDS
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def read_answer(connection: ssl.SSLSocket) -> tuple[int, Any]:
    received = b""
    while chunk := connection.recv(1 << 16):
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def put(folder: Path, issued: Issued) -> None:
    """Replace the certificate as a kubelet renews a mounted Secret: one rename of a link."""
    version = folder / f"..{datetime.now(UTC).timestamp()}"
    version.mkdir(parents=True)
    (version / "tls.crt").write_bytes(issued.certificate)
    (version / "tls.key").write_bytes(issued.key)
    (folder / "next").symlink_to(version.name)
    (folder / "next").rename(folder / "..data")
    for name in ("tls.crt", "tls.key"):
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


def made() -> Issued:
    return issue(NAMES, datetime.now(UTC))


@contextlib.contextmanager
def webhook(folder: Path, *arguments: str) -> Iterator[Webhook]:
    """The command with these arguments, until the block ends; then it must end by itself on SIGTERM."""
    running = Webhook(free_port(), free_port(), folder / "webhook.log")
    addresses = ["--serve", f"127.0.0.1:{running.port}", "--telemetry", f"127.0.0.1:{running.telemetry}"]
    program = [sys.executable, "-m", "sentinel.cli", "inject", *addresses, *arguments]
    with running.log.open("wb") as log:
        process = subprocess.Popen(program, stderr=log, stdout=log)
    try:
        wait_until(running.is_ready, "the webhook to be ready")
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(DEADLINE_SECONDS) == 0, running.log.read_text()
        finally:
            process.kill()
            process.wait()
