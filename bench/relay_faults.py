"""What clients notice while parts of a sidecar are killed, frozen or starved: `make relay-faults`.

2,000 requests a second (open loop: each is due at its time, whether or not those before it were answered) of a 1 KB
Open Inference call go through the whole sidecar to an nginx. Each trial does one thing to one process, again and again;
requests due within two seconds of it are compared with the others of the same run, so that both saw the same machine.
Writes docs/benchmarks/relay_faults.{md,json}.
"""

import argparse
import asyncio
import contextlib
import datetime
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import uvloop

from bench.relay_peers import upstream
from sentinel.config import parse
from tests.support.ports import free_port
from tests.support.relay_processes import Sidecar, supervised

PAGE = Path(__file__).parent.parent / "docs/benchmarks/relay_faults.md"
RATE = 2000
CONNECTIONS = 50
CALM_SECONDS = 4.0  # between two faults
FAULT_SECONDS = 2.0  # after one: what is due in this time is called disturbed
FROZEN_SECONDS = 1.5
FAULTS = 5
LATE_SECONDS = 5.0
OBSERVER = (sys.executable, "-m", "sentinel.app")
ANSWER = json.dumps({"model_name": "m", "outputs": [{"name": "y", "shape": [1], "datatype": "FP64", "data": [0.5]}]})
COLUMNS = 110  # 1 KB of JSON
Harm = Callable[[Sidecar], None]


def requests_of(rows: np.ndarray) -> list[bytes]:
    """One call of the Open Inference Protocol for each row of a [rows, columns] array."""
    found = []
    for row in rows.tolist():
        inputs = [{"name": "x", "shape": [1, len(row)], "datatype": "FP64", "data": row}]
        body = json.dumps({"inputs": inputs}).encode()
        headers = f"Host: m\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        found.append(f"POST /v2/models/m/infer HTTP/1.1\r\n{headers}".encode() + body)
    return found


REQUESTS = requests_of(np.linspace(0, 1, COLUMNS).round(4)[None])


@dataclass
class Client:
    """One keep-alive connection; asks at its times, opens another connection when one breaks."""

    address: tuple[str, int]
    first: float
    until: float
    requests: Sequence[bytes] = tuple(REQUESTS)
    took: list[tuple[float, float]] = field(default_factory=list)  # due, seconds from then to the answer
    failed: list[float] = field(default_factory=list)

    async def run(self) -> None:
        due, streams = self.first, None
        while due < self.until:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            try:
                streams = streams or await asyncio.open_connection(*self.address)
                await asyncio.wait_for(self._ask(*streams), LATE_SECONDS)
                self.took.append((due, time.monotonic() - due))
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                self.failed.append(due)
                if streams:
                    streams[1].close()
                streams = None
            due += CONNECTIONS / RATE
        if streams:
            streams[1].close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.requests[len(self.took) % len(self.requests)])
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))


@dataclass(frozen=True)
class Trial:
    """name: what is done. harm: does it. settings: of the sidecar."""

    name: str
    harm: Harm
    settings: Mapping[str, Any]


def kill(child: str) -> Harm:
    return lambda running: os.kill(running.pid(child), signal.SIGKILL)


def freeze(running: Sidecar) -> None:
    """Stop the observer; it goes on after a while."""
    pid = running.pid("observer")
    os.kill(pid, signal.SIGSTOP)
    asyncio.get_running_loop().call_later(FROZEN_SECONDS, _go_on, pid)


