"""`sentinel demo --upstream`: the sidecar alone, in front of a server that is already there."""

import http.client
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.leftovers import Mark
from tests.support.model_stub import model_stub
from tests.support.ports import demo_ports
from tests.support.processes import wait_until

GOOD = b'{"inputs": [{"name": "x", "datatype": "FP64", "shape": [1, 1], "data": [1.0]}]}'


def test_it_relays_says_where_to_look_and_stops(tmp_path: Path) -> None:
    mark, page, ports = Mark(), tmp_path / "page", demo_ports()
    given = ",".join(f"{name}={getattr(ports, name)}" for name in ("traffic", "telemetry", "admin"))
    command = [sys.executable, "-m", "sentinel.cli", "demo", "--ports", given, "--folder", str(tmp_path / "demo")]
    with model_stub() as stub, page.open("wb") as output:
        command += ["--upstream", stub.address]
        with subprocess.Popen(command, stdout=output, env=mark.environment) as demo:
            wait_until(lambda: "Ctrl-C stops it" in page.read_text() or demo.poll() is not None, "the sidecar")
            connection = http.client.HTTPConnection("127.0.0.1", ports.traffic, timeout=120)
            connection.request("POST", "/v2/models/stub/infer", GOOD)
            assert connection.getresponse().status == 200
            demo.send_signal(signal.SIGINT)
            assert demo.wait(120) == 0
    assert ports.url("telemetry") in page.read_text()
    wait_until(lambda: not mark.living(), "every process to end")
