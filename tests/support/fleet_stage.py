"""A fleet as real processes: sidecars in front of a model server, clients, `sentinel fleet` twice, one PostgreSQL.

Every process reaches the database through a network of its own that can be cut. Version 1 of the model answers as its
reference did; version 2, once `release_bad` was called, does not.
"""

import http.client
import json
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from sentinel.reference.build import build
from sentinel.reference.files import save
from tests.support.model_stub import Stub, model_stub
from tests.support.ports import free_port
from tests.support.postgres import Postgres
from tests.support.processes import DEADLINE_SECONDS, wait_until
from tests.support.proxy import Proxy
from tests.support.rollback_receiver import SECRET
from tests.support.sidecar_process import STOP_SECONDS, Sidecar, configuration, running

ROWS = 40  # in a request
REQUESTS = 200  # different ones, sent in turn
PAUSE_SECONDS = 0.1  # of a client between two requests
WINDOW_SECONDS = 1.0
FLEETS = ("one", "two")
ROOT = Path(__file__).parents[2]
SHIFTED_CLOCK = Path(__file__).parent / "shifted_clock"
FORCED = "from tests.support.fleet import lead_always; lead_always()"


@dataclass
class Client:
    """Asks one sidecar again and again, over one connection. sent: requests answered; failures: other than by 200."""

    port: int
    bodies: list[bytes]
    sent: int = 0
    failures: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        for body in cycle(self.bodies):
            if self._ended.wait(PAUSE_SECONDS):
                break
            try:
                connection.request("POST", "/v2/models/fraud/infer", body)
                answer = connection.getresponse()
                answer.read()
                self.sent += 1
                if answer.status != 200:
                    self.failures.append(str(answer.status))
            except OSError as error:
                self.failures.append(repr(error))
        connection.close()


@dataclass
class FleetMember:
    """One `sentinel fleet`."""

    process: "subprocess.Popen[bytes]"
    telemetry: int
    network: Proxy

    def leads(self) -> bool:
        with suppress(OSError):
            address = f"http://127.0.0.1:{self.telemetry}/metrics"
            with urllib.request.urlopen(address, timeout=DEADLINE_SECONDS) as answer:
                return b"sentinel_fleet_leader 1.0" in answer.read()
        return False


@dataclass
class Stage:
    """What a test of faults plays on."""

    postgres: Postgres
    stub: Stub
    sidecars: dict[str, Sidecar] = field(default_factory=dict)
    networks: dict[str, Proxy] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    fleets: dict[str, FleetMember] = field(default_factory=dict)

    def leader(self) -> FleetMember:
        """The one that leads, once there is one."""
        found: list[FleetMember] = []

        def someone_leads() -> bool:
            found[:] = [member for member in self.fleets.values() if member.leads()]
            return bool(found)

        wait_until(someone_leads, "a leader")
        return found[0]

    def other(self, member: FleetMember) -> FleetMember:
        return next(one for one in self.fleets.values() if one is not member)

    def serve(self, version: str, shift: float) -> None:
        """From now on the model answers as this version, its scores shifted by so many deviations."""
        self.stub.answer = answer(version, shift)


def answer(version: str, shift: float) -> bytes:
    """The same scores each time, spread as the reference's are: a quantile for each row."""
    ranks = (np.arange(ROWS) + 0.5) / ROWS
    scores = np.log(ranks / (1 - ranks)) + shift
    output = {"name": "score", "datatype": "FP64", "shape": [ROWS], "data": scores.tolist()}
    return json.dumps({"model_name": "fraud", "model_version": version, "outputs": [output]}).encode()


def bodies(random: np.random.Generator) -> list[bytes]:
    def body() -> bytes:
        column = {"name": "amount", "datatype": "FP64", "shape": [ROWS], "data": random.normal(50, 10, ROWS).tolist()}
        return json.dumps({"inputs": [column]}).encode()

    return [body() for _ in range(REQUESTS)]