def _go_on(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


SOME = {"capture": {"sample_ratio": 0.1}}
ALL = {"capture": {"sample_ratio": 1.0, "max_samples_per_second": 1e6}}
TRIALS = (
    Trial("nothing (control)", lambda _running: None, SOME),
    Trial("observer killed", kill("observer"), SOME),
    Trial("observer frozen 1.5 s", freeze, SOME),
    Trial("observer frozen 1.5 s, every exchange copied: channel full", freeze, ALL),
    Trial("the only worker killed", kill("relay-0"), SOME),
    Trial("one of two workers killed", kill("relay-0"), {**SOME, "process": {"workers": 2}}),
)


async def tried(folder: Path, trial: Trial, target: int) -> dict[str, Any]:
    """One trial's figures."""
    document = {
        "relay": [{"listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{target}"}],
        "telemetry": {"listen": f"127.0.0.1:{free_port()}"},
        "admin": {"listen": f"127.0.0.1:{free_port()}"},
        "store": {"url": f"sqlite:///{folder}/sentinel.db"},
        "window": {"seconds": 5},
        **trial.settings,
    }
    with supervised(folder, parse(document), OBSERVER) as running:
        await asyncio.sleep(CALM_SECONDS)  # the observer starts
        start = time.monotonic() + 0.1
        until = start + CALM_SECONDS + FAULTS * (CALM_SECONDS + FAULT_SECONDS)
        clients = [Client(running.address, start + i / RATE, until) for i in range(CONNECTIONS)]
        asking = asyncio.gather(*(client.run() for client in clients))
        faults = []
        for _ in range(FAULTS):
            await asyncio.sleep(CALM_SECONDS)
            faults.append(time.monotonic())
            trial.harm(running)
            await asyncio.sleep(FAULT_SECONDS)
        await asking
        running.stop()
    return figures(trial.name, clients, faults, running.account)


def figures(name: str, clients: list[Client], faults: list[float], account: Mapping[str, int]) -> dict[str, Any]:
    took = [pair for client in clients for pair in client.took]
    failed = [due for client in clients for due in client.failed]

    def disturbed(due: float) -> bool:
        return any(fault <= due < fault + FAULT_SECONDS for fault in faults)

    calm = sorted(seconds for due, seconds in took if not disturbed(due))
    after = sorted(seconds for due, seconds in took if disturbed(due))
    accounted = sum(account[key] for key in ("sampled_out", "dropped", "analysed", "undecodable"))
    return {
        "trial": name,
        "asked": len(took) + len(failed),
        "failed": len(failed),
        "failed_a_fault": len(failed) / len(faults),
        "calm_p50_ms": 1e3 * statistics.median(calm),
        "calm_p99_ms": 1e3 * calm[int(0.99 * len(calm))],
        "fault_p50_ms": 1e3 * statistics.median(after),
        "fault_p99_ms": 1e3 * after[int(0.99 * len(after))],
        "gap_ms": 1e3 * statistics.median(_gap(took, fault) for fault in faults),
        "unaccounted": account["received"] - accounted,
    }


def _gap(took: list[tuple[float, float]], fault: float) -> float:
    """The longest time after a fault in which no answer came."""
    ends = sorted(due + seconds for due, seconds in took if fault - 0.1 <= due + seconds < fault + FAULT_SECONDS)
    return max(after - before for before, after in pairwise(ends))


def page(results: list[dict[str, Any]]) -> str:
    rows = "\n".join(
        f"| {r['trial']} | {r['asked']:,} | {r['failed']} | {r['failed_a_fault']:.1f} | {r['calm_p50_ms']:.2f} / "
        f"{r['calm_p99_ms']:.2f} | {r['fault_p50_ms']:.2f} / {r['fault_p99_ms']:.2f} | {r['gap_ms']:.0f} "
        f"| {r['unaccounted']} |"
        for r in results
    )
    today, load = datetime.datetime.now(datetime.UTC).date(), os.getloadavg()[0] / (os.cpu_count() or 1)
    return f"""# Faults under load

{today}, Python {platform.python_version()}, {os.cpu_count()} cores at load {load:.1f} per core (`make relay-faults`).
The whole sidecar (one relay worker unless it says two; the observer decodes and stores) before an nginx, {RATE:,}
requests of 1 KB a second over {CONNECTIONS} keep-alive connections, open loop: a request is timed from when it was due.
{FAULTS} faults in each run; "after" is what was due within {FAULT_SECONDS:g} s of one, "calm" all else of the same run.
The gap is the median over the faults of the longest time without any answer. A killed worker takes the requests under
way with it.

| what is done | asked | failed | failed a fault | calm p50 / p99 ms | after p50 / p99 ms | gap ms | unaccounted |
|---|---|---|---|---|---|---|---|
{rows}
"""


async def main() -> int:
    parser = argparse.ArgumentParser(description="What clients notice of faults in the sidecar.")
    parser.add_argument("--only", default="", help="trials whose name holds this")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        peer, _ = upstream(Path(folder), (os.cpu_count() or 1) - 1, body=ANSWER)
        try:
            for number, trial in enumerate(trial for trial in TRIALS if options.only in trial.name):
                place = Path(folder) / str(number)
                place.mkdir()
                results.append(await tried(place, trial, peer.port))
                print(json.dumps(results[-1]), flush=True)
        finally:
            peer.stop()
    if not options.only:
        PAGE.write_text(page(results))
        PAGE.with_suffix(".json").write_text(json.dumps(results, indent=2) + "\n")
    print(page(results))
    return int(any(result["unaccounted"] for result in results))


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
