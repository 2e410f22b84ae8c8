"""A million requests a second: `python -m bench.fleet_scale [--replicas 10000] [--regions 10] [--rounds 3]`.

Ten thousand simulated replicas of a hundred requests a second each, on a real PostgreSQL: judged by one fleet over one
store, and by a tree (a store and a fleet for each region, whose merged windows go up to one more). What the two judged
must be equal. Rounds are interleaved, and one before them is not counted. Windows are written in bulk: what writing
them one by one costs is in `bench.fleet`. Writes docs/benchmarks/fleet_scale.{md,json}; asserts no time.
"""

import argparse
import resource
import statistics
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
from sqlalchemy import insert, select

from bench.database import postgresql
from bench.fleet_worlds import RECEIVED, patterns, reference_of
from bench.sections import machine, publish
from sentinel.app.fleet import FleetJudge, Forwarder
from sentinel.app.verdicts import policy_options
from sentinel.config import Settings
from sentinel.fleet import Fleet, PeriodJudge
from sentinel.fleet.periods import Timing
from sentinel.fleet.siblings import Siblings
from sentinel.judge.policy import Policy
from sentinel.reference.frozen import FrozenReference
from sentinel.store import SqlStore, open_store
from sentinel.store.codec import window_row
from sentinel.store.schema import windows
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import WindowKey
from tests.support.fleet import Lead
from tests.support.postgres import Postgres

PERIOD = 60.0
TIMING = Timing(PERIOD, 1.0, 20.0)
AT_ONCE = 500
Figures = dict[str, Any]


def write(store: SqlStore, made: list[ClosedWindow], replicas: range, minute: int) -> None:
    """A period's windows of these replicas, as their sidecars would have left them."""

    def row(number: int) -> dict[str, Any]:
        start = minute * PERIOD
        pattern = made[(number * 31 + minute * 17) % len(made)]
        own = replace(pattern, key=WindowKey("m", "1", f"r{number:05}"), start=start, end=start + PERIOD)
        return window_row(own, "window", "waiting")

    for first in range(replicas.start, replicas.stop, AT_ONCE):
        with store.database.write() as connection:
            connection.execute(insert(windows), [row(n) for n in range(first, min(first + AT_ONCE, replicas.stop))])


def fleet(store: SqlStore, judge: PeriodJudge, reference: FrozenReference) -> Fleet:
    siblings = Siblings(reference, Policy(**policy_options(Settings())))
    return Fleet(store.database, judge, Lead(), TIMING, reference, siblings)


def judged(leader: Fleet, minute: int) -> tuple[float, float]:
    """Seconds of one period, by the clock and of CPU."""
    leader.step((minute + 1) * PERIOD)  # seen; due when nobody is waited for any longer
    begun, spent = time.perf_counter(), time.process_time()
    progress = leader.step((minute + 1) * PERIOD + 21)
    assert len(progress.judged) == 1, progress
    return time.perf_counter() - begun, time.process_time() - spent


def merged(store: SqlStore, minute: int) -> ClosedWindow:
    chosen = select(windows.c.sketch).where(windows.c.replica == "*", windows.c.started_at == minute * PERIOD)
    with store.database.read() as connection:
        return ClosedWindow.from_bytes(connection.execute(chosen).scalar_one())


def measure(server: Postgres, replicas: int, regions: int, rounds: int) -> Figures:
    random = np.random.default_rng(1)
    reference = reference_of(random)
    made = patterns(reference, random, 64)
    options = policy_options(Settings())
    stores = {
        name: open_store(server.create(name)) for name in ("single", "world", *map("region{}".format, range(regions)))
    }
    single = fleet(stores["single"], FleetJudge(reference, options), reference)
    world = fleet(stores["world"], FleetJudge(reference, options), reference)
    below = [
        fleet(stores[f"region{number}"], Forwarder(stores["world"], f"region{number}"), reference)
        for number in range(regions)
    ]
    share = replicas // regions
    times: dict[str, list[tuple[float, float]]] = {"single": [], "region": [], "world": []}
    for minute in range(rounds + 1):
        write(stores["single"], made, range(replicas), minute)
        times["single"].append(judged(single, minute))
        for number, leader in enumerate(below):
            write(stores[f"region{number}"], made, range(number * share, (number + 1) * share), minute)
            times["region"].append(judged(leader, minute))
        times["world"].append(judged(world, minute))
        one, tree = merged(stores["single"], minute), merged(stores["world"], minute)
        assert one == tree
        assert one.traffic.received == RECEIVED * replicas
        print(f"round {minute}: {times['single'][-1][0]:.1f} s", file=sys.stderr)
    for store in stores.values():
        store.close()
    return {
        name: dict(zip(("seconds", "cpu"), map(statistics.median, zip(*found[1:], strict=True)), strict=True))
        for name, found in times.items()
    } | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}


def page(figures: Figures) -> str:
    replicas, regions, found = figures["replicas"], figures["regions"], figures["found"]
    names = {
        "single": f"one fleet over {replicas:,} replicas",
        "region": f"one of {regions} regions, {replicas // regions:,} replicas each",
        "world": f"the fleet above them, {regions} regions",
    }
    lines = [
        f"| {what} | {found[name]['seconds']:.2f} s | {found[name]['cpu']:.2f} s |" for name, what in names.items()
    ]
    return f"""# A million requests a second

{figures["date"]}, Python {figures["python"]}, PostgreSQL with fsync, {figures["cores"]} shared cores
(`make bench-fleet-scale`). {replicas:,} simulated replicas of {RECEIVED / 60:.0f} requests a second, 50 features, one
window a minute: {replicas * RECEIVED / 60:,.0f} requests a second. Time of a leader for one period, from its look for
what waits to its commit and the comparison of siblings; median of {figures["rounds"]} rounds.

| | one period | of it CPU |
|---|---|---|
{chr(10).join(lines)}

The window that the tree judged equals the one that the single fleet judged, in every round. All leaders together were
one process of at most {found["peak_mb"]:,.0f} MB.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Ten thousand replicas, judged by one fleet and by a tree of fleets.")
    parser.add_argument("--replicas", type=int, default=10_000)
    parser.add_argument("--regions", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with postgresql() as server:
        found = measure(server, arguments.replicas, arguments.regions, arguments.rounds)
    figures: Figures = {
        **machine(),
        **vars(arguments),
        "found": found,
    }
    publish("fleet_scale", page(figures), figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
