"""The loads of the relay benchmark: each drives one port for some seconds and gives one figure or a few."""

import json
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.relay_peers import ROOT, Peer

REQUEST_BYTES = 1024
TOLERATED_FAILURES = 0.01  # nginx answers 502 to a few gRPC calls when its upstream connection was just recycled
GET = """wrk.path = "/megabyte"
"""
POST = """wrk.method = "POST"
wrk.path = "/v2/models/m/infer"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.rep("x", {size})
"""


@dataclass(frozen=True)
class Paced:
    """At a fixed rate: median time in µs, CPU of the relay in µs a request."""

    p50_us: float
    p99_us: float
    cpu_us: float


def wrk(folder: Path, peer: Peer, cores: str, *, size: int, connections: int, seconds: float) -> float:
    """Requests of `size` bytes per second, as many under way as connections; size 0: answers of 1 MB."""
    script = folder / f"load{size}.lua"
    script.write_text(POST.format(size=size) if size else GET)
    command = ["taskset", "-c", cores, "wrk", "-t2", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout=20s"]
    output = subprocess.run(
        [*command, "-s", str(script), f"http://127.0.0.1:{peer.port}"], capture_output=True, text=True, check=True
    ).stdout
    if failed := re.search(r"Socket errors:.*|Non-2xx.*", output):
        raise RuntimeError(f"{peer.name}: {failed.group()}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    assert found is not None
    return float(found.group(1))


def grpc(folder: Path, peer: Peer, cores: str, *, clients: int, streams: int, seconds: float) -> float:
    """gRPC unary calls per second over `clients` connections of `streams` calls under way each."""
    body = folder / "grpc.body"
    body.write_bytes(b"\0" + (100).to_bytes(4, "big") + b"m" * 100)
    headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    command = [
        "taskset",
        "-c",
        cores,
        "h2load",
        "-t2",
        f"-c{clients}",
        f"-m{streams}",
        f"-D{seconds:g}",
        "-d",
        str(body),
    ]
    url = f"http://127.0.0.1:{peer.port}/inference.GRPCInferenceService/ModelInfer"
    if clients == 1:
        command[command.index("-t2")] = "-t1"
    output = subprocess.run([*command, *headers, url], capture_output=True, text=True, check=True).stdout
    found = re.search(r"finished in [^,]+, ([\d.]+) req/s", output)
    counted = re.search(r"(\d+) done, \d+ succeeded, (\d+) failed", output)
    assert found is not None
    assert counted is not None
    if int(counted.group(2)) > TOLERATED_FAILURES * int(counted.group(1)):
        raise RuntimeError(f"{peer.name}: {output}")
    return float(found.group(1))


def paced(folder: Path, peer: Peer, cores: str, *, rate: int, clients: int, seconds: float) -> Paced:
    """Requests of 1 KB at a fixed rate over keep-alive connections."""
    body, log = folder / "paced.body", folder / "paced.log"
    body.write_bytes(b"x" * REQUEST_BYTES)
    log.unlink(missing_ok=True)
    command = ["taskset", "-c", cores, "h2load", "--h1", f"-c{clients}", f"--rps={rate / clients:g}", f"-D{seconds:g}"]
    before = peer.cpu_ns() if peer.pids else 0
    subprocess.run(
        [*command, "-d", str(body), f"--log-file={log}", f"http://127.0.0.1:{peer.port}/v2/models/m/infer"],
        capture_output=True,
        check=True,
    )
    cpu = (peer.cpu_ns() - before) if peer.pids else 0
    times = [int(line.split("\t")[2]) for line in log.read_text().splitlines() if line.split("\t")[1] == "200"]
    times.sort()
    return Paced(statistics.median(times), times[int(0.99 * len(times))], cpu / 1000 / len(times))


def events(peer: Peer, cores: str, *, seconds: float) -> float:
    """Median delay in µs of 25,000 server-sent events a second over 250 streams."""
    command = ["taskset", "-c", cores, sys.executable, "-m", "bench.relay_sse", "hear", str(peer.port), f"{seconds:g}"]
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return float(json.loads(output)["p50_us"])


def settle(seconds: float = 0.1) -> None:
    """Let closed connections drain before the next measurement."""
    time.sleep(seconds)
