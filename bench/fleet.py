"""How the fleet grows: `python -m bench.fleet [--replicas 10 100 300 1000] [--rounds 5] [--minutes 60]`.

A real PostgreSQL with fsync. Replicas are simulated: four processes write the windows of all of them, each window in a
transaction of its own, as sidecars do. Rounds are interleaved over fleet sizes. Beside the leader's time stands a bare
baseline: reading the same sketches with psycopg and nothing else. Then an hour of 1,000 replicas is written and judged
as one backlog. Writes docs/benchmarks/fleet.{md,json}; asserts no time.
"""

import argparse
import multiprocessing
import statistics
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg

from bench.database import postgresql, version
from bench.fleet_worlds import patterns, reference_of
from bench.sections import machine, publish
from sentinel.app.fleet import FleetJudge
from sentinel.app.verdicts import policy_options
from sentinel.config import Settings
from sentinel.drift.scores import score
from sentinel.fleet import Fleet
from sentinel.fleet.periods import Timing
from sentinel.fleet.siblings import Siblings
from sentinel.judge.policy import Policy
from sentinel.store import Selection, SqlStore, WindowRecord, open_store
from sentinel.windows.window import WindowKey
from tests.support.fleet import Lead

WRITERS = 4
HOUR_REPLICAS = 1000
PERIOD = 60.0
TIMING = Timing(PERIOD, 1.0, 20.0)
Figures = dict[str, Any]
CONTEXT = multiprocessing.get_context("fork")


def write_share(url: str, made: list[WindowRecord], model: str, replicas: range, minutes: range) -> None:
    """Some replicas' windows of some minutes, with their scores, as members of a fleet write them."""
    store = open_store(url)
    for minute in minutes:
        for replica in replicas:
            pattern = made[(replica * 31 + minute * 17) % len(made)]
            start = minute * PERIOD
            key = WindowKey(model, "1", f"r{replica:05}")
            window = replace(pattern.window, key=key, start=start, end=start + PERIOD)
            store.commit_window(replace(pattern, window=window))
    store.close()


def write_all(url: str, made: list[WindowRecord], model: str, replicas: int, minutes: range) -> float:
    """Seconds that WRITERS processes took for the windows of all replicas."""
    begun = time.perf_counter()
    shares = [
        CONTEXT.Process(target=write_share, args=(url, made, model, range(first, replicas, WRITERS), minutes))
        for first in range(WRITERS)
    ]
    for share in shares:
        share.start()
    for share in shares:
        share.join()
    return time.perf_counter() - begun


def bare_read(url: str, model: str, start: float) -> float:
    """Seconds to fetch a period's sketches and nothing else."""
    with psycopg.connect(url) as connection:
        begun = time.perf_counter()
        connection.execute(
            "SELECT sketch FROM windows WHERE model = %s AND started_at = %s AND replica <> '*'", (model, start)
        ).fetchall()
        return time.perf_counter() - begun


def rounds(
    fleet: Fleet, url: str, made: list[WindowRecord], sizes: list[int], count: int
) -> dict[int, dict[str, float]]:
    """Median seconds of judging one period of each fleet size, by the clock and of CPU, and of the bare read."""
    judged: dict[int, list[float]] = {size: [] for size in sizes}
    bare: dict[int, list[float]] = {size: [] for size in sizes}
    spent: dict[int, list[float]] = {size: [] for size in sizes}
    for minute in range(count + 1):
        for size in sizes:
            model = f"m{size}"
            write_all(url, made, model, size, range(minute, minute + 1))
            bare[size].append(bare_read(url, model, minute * PERIOD))
            fleet.step((minute + 1) * PERIOD)
            begun = time.process_time()
            progress = fleet.step((minute + 1) * PERIOD + 21)
            spent[size].append(time.process_time() - begun)
            assert len(progress.judged) == 1, progress
            judged[size].append(progress.judging_seconds)
            print(f"\rround {minute}, {size} replicas: {progress.judging_seconds:.3f} s   ", end="", file=sys.stderr)
    median = statistics.median
    measured = {"judge": judged, "cpu": spent, "bare": bare}
    return {size: {name: median(found[size][1:]) for name, found in measured.items()} for size in sizes}