def write_reference(path: Path, random: np.random.Generator) -> None:
    columns = {"amount": random.normal(50, 10, 20_000), "score": random.logistic(0, 1, 20_000)}
    save(build(columns, name="fraud", version="1", predictions=["score"]), path)


@contextmanager
def stage(
    postgres: Postgres,
    database: str,
    folder: Path,
    receiver: str,
    *,
    clocks: Mapping[str, float],
    forced: bool = False,
) -> Iterator[Stage]:
    """All processes running and traffic flowing. clocks: replica -> seconds its clock is ahead.

    forced: both `sentinel fleet` believe that they lead, whatever the lock says.
    """
    random = np.random.default_rng(5)
    reference = folder / "reference.sentinel"
    write_reference(reference, random)
    (folder / "secret").write_text(SECRET + "\n")
    with ExitStack() as stack:
        set_up = Stage(postgres, stack.enter_context(model_stub()))
        set_up.serve("1", 0.0)

        def network() -> tuple[Proxy, str]:
            proxy = Proxy(postgres.port)
            stack.callback(proxy.close)
            return proxy, postgres.url(database, proxy.port)

        for name in FLEETS:
            proxy, url = network()
            document = fleet_document(folder, url, reference, receiver)
            set_up.fleets[name] = stack.enter_context(fleet_process(folder / name, document, proxy, forced))
        wait_until(lambda: any(member.leads() for member in set_up.fleets.values()), "a leader")
        for name, ahead in clocks.items():
            set_up.networks[name], url = network()
            document = sidecar_document(folder / name, set_up.stub.address, url, reference, name)
            shifted = {"PYTHONPATH": str(SHIFTED_CLOCK), "SHIFTED_CLOCK_SECONDS": str(ahead)} if ahead else {}
            set_up.sidecars[name] = stack.enter_context(running(folder / name, document, shifted))
            set_up.clients[name] = Client(set_up.sidecars[name].traffic, bodies(random))
        for client in set_up.clients.values():
            client.start()
            stack.callback(client.stop)
        yield set_up


def sidecar_document(folder: Path, upstream: str, url: str, reference: Path, name: str) -> dict[str, Any]:
    folder.mkdir()
    return configuration(
        folder,
        upstream,
        model={"name": "fraud"},
        reference={"path": str(reference)},
        window={"seconds": WINDOW_SECONDS},
        store={"url": url, "spool_path": str(folder / "spool")},
        fleet={"member": True},
        process={"replica": name, "drain_seconds": 1.0},
    )


def fleet_document(folder: Path, url: str, reference: Path, receiver: str) -> dict[str, Any]:
    target = {"name": "deployer", "url": receiver, "secret_file": str(folder / "secret"), "allow_http": True}
    return {
        "store": {"url": url},
        "reference": {"path": str(reference)},
        "window": {"seconds": WINDOW_SECONDS},
        "telemetry": {"listen": f"127.0.0.1:{free_port()}"},
        "fleet": {"settle_seconds": 0.1, "straggler_seconds": 2.0},
        "rollback": {"mode": "enforce", "targets": [target]},
    }


@contextmanager
def fleet_process(folder: Path, document: dict[str, Any], network: Proxy, forced: bool) -> Iterator[FleetMember]:
    folder.mkdir()
    path = folder / "sentinel.yaml"
    path.write_text(yaml.safe_dump(document))
    program = ["-c", FORCED] if forced else ["-m", "sentinel.cli"]
    with (folder / "log").open("wb") as log:
        command = [sys.executable, *program, "fleet", "--config", str(path)]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
    try:
        yield FleetMember(process, int(document["telemetry"]["listen"].rpartition(":")[2]), network)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            process.wait()


def until(condition: Callable[[], bool], what: str) -> None:
    """With the patience that emptying a spool after a minute's cut takes."""
    wait_until(condition, what, 90.0)
