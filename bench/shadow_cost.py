"""What mirroring costs the traffic, for `bench.shadow`.

`sentinel run` before the example's model server, in turns: twice without a second model (their difference is noise),
with one in a process of its own, with one that never answers, and with one in the serving model's own process.
Client, model server and relay have a core each; the observer has one too, or shares the relay's: the worst case.
"""

import contextlib
import http.client
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from sentinel.demo.model import WELL_QUANTISED, prepare
from tests.support.processes import children_of, command_line
from tests.support.shadow_served import bodies, model_server, version_path
from tests.support.sidecar_process import Sidecar, configuration, running

REQUESTS = 400
PATH = "/v2/models/employment/infer"
BARE = "no second model"
CLIENT, SERVER, RELAY, APART = 0, 1, 2, 3
"""Cores."""
PLACES: Mapping[str, int] = {"a core of its own": APART, "the relay's core": RELAY}
"""Where the observer runs."""
MEASURES = ("p50", "p99", "relay", "observer")

Costs = dict[str, dict[str, dict[str, float]]]
"""Where the observer runs -> what is mirrored -> MEASURES: milliseconds, and CPU of two processes in µs a request."""


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """Processes begun in the block stay on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cost(rounds: int) -> Costs:
    """Medians over rounds."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        home = Path(folder)
        prepare(home)
        with on_core(SERVER):
            server = stack.enter_context(model_server(home))
        with on_core(APART):
            second = stack.enter_context(model_server(home))
        nobody = stack.enter_context(silent())
        path = version_path(WELL_QUANTISED)
        urls = {
            BARE: "",
            "no second model, again": "",
            "a second model": f"http://{second}{path}",
            "one that never answers": nobody,
            "one in the serving model's process": f"http://{server}{path}",
        }
        sidecars = {}
        for number, (name, url) in enumerate(urls.items()):
            (place := home / str(number)).mkdir()
            sidecars[name] = stack.enter_context(_sidecar(place, server, url))
        with on_core(CLIENT):
            return {place: _placed(sidecars, core, rounds) for place, core in PLACES.items()}


@contextlib.contextmanager
def _sidecar(place: Path, server: str, url: str) -> Iterator[Sidecar]:
    """All exchanges that are sampled are mirrored, a tenth of all."""
    shadow = {"url": url, "allow_http": True, "max_per_second": 1e6}
    capture = {"sample_ratio": 0.1, "shadow": shadow}
    document = configuration(place, server, capture=capture, window={"seconds": 60})
    with on_core(RELAY), running(place, document) as sidecar:
        yield sidecar


def _placed(sidecars: Mapping[str, Sidecar], core: int, rounds: int) -> dict[str, dict[str, float]]:
    for sidecar in sidecars.values():
        for task in Path(f"/proc/{_observer(sidecar)}/task").iterdir():
            os.sched_setaffinity(int(task.name), {core})
    requests, names = bodies(REQUESTS), list(sidecars)
    taken: dict[str, list[Mapping[str, float]]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            told = _round(sidecars[name], requests)
            if turn:  # the first round warms up
                taken[name].append(told)
    return {
        name: {key: statistics.median(run[key] for run in runs) for key in MEASURES} for name, runs in taken.items()
    }


def _round(sidecar: Sidecar, requests: list[bytes]) -> dict[str, float]:
    relay, observer = _relay(sidecar), _observer(sidecar)
    before = _cpu_seconds(relay), _cpu_seconds(observer)
    taken = _milliseconds(sidecar.traffic, requests)
    spent = _cpu_seconds(relay) - before[0], _cpu_seconds(observer) - before[1]
    told = {f"p{q}": float(np.percentile(taken, q)) for q in (50, 99)}
    return told | {"relay": spent[0] / len(requests) * 1e6, "observer": spent[1] / len(requests) * 1e6}


def _milliseconds(port: int, requests: list[bytes]) -> list[float]:
    """Time of each request, one after another over one connection."""
    taken = []
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        for body in requests:
            begun = time.perf_counter()
            connection.request("POST", PATH, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
            taken.append((time.perf_counter() - begun) * 1e3)
    return taken


def _child(sidecar: Sidecar, wanted: Callable[[str], bool]) -> int:
    return next(pid for pid in children_of(sidecar.process.pid) if wanted(command_line(pid)))


def _observer(sidecar: Sidecar) -> int:
    return _child(sidecar, lambda command: "sentinel.app" in command)


def _relay(sidecar: Sidecar) -> int:
    return _child(sidecar, lambda command: "sentinel.app" not in command)


def _cpu_seconds(pid: int) -> float:
    """Of all its threads, as the scheduler counts them (ns)."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9
