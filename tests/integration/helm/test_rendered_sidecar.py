"""What the chart renders is run: command, arguments, environment and configuration, in front of a model server.

A folder stands in for the container's file system, free ports for its own; the probes are asked as a kubelet asks them.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.helm_chart import manifests, one, parent_chart
from tests.support.model_stub import model_stub
from tests.support.processes import children_of, command_line, wait_until
from tests.support.served import free_port
from tests.support.sidecar_process import STOP_SECONDS, Sidecar

GOOD = b'{"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [1.0]}]}'
EXCHANGES = 20
PROBE_SECONDS = 3.0


def container_and_config(folder: Path, values: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The rendered sidecar's container, and the text of its sentinel.yaml."""
    found = manifests({"sentinel": values}, parent_chart(folder, own_values=False))
    (container,) = one(found, "Deployment")["spec"]["template"]["spec"]["initContainers"]
    return container, one(found, "ConfigMap")["data"]["sentinel.yaml"]


@contextlib.contextmanager
def running(folder: Path, container: dict[str, Any], config: str) -> Iterator[Sidecar]:
    """The container as a process: each mount is a path below `folder`."""

    def inside(text: str) -> str:
        for mount in container["volumeMounts"]:
            text = text.replace(mount["mountPath"], str(folder) + mount["mountPath"])
        return text

    for mount in container["volumeMounts"]:
        path = Path(inside(mount["mountPath"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        if "subPath" in mount:
            path.write_text(inside(config))
        else:
            path.mkdir()
    program = Path(sys.executable).parent / container["command"][0]
    environment = {"PATH": os.environ["PATH"]} | {item["name"]: inside(item["value"]) for item in container["env"]}
    log = folder / "sidecar.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *map(inside, container["args"])], env=environment, cwd="/", stdout=output, stderr=output
        )
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    try:
        yield Sidecar(process, ports["traffic-0"], ports["telemetry"], log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(STOP_SECONDS) == 0, log.read_text()
        finally:
            process.kill()
            process.wait()


def passes(probe: dict[str, Any]) -> bool:
    """As a kubelet decides it."""
    try:
        with socket.create_connection(("127.0.0.1", probe["tcpSocket"]["port"]), PROBE_SECONDS):
            return True
    except OSError:
        return False


def ready(sidecar: Sidecar) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sidecar.telemetry}/readyz", timeout=PROBE_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_the_rendered_sidecar_starts_without_a_model_serves_and_outlives_its_observer(tmp_path: Path) -> None:
    model, traffic, telemetry = free_port(), free_port(), free_port()
    values = {
        "kubeVersion": "1.34",
        "config": {
            "model": {"name": "stub"},
            "relay": [{"listen": f"127.0.0.1:{traffic}", "upstream": f"127.0.0.1:{model}"}],
            "telemetry": {"listen": f"127.0.0.1:{telemetry}"},
            "admin": {"listen": f"127.0.0.1:{free_port()}"},
            "capture": {"sample_ratio": 1},
            "process": {"drain_seconds": 1},
        },
    }
    container, config = container_and_config(tmp_path / "chart", values)
    with running(tmp_path / "root", container, config) as sidecar:
        wait_until(lambda: passes(container["startupProbe"]), "the startup probe to pass while there is no model")
        wait_until(lambda: ready(sidecar), "the observer to be ready")
        with model_stub(model):
            assert [sidecar.post(GOOD) for _ in range(EXCHANGES)] == [200] * EXCHANGES
            assert sidecar.settled(EXCHANGES)["analysed"] == EXCHANGES
            hung = next(pid for pid in children_of(sidecar.process.pid) if "sentinel.app" in command_line(pid))
            os.kill(hung, signal.SIGSTOP)
            try:
                assert passes(container["readinessProbe"])
                assert sidecar.post(GOOD) == 200
            finally:
                os.kill(hung, signal.SIGCONT)
    kept = {path.name for path in (tmp_path / "root/var/lib/sentinel").iterdir()}
    assert "sentinel.db" in kept
