"""What a window costs in the store: `python -m bench.fleet_store [--windows 1440]`.

Bytes at rest and milliseconds a commit, on SQLite and on a real PostgreSQL with fsync, with 50 scored features a
window; the bare baseline is one row with one sketch of the same size, inserted by the driver alone, interleaved.
Writes docs/benchmarks/store.{md,json}; asserts no time.
"""

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from bench.fleet_worlds import patterns, reference_of
from bench.sections import machine, publish
from sentinel.app.fleet import FleetJudge
from sentinel.app.verdicts import policy_options
from sentinel.config import Settings
from sentinel.store import Retention, SqlStore, WindowRecord, open_store
from sentinel.store.profile import profiles
from sentinel.store.retention import DAY
from sentinel.windows.window import WindowKey
from tests.support.postgres import Postgres, binaries

MINUTE = 60.0


def records(count: int) -> list[WindowRecord]:
    """A day of one model's judged windows, each with 50 scored features."""
    random = np.random.default_rng(2)
    reference = reference_of(random)
    made = patterns(reference, random, 32)
    judge, state, found = FleetJudge(reference, policy_options(Settings())), None, []
    for number in range(count):
        start = number * MINUTE
        window = replace(made[number % 32], key=WindowKey("m", "1", "r"), start=start, end=start + MINUTE)
        record = judge.judge(window, state, start)
        state = record.judge_state
        found.append(replace(record, profiles=profiles(reference, window)))
    return found


def timed(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(
    store: SqlStore, made: list[WindowRecord], bare: Callable[[bytes], Any], size: Callable[[], int]
) -> dict[str, float]:
    """Commit all, a bare insert after each; then forget them."""
    commits, bares = [], []
    for record in made:
        commits.append(timed(lambda record=record: store.commit_window(record)))  # type: ignore[misc]
        bares.append(timed(lambda record=record: bare(record.window.to_bytes())))  # type: ignore[misc]
    full = size()
    moving = timed(lambda: [None for _ in iter(lambda: store.forget(9 * DAY, Retention()), 0)])
    return {
        "commit_ms": statistics.median(commits) * 1e3,
        "bare_ms": statistics.median(bares) * 1e3,
        "bytes_per_window": full / len(made),
        "sketch_bytes": statistics.mean(len(record.window.to_bytes()) for record in made),
        "forget_ms_per_window": moving / len(made) * 1e3,
    }


def on_sqlite(made: list[WindowRecord], folder: Path) -> dict[str, float]:
    store = open_store(f"sqlite:///{folder}/sentinel.db")
    driver = sqlite3.connect(folder / "bare.db", isolation_level=None)
    driver.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE bare (sketch BLOB)")

    def size() -> int:
        with store.database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("BEGIN")
        return (folder / "sentinel.db").stat().st_size

    return measure(store, made, lambda data: driver.execute("INSERT INTO bare VALUES (?)", (data,)), size)


def on_postgres(made: list[WindowRecord], server: Postgres) -> dict[str, float]:
    url = server.create("store")
    store = open_store(url)
    driver = psycopg.connect(url, autocommit=True)
    driver.execute("CREATE TABLE bare (sketch bytea)")
    tables = ("windows", "window_features", "verdicts", "audit", "judge_state")

    def size() -> int:
        driver.execute(
            "VACUUM FULL judge_state"
        )  # one row, renewed with every window: autovacuum bounds its old versions
        sums = " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
        row = driver.execute(f"SELECT {sums}").fetchone()
        return int(row[0]) if row else 0

    return measure(store, made, lambda data: driver.execute("INSERT INTO bare VALUES (%s)", (data,)), size)


def page(figures: dict[str, Any]) -> str:
    lines = []
    for name, f in figures["databases"].items():
        times = f"{f['commit_ms']:.1f} ms | {f['bare_ms']:.1f} ms | {f['commit_ms'] / f['bare_ms']:.1f}"
        size = f"{f['bytes_per_window']:,.0f} | {f['bytes_per_window'] * 1440 / 1e6:.1f} MB"
        lines.append(f"| {name} | {times} | {size} | {f['forget_ms_per_window']:.2f} ms |")
    sketch = figures["databases"]["SQLite"]["sketch_bytes"]
    return f"""# The store

{figures["date"]}, Python {figures["python"]}, {figures["cores"]} shared cores (`make bench-store`).
{figures["windows"]:,} judged windows of one model and version with 50 features, each committed alone with its scores,
profiles, verdict and judge state; a bare insert of the same sketch by the driver stands beside it, interleaved.
Medians. Both with fsync.

| database | commit | bare insert | ratio | bytes a window | a day of minutes | moving it into its hour |
|---|---|---|---|---|---|---|
{chr(10).join(lines)}

The sketch is {sketch:,.0f} bytes, {sketch / 50:,.0f} a feature. Seven days of single windows, the default, are seven
times the last but one column for each model, version and replica.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="What a window costs in the store.")
    parser.add_argument("--windows", type=int, default=1440)
    arguments = parser.parse_args()
    made = records(arguments.windows)
    with tempfile.TemporaryDirectory(prefix="sentinel-bench-") as folder:
        databases = {"SQLite": on_sqlite(made, Path(folder))}
    installed = binaries()
    if installed is None:
        print("PostgreSQL is not installed; SQLite alone is measured", file=sys.stderr)
    else:
        server = Postgres(installed, durable=True)
        server.start()
        try:
            databases["PostgreSQL"] = on_postgres(made, server)
        finally:
            server.stop()
            server.remove()
    figures: dict[str, Any] = {
        **machine(),
        "windows": arguments.windows,
        "databases": databases,
    }
    publish("store", page(figures), figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
