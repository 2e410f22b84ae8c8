"""`sentinel fleet` as a process serves it: metrics of the merged verdicts, and windows handed up a tree of fleets."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from sentinel.app.fleet import FleetJudge, FleetProcess, Forwarder
from sentinel.app.verdicts import policy_options
from sentinel.config import Settings, parse
from sentinel.fleet import Fleet
from sentinel.fleet.metrics import FleetMetrics
from sentinel.fleet.periods import Timing
from sentinel.fleet.siblings import Siblings
from sentinel.judge.policy import Policy
from sentinel.reference.build import build
from sentinel.reference.files import save
from sentinel.rollback.past import DECISION
from sentinel.store import Selection, WindowRecord, open_store
from sentinel.telemetry.recorder import Recorder
from sentinel.windows.opened import Window
from sentinel.windows.window import WindowKey
from tests.support import store_values as some
from tests.support.fleet import Lead, Witness
from tests.support.ports import free_port
from tests.support.processes import wait_until

PATIENCE_SECONDS = 120.0
SUSPECTED, NAMED, ALONE = 14, 21, 31
"""Periods after which a leader has some evidence on the test's odd replica; has enough; would have enough without what
the leader before it had seen."""


def settings_for(url: str, **groups: Any) -> Settings:
    return parse(
        groups
        | {
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
        said_last = 'sentinel_verdict{model="fraud",model_version="1",state="blind"} 1.0'
        metrics = await until_said(settings, "/metrics", said_last)
        listed = json.loads(await get(settings, "/v1/windows?replica=*"))
    assert "sentinel_fleet_leader 1.0" in metrics
    assert "sentinel_fleet_lag_seconds 0.0" in metrics
    assert "sentinel_fleet_judged_periods_total 1.0" in metrics
    assert 'sentinel_fleet_replicas{model="fraud"} 3.0' in metrics
    assert [window["received"] for window in listed["windows"]] == [30]
    store.close()


async def test_the_fleets_decisions_are_in_its_metrics(sqlite_url: str) -> None:
    settings = settings_for(sqlite_url, slo={"error_ratio": 0.01})
    store = open_store(sqlite_url)
    failing = replace(some.traffic(1000), codes={"2xx": 500, "5xx": 500})
    last = int(time.time() // 60) - 2
    for number in range(last - 5, last + 1):
        store.commit_window(WindowRecord(some.window(number, reference_id="", traffic=failing)))
    process = FleetProcess(settings)
    counted = 'sentinel_rollback_decisions_total{model="fraud",outcome="suppressed_no_previous"} 1.0'
    async with running(process):
        await until_said(settings, "/metrics", counted)
    audit = [record.outcome for record in store.audit_trail() if record.action == DECISION]
    assert "suppressed_no_previous" in audit
    store.close()


async def test_what_a_step_did_is_told_where_scrapes_are_answered(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told on the step's own thread, a new series would change what a scrape is walking through."""
    threads = set()
    window, report = Recorder.window, FleetMetrics.report

    def seen(told: Callable[..., None]) -> Callable[..., None]:
        def tell(*values: object) -> None:
            threads.add(threading.current_thread())
            told(*values)

        return tell

    monkeypatch.setattr(Recorder, "window", seen(window))
    monkeypatch.setattr(FleetMetrics, "report", seen(report))
    settings = settings_for(sqlite_url)
    with contextlib.closing(open_store(sqlite_url)) as store:
        store.commit_window(WindowRecord(some.window(int(time.time() // 60) - 2, replica="a", reference_id="")))
    async with running(FleetProcess(settings)):
        await until_said(settings, "/metrics", "sentinel_fleet_judged_periods_total 1.0")
    assert threads == {threading.current_thread()}


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


def test_the_odd_replica_has_a_verdict_of_its_own(url: str) -> None:
    """One pod answers with other weights: it is named in the store, once, also by the next leader."""
    random = np.random.default_rng(4)
    columns = {"amount": random.normal(50, 10, 20_000), "score": random.normal(0, 1, 20_000)}
    reference = build(columns, name="fraud", version="1", predictions=["score"])
    store = open_store(url)

    def report(number: int) -> None:
        for replica in "abcd":
            window = Window(WindowKey("fraud", "1", replica), number * 60.0, 60.0, reference)
            score = random.normal(1.5 if replica == "c" else 0.0, 1, 200)
            window.add({"amount": random.normal(50, 10, 200), "score": score})
            store.commit_window(WindowRecord(window.close(some.traffic(200))))

    def leader() -> Fleet:
        judge = FleetJudge(reference, policy_options(Settings()))
        siblings = Siblings(reference, Policy())
        return Fleet(store.database, judge, Lead(), Timing(60.0, 0.0, 0.0), reference, siblings)

    named = []
    for first in (0, 12):
        leads = leader()
        for number in range(first, first + 12):
            report(number)
            named += leads.step(number * 60.0 + 61.0).odd
    assert [odd.replica for odd in named] == ["c"]
    [incident] = [found for found in store.incidents(open_only=True) if found.cause == "odd_replica"]
    assert incident.features == ("score",)
    [own] = store.list_windows(Selection(replica="c", since=incident.opened_at - 60.0, until=incident.opened_at))
    assert (own["state"], own["explanation"]) == ("breach", incident.explanation)
    store.close()


def test_a_killed_leader_leaves_its_evidence_on_the_odd_replica(postgres_url: str, tmp_path: Path) -> None:
    """Real processes: what the first has seen of a replica that is a little off counts for the second."""
    random = np.random.default_rng(5)
    columns = {"amount": random.normal(50, 10, 20_000), "score": random.normal(0, 1, 20_000)}
    reference = build(columns, name="fraud", version="1", predictions=["score"])
    save(reference, tmp_path / "fraud.sentinel")
    store = open_store(postgres_url)
    begun = time.time() // 60 * 60 - 6000

    def report(number: int) -> None:
        for replica in "abcdef":
            window = Window(WindowKey("fraud", "1", replica), begun + number * 60.0, 60.0, reference)
            score = random.normal(0.25 if replica == "c" else 0.0, 1, 200)
            window.add({"amount": random.normal(50, 10, 200), "score": score})
            store.commit_window(WindowRecord(window.close(some.traffic(200))))

    def judged(number: int) -> bool:
        return len(store.list_windows(Selection(replica="*"))) == number

    def named() -> list[float]:
        return [incident.opened_at for incident in store.incidents() if incident.cause == "odd_replica"]

    for number in range(SUSPECTED):
        report(number)
    with led(postgres_url, tmp_path) as leader:
        wait_until(lambda: judged(SUSPECTED), "the periods to be judged", PATIENCE_SECONDS)
        leader.kill()  # perhaps in the middle of the last period
    assert named() == []
    for number in range(SUSPECTED, ALONE):
        report(number)
    with led(postgres_url, tmp_path):
        wait_until(lambda: bool(named()), "the odd replica to be named", PATIENCE_SECONDS)
    assert round((named()[0] - begun) / 60.0) <= NAMED + 3
    store.close()


@contextlib.contextmanager
def led(url: str, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A `sentinel fleet` over a reference in `folder`, which judges at once what is whole."""
    document = {
        "reference": {"path": str(folder / "fraud.sentinel")},
        "store": {"url": url},
        "fleet": {"settle_seconds": 0.0, "straggler_seconds": 0.0},
        "telemetry": {"listen": f"127.0.0.1:{free_port()}"},
    }
    (folder / "fleet.yaml").write_text(json.dumps(document))
    command = [sys.executable, "-m", "sentinel.cli", "fleet", "--config", str(folder / "fleet.yaml")]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_command_runs_until_it_is_told_to_stop(sqlite_url: str, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    environment = os.environ | {"SENTINEL__TELEMETRY__LISTEN": address}
    command = [sys.executable, "-m", "sentinel.cli", "fleet", "--store", sqlite_url]
    process = subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        said = b""
        while b"sentinel_fleet_leader 1.0" not in said:
            assert process.poll() is None
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE_SECONDS) as answer,
            ):
                said = answer.read()
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, errors) == (0, b"")


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sentinel.cli", "fleet", "--store", f"sqlite:///{tmp_path}/no/sentinel.db"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert done.returncode == 1
    assert f"there is no folder {tmp_path}/no; create it" in done.stderr
    assert "Traceback" not in done.stderr
