"""From a judged breach to the first request at the receiver: `python -m bench.rollback_delay [--rounds 100]`.

A real SQLite store, the deliverer's own loop, and a receiver over TCP in the same process. Writes
docs/benchmarks/rollback_delay.{md,json}.
"""

import argparse
import asyncio
import datetime
import json
import os
import platform
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles

from sentinel.config.settings import RollbackSettings
from sentinel.rollback.deliverer import Deliverer, DelivererOptions
from sentinel.rollback.desk import Desk
from sentinel.rollback.targets.building import build_targets
from sentinel.store import WindowRecord, open_store
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.window import WindowKey
from tests.support.rollback_cases import incident, verdict
from tests.support.rollback_delivery import target
from tests.support.rollback_receiver import Received, Receiver, Writer, answer, receiving

PAGE = Path(__file__).parent.parent / "docs/benchmarks/rollback_delay.md"
HISTORY_SECONDS = 600.0


async def measure(folder: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of every round, by what was measured."""
    arrived: asyncio.Queue[float] = asyncio.Queue()

    async def note(_receiver: Receiver, _request: Received, writer: Writer) -> None:
        arrived.put_nowait(time.perf_counter())
        await answer(writer, 200)

    found: dict[str, list[float]] = {"decide and commit": [], "breach to first request": []}
    async with receiving(note) as receiver:
        limits = {"max_per_hour": 10**6, "max_per_day": 10**6}
        settings = RollbackSettings(mode="enforce", targets=(target(receiver.address, folder),), **limits)  # type: ignore[arg-type]
        url = f"sqlite:///{folder}/store.db"
        store, own = open_store(url), open_store(url)
        deliverer = Deliverer(own, build_targets(settings), DelivererOptions())
        running = asyncio.create_task(deliverer.run())
        for number in range(rounds):
            desk, model = Desk(store, settings), f"model-{number}"
            now = time.time()
            for version, start in (("1", now - HISTORY_SECONDS), ("2", now - 120)):
                calm = replace(verdict(), model=model, version=version, start=start, end=start + 60, open=(), opened=())
                desk.decide(calm, start + 60)
            standing = incident(id=f"breach of {model}", model=model, opened_at=now)
            breach = replace(verdict(standing), start=now - 60, end=now)
            begun = time.perf_counter()
            plan = desk.decide(breach, now)
            closed = ClosedWindow(WindowKey(model, "2", "a"), now - 60, now, rows=500, reference_id="r")
            store.commit_window(WindowRecord(closed, {}, breach, b"", plan.intents, plan.audit))
            found["decide and commit"].append(time.perf_counter() - begun)
            deliverer.wake()
            found["breach to first request"].append(await arrived.get() - begun)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        store.close()
        own.close()
    return found


def page(found: dict[str, list[float]]) -> str:
    rows = "\n".join(
        f"| {name} | {1000 * median(values):.1f} ms | {1000 * quantiles(values, n=100)[98]:.1f} ms |"
        for name, values in found.items()
    )
    rounds = len(found["decide and commit"])
    return f"""# From breach to the first request

{datetime.datetime.now(datetime.UTC).date()}, {rounds} breaches, Python {platform.python_version()},
{os.cpu_count()} cores, SQLite with a sync at every commit (`make rollback-delay`). Goal: a second after the window
closes.

| | median | p99 |
|---|---|---|
{rows}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Delay from breach to first request.")
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="sentinel-delay-") as folder:
        found = asyncio.run(measure(Path(folder), rounds))
    PAGE.write_text(page(found))
    milliseconds = {name: [round(1000 * value, 3) for value in values] for name, values in found.items()}
    PAGE.with_suffix(".json").write_text(json.dumps({"milliseconds": milliseconds}, indent=2) + "\n")
    print(page(found))


if __name__ == "__main__":
    main()