def an_hour(
    fleet: Fleet, store: SqlStore, url: str, made: list[WindowRecord], size: int, minutes: int
) -> dict[str, float]:
    """An hour of a large fleet, written at once and judged as a backlog."""
    first = 1000
    halves = [range(first, first + minutes // 2), range(first + minutes // 2, first + minutes)]
    writing = [write_all(url, made, "hour", size, half) for half in halves]
    now = (first + minutes + 10) * PERIOD
    begun, judged = time.perf_counter(), 0
    while judged < minutes:
        progress = fleet.step(now)
        judged += len(progress.judged)
        assert progress.late == 0, progress
        now += 21
    judging = time.perf_counter() - begun
    merged = store.list_windows(Selection(model="hour", replica="*"))
    own = size * minutes
    assert sum(row["received"] for row in merged) == 6_000 * own
    return {
        "windows": own,
        "written_per_second_first_half": own / 2 / writing[0],
        "written_per_second_second_half": own / 2 / writing[1],
        "judging_seconds_per_minute_of_traffic": judging / minutes,
    }


def sizes_on_disk(url: str) -> dict[str, float]:
    with psycopg.connect(url) as connection:
        connection.execute("ANALYZE windows")
        row = connection.execute(
            "SELECT pg_total_relation_size('windows'), pg_total_relation_size('window_features'), avg(length(sketch)), "
            "count(*)::float8 FROM windows WHERE replica <> '*'"
        ).fetchone()
    assert row is not None
    own, features, sketch, count = row
    return {"bytes_per_window": own / count, "feature_bytes": features / count, "sketch_bytes": float(sketch)}


def page(figures: Figures, sizes: dict[int, Figures], hour: Figures, disk: Figures) -> str:
    ordered = sorted(sizes)
    lines = []
    for before, size in zip([None, *ordered], ordered, strict=False):
        judge, cpu, bare = (sizes[size][name] for name in ("judge", "cpu", "bare"))
        more = f"{(cpu - sizes[before]['cpu']) / (size - before) * 1e6:,.0f} µs" if before else ""
        cells = (f"{size:,}", f"{judge * 1e3:,.0f} ms", f"{cpu * 1e3:,.0f} ms", more, f"{bare * 1e3:,.1f} ms")
        lines.append(f"| {' | '.join(cells)} | {judge / bare:.1f} |")
    first, second = hour["written_per_second_first_half"], hour["written_per_second_second_half"]
    return f"""# The fleet

{figures["date"]}, Python {figures["python"]}, PostgreSQL {figures["postgresql"]} with fsync, {figures["cores"]} shared
cores (`make bench-fleet`). Simulated replicas, 50 features, one window a minute each. Times are those of the leader for
one period: look for what waits, read all sketches, merge, score, judge, commit, compare siblings. Medians of
{figures["rounds"]} rounds, interleaved over the sizes; a bare read of the same sketches with psycopg beside them.

| replicas | one period | of it CPU | CPU of each replica more | bare read | ratio |
|---|---|---|---|---|---|
{chr(10).join(lines)}

An hour of 1,000 replicas ({hour["windows"]:,} windows) was written by {WRITERS} processes, one transaction a window,
at {first:,.0f} windows/s in its first half and {second:,.0f} in its second, then judged as one backlog in
{hour["judging_seconds_per_minute_of_traffic"]:.2f} s for each minute of traffic; every exchange was counted once.
A window takes {disk["bytes_per_window"]:,.0f} bytes with its indexes, {disk["sketch_bytes"]:,.0f} of them its sketch
({disk["sketch_bytes"] / 50:,.0f} a feature), and the plain columns of its features {disk["feature_bytes"]:,.0f} more.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="The fleet over many simulated replicas.")
    parser.add_argument("--replicas", type=int, nargs="+", default=[10, 100, 300, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=int, default=60)
    arguments = parser.parse_args()
    with postgresql() as server:
        url = server.create("fleet")
        random = np.random.default_rng(1)
        reference = reference_of(random)
        made = [WindowRecord(window, score(reference, window)) for window in patterns(reference, random, 64)]
        store = open_store(url)
        options = policy_options(Settings())
        siblings = Siblings(reference, Policy(**options))
        fleet = Fleet(store.database, FleetJudge(reference, options), Lead(), TIMING, reference, siblings)
        sizes = rounds(fleet, url, made, arguments.replicas, arguments.rounds)
        hour = an_hour(fleet, store, url, made, HOUR_REPLICAS, arguments.minutes)
        disk = sizes_on_disk(url)
        known = version(url)
        store.close()
    print(file=sys.stderr)
    figures: Figures = {
        **machine(),
        "postgresql": known,
        "rounds": arguments.rounds,
    }
    more = {"sizes": sizes, "hour": hour, "disk": disk}
    publish("fleet", page(figures, sizes, hour, disk), figures | more)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
