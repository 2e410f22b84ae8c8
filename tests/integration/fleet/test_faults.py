"""Two `sentinel fleet` processes over a real PostgreSQL through faults: leader killed, server crashed, network cut.

Three replicas report in real time through writers with spools. Version 2 answers wrongly from the start. In the end no
period was judged twice, none skipped, every exchange is in exactly one place, and one rollback was asked for.
"""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np

from sentinel.app.fleet import FleetProcess
from sentinel.config import Settings, parse
from sentinel.reference.build import build
from sentinel.reference.files import save
from sentinel.reference.frozen import FrozenReference
from sentinel.store import Selection, SqlStore, WindowRecord, open_store
from sentinel.store.spool import Spool
from sentinel.store.writer import Writer
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.opened import Window
from sentinel.windows.window import TrafficCounts, WindowKey
from tests.support.postgres import Postgres, free_port
from tests.support.proxy import Proxy

ROWS = 400
REPLICAS = ("a", "b", "c")
PATIENCE_SECONDS = 60.0
CONTEXT = multiprocessing.get_context("fork")
Leader = Synchronized  # the process that reported last that it leads; 0 before


def reference_of(random: np.random.Generator) -> FrozenReference:
    columns = {"amount": random.normal(50, 10, 20_000), "score": random.normal(0, 1, 20_000)}
    return build(columns, name="fraud", version="1", predictions=["score"])


def window(
    reference: FrozenReference, random: np.random.Generator, start: float, replica: str, bad: bool
) -> ClosedWindow:
    opened = Window(WindowKey("fraud", "2" if bad else "1", replica), start, 1.0, reference)
    opened.add({"amount": random.normal(50, 10, ROWS), "score": random.normal(2.0 if bad else 0.0, 1, ROWS)})
    return opened.close(TrafficCounts(received=ROWS, analysed=ROWS, codes={"2xx": ROWS}))


def settings_for(url: str, folder: Path) -> Settings:
    (folder / "secret").write_text("whsec_" + "A" * 32 + "\n")
    target = {
        "name": "deployer",
        "url": "http://127.0.0.1:1/",
        "secret_file": str(folder / "secret"),
        "allow_http": True,
    }
    return parse(
        {
            "store": {"url": url},
            "reference": {"path": str(folder / "reference.sentinel")},
            "window": {"seconds": 1.0},
            "telemetry": {"listen": f"127.0.0.1:{free_port()}"},
            "fleet": {"settle_seconds": 0.1, "straggler_seconds": 2.0},
            "rollback": {"mode": "enforce", "targets": [target]},
        }
    )


def lead_on(settings: Settings, leader: "Leader[int]") -> None:
    async def main() -> None:
        await FleetProcess(settings, lambda progress: leading(progress.leading)).run()

    def leading(leads: bool) -> None:
        if leads:
            leader.value = os.getpid()

    asyncio.run(main())


@contextmanager
def fleet_process(settings: Settings, leader: "Leader[int]") -> Iterator[multiprocessing.process.BaseProcess]:
    process = CONTEXT.Process(target=lead_on, args=(settings, leader))
    process.start()
    try:
        yield process
    finally:
        if process.is_alive():
            process.terminate()
        process.join(20)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


def test_faults(postgres: Postgres, postgres_url: str, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    reference = reference_of(random)
    save(reference, tmp_path / "reference.sentinel")
    open_store(postgres_url).close()
    proxy = Proxy(postgres.port)
    leader = CONTEXT.Value("i", 0)
    direct = settings_for(postgres_url, tmp_path)
    through = settings_for(postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/"), tmp_path)
    with ExitStack() as stack:
        stack.callback(proxy.close)
        first = stack.enter_context(fleet_process(direct, leader))
        writers = {
            name: Writer(lambda: open_store(direct.store.url), Spool(tmp_path / name, 1 << 24)) for name in REPLICAS
        }
        until(lambda: leader.value == first.pid)
        second = stack.enter_context(fleet_process(through, leader))
        began = int(time.time())

        def report(number: int) -> None:
            until(lambda: time.time() >= began + number + 1)
            for name, writer in writers.items():
                writer.submit(WindowRecord(window(reference, random, float(began + number), name, number >= 4)))

        for number in range(4):
            report(number)
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        report(4)
        until(lambda: leader.value == second.pid)
        third = stack.enter_context(fleet_process(settings_for(postgres_url, tmp_path), leader))
        proxy.cut()  # the leader's network is dead; it does not know
        for number in range(5, 8):
            report(number)
        until(lambda: leader.value == third.pid)
        proxy.mend()
        postgres.stop()
        report(8)
        postgres.start()
        report(9)
        for writer in writers.values():
            until(lambda writer=writer: writer.spooled.records == 0 and writer.counts.written == 10)  # type: ignore[misc]
        store = open_store(postgres_url)
        until(lambda: all(row["standing"] != "waiting" for row in store.list_windows(Selection())))
        assert_one_judgement(store, {float(began + number) for number in range(10)})
        store.close()
        for writer in writers.values():
            assert writer.close()


def assert_one_judgement(store: SqlStore, starts: set[float]) -> None:
    own = store.list_windows(Selection())
    judged = store.list_windows(Selection(replica="*"))
    assert len(own) == len(starts) * len(REPLICAS)
    assert len(judged) == len({(row["version"], row["started_at"]) for row in judged}) == len(starts)
    assert {row["started_at"] for row in judged} == starts
    assert all(row["state"] for row in judged)
    late = sum(row["received"] for row in own if row["standing"] == "late")
    assert sum(row["received"] for row in judged) + late == sum(row["received"] for row in own)
    assert len(store.incidents(model="fraud")) == 1
    assert len(store.intents()) == 1
    assert store.verify_audit() == ""
