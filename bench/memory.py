"""Resident memory of every process of the sidecar: `python -m bench.memory [--seconds 60]`.

A reference of 50 features over 20,000 rows, a model server that answers at once, 200 requests of 4 rows a second
through the relay with the default sampling, windows of 5 s. Memory is read from /proc every second; steady is the
median of the last third. Beside it the proportional set: pages of libraries that processes share are counted once,
divided among them. Then what importing the observer's parts costs, in an interpreter that does nothing else. Prints the
tables and writes docs/benchmarks/memory.{md,json}.
"""

import argparse
import csv
import datetime
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np

from sentinel.relay.lives import OBSERVER_ENVIRONMENT
from tests.support.model_stub import Stub, model_stub
from tests.support.sidecar_process import Sidecar, configuration, running

PAGE = Path(__file__).parent.parent / "docs/benchmarks/memory.md"
NUMERIC, CATEGORICAL = 40, 10
CATEGORIES = 12
REFERENCE_ROWS = 20_000
ROWS = 4
REQUESTS_PER_SECOND = 200
REQUESTS = 4_000  # different ones, sent in turn
WINDOW_SECONDS = 5.0
GOALS_MB = {"observer": 75, "relay": 30}
MEGABYTE = 1e6
PARTS = ("asyncio", "uvloop", "numpy", "numpy.random", "sqlalchemy", "aiohttp.web", "prometheus_client", "msgspec")
OBSERVER = "sentinel.app.__main__"
IMPORTING = """
import importlib, os, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    with open("/proc/self/statm") as file:
        print(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
"""


def table(rows: int, rng: np.random.Generator) -> dict[str, list[float] | list[str]]:
    columns: dict[str, list[float] | list[str]] = {f"n{i}": rng.normal(size=rows).tolist() for i in range(NUMERIC)}
    for i in range(CATEGORICAL):
        columns[f"c{i}"] = [f"k{k}" for k in rng.integers(CATEGORIES, size=rows)]
    return columns


def build_reference(folder: Path, rng: np.random.Generator) -> Path:
    columns = table(REFERENCE_ROWS, rng) | {"y": rng.random(REFERENCE_ROWS).tolist()}
    with (folder / "training.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    path = folder / "reference.sentinel"
    build = [sys.executable, "-m", "sentinel.cli", "reference", "build", str(folder / "training.csv")]
    subprocess.run([*build, "--output", str(path), "--name", "stub", "--prediction", "y"], check=True)
    return path


def bodies(rng: np.random.Generator) -> list[bytes]:
    """Requests to send in turn: so many that their rows are within tolerance of the reference."""
    columns = table(REQUESTS * ROWS, rng)
    return [request(columns, slice(i * ROWS, (i + 1) * ROWS)) for i in range(REQUESTS)]


def request(columns: dict[str, list[float] | list[str]], rows: slice) -> bytes:
    inputs = [
        {
            "name": name,
            "datatype": "FP64" if name.startswith("n") else "BYTES",
            "shape": [ROWS, 1],
            "data": values[rows],
        }
        for name, values in columns.items()
    ]
    return json.dumps({"inputs": inputs}).encode()


def answers(rng: np.random.Generator) -> list[bytes]:
    outputs = [
        {"name": "y", "datatype": "FP64", "shape": [ROWS], "data": rng.random(ROWS).tolist()} for _ in range(REQUESTS)
    ]
    return [json.dumps({"model_name": "stub", "model_version": "1", "outputs": [o]}).encode() for o in outputs]


def processes(supervisor: int) -> dict[str, int]:
    """Role -> pid of the supervisor and its children."""
    found = {"supervisor": supervisor}
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    for pid in map(int, children):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        found["observer" if "sentinel.app" in words else "relay"] = pid
    return found


def held_mb(pid: int) -> dict[str, float]:
    """Resident and proportional set."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    sizes = {line.split()[0]: int(line.split()[1]) * 1024 / MEGABYTE for line in lines}
    return {"rss": sizes["Rss:"], "pss": sizes["Pss:"]}


def imports_mb() -> dict[str, float]:
    """Resident memory that each part adds when it is imported after those before it."""
    parts = ("sys", *PARTS, OBSERVER)
    environment = {**os.environ, **OBSERVER_ENVIRONMENT}
    output = subprocess.check_output([sys.executable, "-c", IMPORTING, *parts], env=environment, text=True)
    sizes = [int(line) / MEGABYTE for line in output.split()]
    added = [sizes[0], *(after - before for before, after in pairwise(sizes))]
    return dict(zip(("Python", *PARTS, "sentinel and the rest"), added, strict=True))


Seen = dict[str, list[dict[str, float]]]


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (10⁶ bytes)."""
    return held_mb(pid)["rss"]


def measure(sidecar: Sidecar, stub: Stub, rng: np.random.Generator, seconds: float) -> Seen:
    """Megabytes of each process, once a second, under traffic."""
    requests, replies = bodies(rng), answers(rng)
    seen = defaultdict(list)
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.traffic)
    begun = time.monotonic()
    sent = 0
    while (elapsed := time.monotonic() - begun) < seconds:
        time.sleep(max(0.0, sent / REQUESTS_PER_SECOND - elapsed))
        stub.answer = replies[sent % REQUESTS]
        connection.request("POST", "/v2/models/stub/infer", requests[sent % REQUESTS])
        connection.getresponse().read()
        sent += 1
        if elapsed >= len(seen["observer"]):
            for role, pid in processes(sidecar.process.pid).items():
                seen[role].append(held_mb(pid))
    return seen


