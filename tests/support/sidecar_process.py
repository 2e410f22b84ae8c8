"""`sentinel run` as a real process on fresh ports, and what its telemetry says."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.ports import demo_ports
from tests.support.processes import DEADLINE_SECONDS, wait_until

ANSWER_SECONDS = STOP_SECONDS = FAIL_SECONDS = DEADLINE_SECONDS


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A running sidecar. traffic, telemetry: ports on 127.0.0.1."""

    process: "subprocess.Popen[bytes]"
    traffic: int
    telemetry: int
    log: Path

    def post(self, body: bytes, path: str = "/v2/models/stub/infer", **headers: str) -> int:
        """Status of one request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.traffic, timeout=ANSWER_SECONDS)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("POST", path, body, {"content-type": "application/json"} | named)
            response = connection.getresponse()
            response.read()
            return response.status

    def metrics(self, name: str, label: str = "") -> dict[str, float]:
        """Samples called `name`, summed by `label` ("" for one sum)."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.telemetry}/metrics", timeout=ANSWER_SECONDS) as answer:
            text = answer.read().decode()
        sums: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name:
                    key = sample.labels.get(label, "")
                    sums[key] = sums.get(key, 0.0) + sample.value
        return sums

    def total(self, name: str) -> float:
        return sum(self.metrics(name).values())

    def settled(self, received: int) -> dict[str, float]:
        """Exchanges by outcome once `received` of them are accounted for."""

        def accounted() -> bool:
            outcomes = self.metrics("sentinel_exchanges_total", "outcome")
            return sum(outcomes.values()) == self.total("sentinel_exchanges_received_total") == received

        wait_until(accounted, f"{received} exchanges to be accounted for")
        return self.metrics("sentinel_exchanges_total", "outcome")


def configuration(folder: Path, upstream: str, **groups: Any) -> dict[str, Any]:
    """Settings on fresh ports, everything sampled, a store in `folder`; `groups` are added or replace."""
    ports = demo_ports()
    return {
        "relay": [{"listen": ports.address("traffic"), "upstream": upstream}],
        "telemetry": {"listen": ports.address("telemetry")},
        "admin": {"listen": ports.address("admin")},
        "capture": {"sample_ratio": 1.0},
        "window": {"seconds": 0.5},
        "store": {"url": f"sqlite:///{folder / 'sentinel.db'}"},
        "process": {"drain_seconds": 1.0},
    } | groups


def write(folder: Path, document: Mapping[str, Any]) -> Path:
    path = folder / "sentinel.yaml"
    path.write_text(yaml.safe_dump(dict(document)))
    return path


def command(path: Path) -> list[str]:
    return [sys.executable, "-m", "sentinel.cli", "run", "--config", str(path)]


@contextlib.contextmanager
def starting(
    folder: Path, document: Mapping[str, Any], environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Sidecar]:
    """A sidecar while the block runs, ready or not; it must stop when asked to. environment: added to this one's."""
    log = folder / "sidecar.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(write(folder, document)), stdout=output, stderr=output, env={**os.environ, **environment}
        )
    try:
        yield Sidecar(process, _port(document["relay"][0]), _port(document["telemetry"]), log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def running(
    folder: Path, document: Mapping[str, Any], environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Sidecar]:
    """A ready sidecar while the block runs."""
    with starting(folder, document, environment) as sidecar:
        wait_until(lambda: _ready(sidecar), "the sidecar to be ready")
        yield sidecar


def _port(listener: Mapping[str, Any]) -> int:
    return int(listener["listen"].rpartition(":")[2])


def _ready(sidecar: Sidecar) -> bool:
    assert sidecar.process.poll() is None, sidecar.log.read_text()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/readyz", timeout=ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def fails(folder: Path, document: Mapping[str, Any]) -> tuple[int, str]:
    """Exit status and words of a sidecar that cannot start."""
    done = subprocess.run(
        command(write(folder, document)), capture_output=True, text=True, timeout=FAIL_SECONDS, check=False
    )
    return done.returncode, done.stderr
