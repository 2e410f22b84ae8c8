"""Outages that hit the pods of one version by chance: `python -m bench.rollback_outages [--runs 200]`.

The real judge, desk and store, minute by minute: an hour of the version before alone, then an hour of both side by
side, 300 requests a minute each. Writes docs/benchmarks/rollback_outages.{md,json}.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sentinel.config.settings import RollbackSettings, RuleSettings
from sentinel.judge.judge import Judge
from sentinel.judge.policy import ServiceLevels
from sentinel.rollback.desk import Desk
from sentinel.store import WindowRecord, open_store
from sentinel.traffic import bucket_of
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import TrafficCounts, WindowKey
from tests.support.rollback_delivery import target

PAGE = Path(__file__).parent.parent / "docs/benchmarks/rollback_outages.md"
MINUTES, MINUTE_SECONDS, REQUESTS = 60, 60.0, 300
ERROR_RATIO, ACCEPTED_RATIO = 0.003, 0.01
OUTAGE_SHARE, OUTAGE_SECONDS = 0.01, 10.0
"""Minutes with an outage, and how long all requests of a version fail then."""
FOR_SECONDS = (0.0, 60.0, 120.0, 180.0)


@dataclass(frozen=True, slots=True)
class World:
    """error_ratio: of the version under trial. outages: whether there are any; shared: of both versions at once."""

    error_ratio: float = ERROR_RATIO
    outages: bool = True
    shared: bool = False


WORLDS: Mapping[str, World] = {
    "outages of either version": World(),
    "outages of both at once": World(shared=True),
    "errors 0.3 → 3 %": World(0.03, outages=False),
    "errors 0.3 → 10 %": World(0.1, outages=False),
}


def minutes_until_asked(world: World, for_seconds: float, seed: int) -> float:
    """Minutes of the trial until a rollback is asked for; infinite where none is."""
    rng = np.random.default_rng(seed)
    outages = rng.random((2, 2 * MINUTES)) < OUTAGE_SHARE * world.outages
    if world.shared:
        outages[1] = outages[0]
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/store.db")
        rules = (RuleSettings("error_ratio", for_seconds=for_seconds),)
        settings = RollbackSettings(mode="enforce", rules=rules, targets=(target("http://localhost:1/", Path(folder)),))
        judge, desk = Judge(service_levels=ServiceLevels(error_ratio=ACCEPTED_RATIO)), Desk(store, settings)
        try:
            for minute in range(2 * MINUTES):
                for version, ratio in (("1", ERROR_RATIO), ("2", world.error_ratio))[: 1 + (minute >= MINUTES)]:
                    closed = _window(rng, version, minute, ratio, outages[int(version) - 1, minute])
                    verdict = judge.observe(closed)
                    plan = desk.decide(verdict, closed.end, closed)
                    store.commit_window(WindowRecord(closed, {}, verdict, b"", plan.intents, plan.audit))
                    if any(intent.from_version == "2" for intent in plan.intents):
                        return float(minute - MINUTES + 1)
        finally:
            store.close()
    return float("inf")


def _window(rng: np.random.Generator, version: str, minute: int, ratio: float, outage: bool) -> ClosedWindow:
    out = int(REQUESTS * OUTAGE_SECONDS / MINUTE_SECONDS) if outage else 0
    failed = out + int(rng.binomial(REQUESTS - out, ratio))
    traffic = TrafficCounts(
        received=REQUESTS,
        analysed=REQUESTS - failed,
        undecodable={"error_response": failed},
        codes={"2xx": REQUESTS - failed, "5xx": failed},
        latency={bucket_of(0.02): REQUESTS},
    )
    start = minute * MINUTE_SECONDS
    key = WindowKey("fraud", version, "a")
    return ClosedWindow(key, start, start + MINUTE_SECONDS, rows=REQUESTS - failed, reference_id="", traffic=traffic)


Found = dict[str, dict[str, tuple[float, float | None]]]
"""World -> for_seconds -> share of hours with a rollback, and the median minutes until then."""


def measure(runs: int) -> Found:
    found: Found = {}
    for name, world in WORLDS.items():
        found[name] = {}
        for seconds in FOR_SECONDS:
            minutes = [minutes_until_asked(world, seconds, seed) for seed in range(runs)]
            asked = [value for value in minutes if value < float("inf")]
            found[name][f"{seconds:g}"] = len(asked) / runs, statistics.median(asked) if asked else None
            print(name, seconds, found[name][f"{seconds:g}"], flush=True)
    return found


def page(found: Found, runs: int) -> str:
    head = "| `for_seconds` | " + " | ".join(found) + " |\n|---|" + "---|" * len(found)
    rows = "\n".join(
        f"| {seconds:g} | " + " | ".join(_cell(*told[f"{seconds:g}"]) for told in found.values()) + " |"
        for seconds in FOR_SECONDS
    )
    return f"""# Outages of one version by chance

{datetime.datetime.now(datetime.UTC).date()}, {runs} hours for each cell, NumPy {np.__version__}, Python
{platform.python_version()}, {os.cpu_count()} cores (`make rollback-outages`). A canary beside the version before it,
{REQUESTS} requests a minute each, after an hour of the version before alone; {ERROR_RATIO:.1%} of requests fail,
{ACCEPTED_RATIO:.0%} are accepted. Outages: in {OUTAGE_SHARE:.0%} of minutes, drawn for either version apart, all its
requests fail for {OUTAGE_SECONDS:g} s; 45 % of hours have one in the canary. Share of hours in which the canary was
taken back, and the median minutes until then.

{head}
{rows}

Seen from the traffic, an outage that only the canary has is its own fault, and without `for_seconds` it is taken back
for it, unless outages of the version before have shown that failures come together. With `for_seconds` of a window or
more the breach must still be there when a later window closes: until then it is `suppressed_recovering`. It costs as
much delay on real regressions.
"""


def _cell(share: float, minutes: float | None) -> str:
    return f"{share:.1%}" + (f", {minutes:.0f} min" if minutes is not None else "")


def main() -> None:
    parser = argparse.ArgumentParser(description="Outages that hit one version by chance.")
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    found = measure(runs)
    PAGE.write_text(page(found, runs))
    PAGE.with_suffix(".json").write_text(
        json.dumps({"runs": runs, "worlds": found}, indent=2, ensure_ascii=False) + "\n"
    )


if __name__ == "__main__":
    main()
