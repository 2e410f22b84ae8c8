"""What the chart renders is run: command, arguments, environment and configuration, in front of a model server.

A folder stands in for the container's file system, free ports for its own; the probes are asked as a kubelet asks them.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.helm_chart import manifests, one, parent_chart
from tests.support.helm_container import passes, running
from tests.support.model_stub import model_stub
from tests.support.ports import free_port
from tests.support.processes import children_of, command_line, wait_until
from tests.support.sidecar_process import Sidecar

GOOD = b'{"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [1.0]}]}'
EXCHANGES = 20


def container_and_config(folder: Path, values: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The rendered sidecar's container, and the text of its sentinel.yaml."""
    found = manifests({"sentinel": values}, parent_chart(folder, own_values=False))
    (container,) = one(found, "Deployment")["spec"]["template"]["spec"]["initContainers"]
    return container, one(found, "ConfigMap")["data"]["sentinel.yaml"]


def ready(sidecar: Sidecar) -> bool:
    return passes({"httpGet": {"path": "/readyz", "port": sidecar.telemetry}})


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


def test_the_rendered_fleet_leads_over_the_database_of_its_secret(tmp_path: Path, postgres_url: str) -> None:
    values = {
        "database": {"existingSecret": "postgresql"},
        "fleet": {"enabled": True},
        "config": {"telemetry": {"listen": f"127.0.0.1:{free_port()}"}},
    }
    found = manifests(values)
    (container,) = one(found, "Deployment")["spec"]["template"]["spec"]["containers"]
    config = one(found, "ConfigMap", "fraud-sentinel-fleet")["data"]["sentinel.yaml"]
    with running(tmp_path, container, config, {"url": postgres_url}) as fleet:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            wait_until(lambda probe=probe: passes(container[probe]), f"the {probe} to pass")
        wait_until(lambda: fleet.total("sentinel_fleet_leader") == 1, "it to lead")


def test_the_check_of_helm_test_passes_and_names_what_is_wrong(tmp_path: Path) -> None:
    found = manifests({"config": {"model": {"name": "stub"}}})
    container = one(found, "Pod")["spec"]["containers"][0]
    config = tmp_path / "sentinel.yaml"
    config.write_text(one(found, "ConfigMap")["data"]["sentinel.yaml"])
    command = [
        text.replace("/etc/sentinel/sentinel.yaml", str(config)) for text in container["command"] + container["args"]
    ]
    program = Path(sys.executable).parent / command[0]
    assert subprocess.run([program, *command[1:]], check=False).returncode == 0
    config.write_text(config.read_text().replace("drain_seconds", "drain_second"))
    refused = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "process.drain_second: unknown key; did you mean drain_seconds?" in refused.stdout
