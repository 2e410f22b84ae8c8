"""`sentinel fleet` as a process serves it: metrics of the merged verdicts, and windows handed up a tree of fleets."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from sentinel.app.fleet import FleetProcess, Forwarder
from sentinel.config import Settings, parse
from sentinel.fleet import Fleet
from sentinel.fleet.periods import Timing
from sentinel.store import Selection, WindowRecord, open_store
from tests.support import store_values as some
from tests.support.fleet import Lead, Witness
from tests.support.postgres import free_port

PATIENCE_SECONDS = 20.0


def settings_for(url: str) -> Settings:
    return parse(
        {
            "store": {"url": url},
            "window": {"seconds": 60.0},
            "fleet": {"settle_seconds": 0.0, "straggler_seconds": 0.0},
            "telemetry": {"listen": f"127.0.0.1:{free_port()}"},
        }
    )


@asynccontextmanager
async def running(process: FleetProcess) -> AsyncIterator[None]:
    task = asyncio.create_task(process.run())
    yield
    process.stop.set()
    await task


async def get(settings: Settings, path: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"http://{settings.telemetry.listen}{path}") as answer:
        return await answer.text()


async def until_said(settings: Settings, path: str, words: str) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    said = ""
    while words not in said:
        assert time.monotonic() < deadline, said
        await asyncio.sleep(0.1)
        with contextlib.suppress(aiohttp.ClientConnectionError):  # it is not listening yet
            said = await get(settings, path)
    return said


async def test_the_fleets_metrics(sqlite_url: str) -> None:
    settings = settings_for(sqlite_url)
    store = open_store(sqlite_url)
    last = int(time.time() // 60) - 2
    for replica in "abc":
        store.commit_window(WindowRecord(some.window(last, replica=replica, reference_id="")))
    process = FleetProcess(settings)
    async with running(process):
        metrics = await until_said(settings, "/metrics", 'sentinel_fleet_replicas{model="fraud"} 3.0')
        listed = json.loads(await get(settings, "/v1/windows?replica=*"))
    assert "sentinel_fleet_leader 1.0" in metrics
    assert "sentinel_fleet_lag_seconds 0.0" in metrics
    assert "sentinel_fleet_judged_periods_total 1.0" in metrics
    assert 'sentinel_verdict{model="fraud",model_version="1",state="blind"} 1.0' in metrics
    assert [window["received"] for window in listed["windows"]] == [30]
    store.close()


def test_a_fleet_of_fleets(sqlite_url: str, tmp_path: Path) -> None:
    """Two regions hand their merged windows up; the parent judges what one fleet over all replicas would have."""
    timing = Timing(60.0, 1.0, 20.0)
    parent = open_store(f"sqlite:///{tmp_path}/parent.db")
    regions = {name: open_store(f"sqlite:///{tmp_path}/{name}.db") for name in ("eu", "us")}
    for store in regions.values():
        for replica in "abc":
            store.commit_window(WindowRecord(some.window(0, replica=replica, reference_id="")))
    for name, store in regions.items():
        fleet = Fleet(store.database, Forwarder(parent, name), Lead(), timing)
        fleet.step(60.0)
        assert len(fleet.step(81.0).judged) == 1
        again = Fleet(store.database, Forwarder(parent, name), Lead(), timing)
        again.step(200.0)
        assert again.step(300.0).judged == []
    judge = Fleet(parent.database, Witness(), Lead(), timing)
    judge.step(82.0)
    [record] = judge.step(103.0).judged
    assert (record.window.traffic.received, record.window.rows) == (60, 240)
    assert [row["replica"] for row in parent.list_windows(Selection())] == ["eu", "us"]
    for store in (parent, *regions.values()):
        store.close()
