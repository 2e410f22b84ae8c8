"""SIGHUP: other settings take over without a dropped connection; settings that cannot be used change nothing."""

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.support.relay_processes import ROOT, Sidecar, wait_for
from tests.support.relay_upstreams import echo, upstream

RUN = """
import json, sys
from pathlib import Path
from sentinel.config import parse
from sentinel.relay.supervisor import run
def read():
    return parse(json.loads(Path(sys.argv[1]).read_text()))
sys.exit(run(read(), [sys.executable, "-m", "tests.support.recording_observer", sys.argv[2]], reload=read))
"""


class Reloadable:
    """A sidecar whose settings are in a file."""

    def __init__(self, folder: Path, server: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.path = folder / "settings.json"
        self.document = {
            "relay": [{"listen": f"127.0.0.1:{self.port}", "upstream": server}],
            "capture": {"sample_ratio": 1.0, "max_samples_per_second": 1e6},
            "process": {"drain_seconds": 5},
        }
        self.write()
        record, log = folder / "observer.jsonl", folder / "supervisor.log"
        record.touch()
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-c", RUN, str(self.path), str(record)],
                stderr=stderr,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        self.running = Sidecar(process, log, record)

    def write(self) -> None:
        self.path.write_text(json.dumps(self.document))

    def reload(self) -> None:
        self.running.process.send_signal(signal.SIGHUP)

    def __enter__(self) -> "Reloadable":
        wait_for(lambda: self.running.heard("started"), "the observer")
        return self

    def __exit__(self, *_: object) -> None:
        self.running.stop()


def test_no_connection_is_dropped_and_new_settings_hold(tmp_path: Path) -> None:
    with upstream(echo) as server, Reloadable(tmp_path, server) as sidecar:
        stop, failed, done = threading.Event(), [], itertools.count()

        def load() -> None:
            while not stop.is_set():
                client = http.client.HTTPConnection("127.0.0.1", sidecar.port, timeout=120)
                try:
                    client.request("POST", "/p", b"x" * 500)
                    assert client.getresponse().read() == b"x" * 500
                    next(done)
                except (OSError, http.client.HTTPException) as error:
                    failed.append(error)
                client.close()

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for workers in (2, 1):
            sidecar.document["process"] = {"drain_seconds": 5, "workers": workers}
            sidecar.write()
            before = len(sidecar.running.events("reloaded"))
            sidecar.reload()
            wait_for(lambda before=before: len(sidecar.running.events("reloaded")) > before, "the reload")
        stop.set()
        for thread in threads:
            thread.join()
        assert failed == []
        assert [event["workers"] for event in sidecar.running.events("reloaded")] == [2, 1]
    account = sidecar.running.account
    assert account["received"] == next(done)
    assert account["received"] == account["analysed"] + account["dropped"]


def test_a_request_under_way_outlives_the_reload(tmp_path: Path) -> None:
    go = threading.Event()

    def slow(connection: socket.socket) -> None:
        connection.recv(65536)
        go.wait(120)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with upstream(slow) as server, Reloadable(tmp_path, server) as sidecar:
        client = http.client.HTTPConnection("127.0.0.1", sidecar.port, timeout=120)
        client.request("GET", "/")
        wait_for(lambda: any(s["received"] for s in sidecar.running.heard("summary")), "the request to be seen")
        sidecar.reload()
        wait_for(lambda: sidecar.running.events("reloaded"), "the reload")
        go.set()
        assert client.getresponse().read() == b"ok"


def test_settings_that_cannot_be_used_change_nothing(tmp_path: Path) -> None:
    with upstream(echo) as server, Reloadable(tmp_path, server) as sidecar:
        sidecar.document["capture"] = {"sample_ratio": 7}
        sidecar.write()
        sidecar.reload()
        (refused,) = wait_for(lambda: sidecar.running.events("reload refused"), "the refusal")
        assert "capture.sample_ratio" in refused["problems"]
        with socket.create_server(("127.0.0.1", 0)) as taken:
            sidecar.document["capture"] = {}
            sidecar.document["relay"] = [{"listen": f"127.0.0.1:{taken.getsockname()[1]}", "upstream": server}]
            sidecar.write()
            sidecar.reload()
            wait_for(lambda: len(sidecar.running.events("reload refused")) == 2, "the second refusal")
        client = http.client.HTTPConnection("127.0.0.1", sidecar.port, timeout=120)
        client.request("POST", "/p", b"still")
        assert client.getresponse().read() == b"still"
        assert len(sidecar.running.events("started")) == 2
