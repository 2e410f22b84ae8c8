"""A day of windows in minutes: does memory stay flat? `make memory-day`.

2,000 requests of 1 KB a second (open loop) go through the whole sidecar for six minutes in windows of a quarter of a
second: 1,440 of them, a day's number of one-minute windows, each counted, scored, judged, stored and shown. Resident
memory of each process is read every second; the last "hour" (1/24 of the run) is compared with the second one. Writes
docs/benchmarks/memory_day.{md,json}; ends with 1 when a process grew by more than 5 %.
"""

import argparse
import asyncio
import contextlib
import datetime
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import uvloop

from bench.memory import processes, resident_mb
from bench.relay_faults import ANSWER, CONNECTIONS, RATE, Client, requests_of
from bench.relay_peers import upstream
from sentinel import Reference
from tests.support.sidecar_process import Sidecar, configuration, running

PAGE = Path(__file__).parent.parent / "docs/benchmarks/memory_day.md"
WINDOWS = 1440
WINDOW_SECONDS = 0.25
HOURS = 24
GROWTH = 1.05
FEATURES = 110
REFERENCE_ROWS = 20_000
DIFFERENT = 2_000  # requests, sent in turn
START_SECONDS = 3.0


def reference(folder: Path, rng: np.random.Generator) -> Path:
    path = folder / "reference.sentinel"
    columns = {f"x_{i}": rng.normal(size=REFERENCE_ROWS).round(4) for i in range(FEATURES)}
    Reference.build(columns, name="m", version="1").save(path)
    return path


async def load(sidecar: Sidecar, requests: list[bytes], seconds: float) -> dict[str, list[float]]:
    """Megabytes of each process, once a second, while the clients ask."""
    start = time.monotonic() + 0.1
    address = ("127.0.0.1", sidecar.traffic)
    clients = [Client(address, start + i / RATE, start + seconds, requests[i::CONNECTIONS]) for i in range(CONNECTIONS)]
    asking = asyncio.gather(*(client.run() for client in clients))
    seen = defaultdict(list)
    while not asking.done():
        for role, pid in processes(sidecar.process.pid).items():
            seen[role].append(resident_mb(pid))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asking), 1.0)
    failed = sum(len(client.failed) for client in clients)
    if failed:
        raise RuntimeError(f"{failed} requests failed while nothing was done to the sidecar")
    return seen


def hour(values: list[float], number: int) -> float:
    """Median of an "hour", from 0; -1 is the last."""
    return statistics.median(np.array_split(np.array(values), HOURS)[number])


def page(seen: dict[str, list[float]], windows: float, analysed: float) -> str:
    rows = "\n".join(
        f"| {role} | {hour(values, 1):.1f} | {hour(values, -1):.1f} | {hour(values, -1) / hour(values, 1):.3f} "
        f"| {max(values):.1f} |"
        for role, values in seen.items()
    )
    today = datetime.datetime.now(datetime.UTC).date()
    return f"""# A day of windows

{today}, Python {platform.python_version()}, {os.cpu_count()} cores (`make memory-day`). {RATE:,} requests of 1 KB a
second, {FEATURES} features, {windows:,.0f} windows of {WINDOW_SECONDS:g} s, {analysed:,.0f} exchanges analysed,
SQLite. Resident memory in MB (10⁶ bytes): medians of the second and of the last 24th of the run.

| process | second hour | last hour | last / second (goal ≤ {GROWTH:g}) | most |
|---|---|---|---|---|
{rows}
"""


async def main() -> int:
    parser = argparse.ArgumentParser(description="Whether memory stays flat over a day's number of windows.")
    parser.add_argument("--windows", type=int, default=WINDOWS)
    seconds = parser.parse_args().windows * WINDOW_SECONDS
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory(prefix="sentinel-day-") as name:
        folder = Path(name)
        peer, _ = upstream(folder, (os.cpu_count() or 1) - 1, body=ANSWER)
        settings = configuration(folder, f"127.0.0.1:{peer.port}", reference={"path": str(reference(folder, rng))})
        settings |= {"window": {"seconds": WINDOW_SECONDS}, "capture": {"sample_ratio": 0.1}}
        try:
            with running(folder, settings) as sidecar:
                await asyncio.sleep(START_SECONDS)
                seen = await load(sidecar, requests_of(rng.normal(size=(DIFFERENT, FEATURES)).round(4)), seconds)
                windows = sidecar.total("sentinel_windows_total")
                print(
                    sidecar.metrics("sentinel_windows_total", "model"),
                    sidecar.metrics("sentinel_windows_total", "model_version"),
                    sidecar.metrics("sentinel_windows_total", "state"),
                )
                analysed = sidecar.metrics("sentinel_exchanges_total", "outcome")["analysed"]
        finally:
            peer.stop()
    text = page(seen, windows, analysed)
    PAGE.write_text(text)
    PAGE.with_suffix(".json").write_text(json.dumps(seen, indent=1) + "\n")
    print(text)
    return int(any(hour(values, -1) > GROWTH * hour(values, 1) for values in seen.values()))


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