def page(seen: Seen, seconds: float, analysed: float, incidents: float) -> str:
    lines = []
    added = imports_mb()
    imported = " | ".join(f"{size:.1f}" for size in added.values())
    for role, values in seen.items():
        last = values[len(values) * 2 // 3 :]
        steady, shared = (statistics.median(value[kind] for value in last) for kind in ("rss", "pss"))
        most = max(value["rss"] for value in values)
        goal = f"≤ {GOALS_MB[role]}" if role in GOALS_MB else "–"
        lines.append(f"| {role} | {values[0]['rss']:.0f} | {steady:.0f} | {most:.0f} | {goal} | {shared:.0f} |")
    today = datetime.datetime.now(datetime.UTC).date()
    return f"""# Memory of the sidecar

{today}, Python {platform.python_version()}, {os.cpu_count()} cores (`python -m bench.memory`). {NUMERIC + CATEGORICAL}
features and a prediction, {REQUESTS_PER_SECOND} requests of {ROWS} rows a second for {seconds:.0f} s, {analysed:,.0f}
exchanges analysed, {incidents:.0f} incidents, windows of {WINDOW_SECONDS:.0f} s, SQLite.
Resident memory in MB (10⁶ bytes). The last column is the proportional set: pages of libraries that several processes
hold are divided among them.

| process | first second | steady | most | goal | steady, proportional |
|---|---|---|---|---|---|
{chr(10).join(lines)}

What the observer imports, in the order in which each adds its part; the rest of its memory is the reference, windows,
evidence and series.

| {" | ".join(added)} | all |
|{"---|" * (len(added) + 1)}
| {imported} | {sum(added.values()):.1f} |
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Resident memory of the sidecar's processes.")
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="sentinel-memory-") as name, model_stub() as stub:
        folder = Path(name)
        reference = {"path": str(build_reference(folder, rng))}
        document = configuration(folder, stub.address, reference=reference, window={"seconds": WINDOW_SECONDS})
        del document["capture"]
        with running(folder, document) as sidecar:
            seen = measure(sidecar, stub, rng, arguments.seconds)
            analysed = sidecar.metrics("sentinel_exchanges_total", "outcome")["analysed"]
            incidents = sidecar.total("sentinel_incidents_total")
    text = page(seen, arguments.seconds, analysed, incidents)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    PAGE.with_suffix(".json").write_text(json.dumps(seen, indent=1) + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
