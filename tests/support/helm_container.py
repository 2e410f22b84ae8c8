"""A rendered container run as a process, and its probes asked as a kubelet asks them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.support.sidecar_process import STOP_SECONDS, Sidecar

PROBE_SECONDS = 3.0


@contextlib.contextmanager
def running(
    folder: Path, container: dict[str, Any], config: str, secrets: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Sidecar]:
    """The container as a process: each mount is a path below `folder`, each Secret's key an entry of `secrets`."""

    def inside(text: str) -> str:
        for mount in container["volumeMounts"]:
            text = text.replace(mount["mountPath"], str(folder) + mount["mountPath"])
        return text

    def value(item: dict[str, Any]) -> str:
        return inside(item["value"]) if "value" in item else secrets[item["valueFrom"]["secretKeyRef"]["key"]]

    for mount in container["volumeMounts"]:
        path = Path(inside(mount["mountPath"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        if "subPath" in mount:
            path.write_text(inside(config))
        else:
            path.mkdir()
    program = Path(sys.executable).parent / container["command"][0]
    environment = {"PATH": os.environ["PATH"]} | {item["name"]: value(item) for item in container["env"]}
    log = folder / "sentinel.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *map(inside, container["args"])], env=environment, cwd="/", stdout=output, stderr=output
        )
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    try:
        yield Sidecar(process, ports.get("traffic-0", 0), ports["telemetry"], log)
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
        if "tcpSocket" in probe:
            socket.create_connection(("127.0.0.1", probe["tcpSocket"]["port"]), PROBE_SECONDS).close()
            return True
        asked = "http://127.0.0.1:{port}{path}".format_map(probe["httpGet"])
        with urllib.request.urlopen(asked, timeout=PROBE_SECONDS) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
