"""A fleet of real processes through faults, while a bad version is released.

Sidecars under traffic, two `sentinel fleet`, one PostgreSQL, a receiver of rollbacks that checks signatures.
After each fault: every request that was answered is in exactly one window of one replica, every period was judged
once, what was judged and what came late is what was received, and one rollback was asked for.

SENTINEL_FAULT_SECONDS is how long a fault lasts: some seconds here, a minute in `make test-faults`.
"""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sentinel.store import Selection, SqlStore, open_store
from tests.support.fleet_stage import Stage, stage, until
from tests.support.postgres import Postgres
from tests.support.processes import wait_until
from tests.support.rollback_receiver import accept, receiving

FAULT_SECONDS = float(os.environ.get("SENTINEL_FAULT_SECONDS", "3"))
RIGHT_CLOCKS = {"a": 0.0, "b": 0.0}
WRONG_CLOCKS = {"a": 0.0, "b": 8.0, "c": -8.0}  # four times as far as the fleet waits for stragglers

_databases = itertools.count()


def leader_killed(on: Stage) -> None:
    leader = on.leader()
    leader.process.kill()
    until(on.other(leader).leads, "the other to lead")
    time.sleep(FAULT_SECONDS)


def leader_frozen(on: Stage) -> None:
    """It wakes up after it was deposed, in the middle of what it was doing."""
    leader = on.leader()
    leader.process.send_signal(signal.SIGSTOP)
    until(on.other(leader).leads, "the other to lead")
    time.sleep(FAULT_SECONDS)
    leader.process.send_signal(signal.SIGCONT)


def postgresql_crashed(on: Stage) -> None:
    on.postgres.stop()
    time.sleep(FAULT_SECONDS)
    on.postgres.start()


def network_cut(on: Stage) -> None:
    """Of the leader and of one replica, whose windows wait on its disk."""
    leader = on.leader()
    leader.network.cut()
    on.networks["a"].cut()
    begun = time.monotonic()
    until(on.other(leader).leads, "the other to lead")
    time.sleep(max(0.0, FAULT_SECONDS - (time.monotonic() - begun)))
    leader.network.mend()
    on.networks["a"].mend()


def nothing_more(on: Stage) -> None:
    """What is wrong was wrong from the start."""
    time.sleep(FAULT_SECONDS)


@pytest.mark.parametrize(
    ("fault", "clocks", "forced"),
    [
        pytest.param(leader_killed, RIGHT_CLOCKS, False, id="leader killed"),
        pytest.param(leader_frozen, RIGHT_CLOCKS, False, id="leader frozen"),
        pytest.param(postgresql_crashed, RIGHT_CLOCKS, False, id="PostgreSQL crashed"),
        pytest.param(network_cut, RIGHT_CLOCKS, False, id="network cut"),
        pytest.param(nothing_more, WRONG_CLOCKS, False, id="clocks wrong"),
        pytest.param(nothing_more, RIGHT_CLOCKS, True, id="two leaders"),
    ],
)
async def test_a_fault_costs_nothing(
    fault: Callable[[Stage], None], clocks: Mapping[str, float], forced: bool, postgres: Postgres, tmp_path: Path
) -> None:
    database = f"faults_{next(_databases)}"
    url = postgres.create(database)
    async with receiving(accept) as receiver:

        def play() -> None:
            with stage(postgres, database, tmp_path, receiver.address, clocks=clocks, forced=forced) as on:
                assert all(member.leads() for member in on.fleets.values()) is forced
                store = open_store(url)
                wait_until(lambda: healthy_periods(store) >= 3, "healthy periods of the first version")
                on.serve("2", 3.0)
                fault(on)
                until(lambda: bool(receiver.accepted), "the rollback")
                store.close()  # its sessions may be dead
                finish(on, url)

        await asyncio.to_thread(play)
        assert len(receiver.accepted) == 1


def finish(on: Stage, url: str) -> None:
    """End the traffic, wait until all of it is stored and judged, then check."""
    for client in on.clients.values():
        client.stop()
        assert not client.failures
    store = open_store(url)
    sent = sum(client.sent for client in on.clients.values())
    until(lambda: received(store.list_windows(Selection())) == sent, f"{sent} exchanges in the store")
    for sidecar in on.sidecars.values():
        sidecar.process.send_signal(signal.SIGTERM)
    for sidecar in on.sidecars.values():
        sidecar.process.wait(120)
    until(lambda: all(row["standing"] != "waiting" for row in store.list_windows(Selection())), "the last judgement")
    assert_one_judgement(store, sent)
    store.close()


def healthy_periods(store: SqlStore) -> int:
    return sum(row["state"] == "ok" for row in store.list_windows(Selection(version="1", replica="*")))


def received(rows: list[dict[str, object]]) -> int:
    return sum(int(str(row["received"])) for row in rows)


def assert_one_judgement(store: SqlStore, sent: int) -> None:
    own = store.list_windows(Selection())
    judged = store.list_windows(Selection(replica="*"))
    for row in (*own, *judged):
        assert row["received"] == row["analysed"] + row["sampled_out"] + row["dropped"] + row["undecodable"]
    assert {row["standing"] for row in own} <= {"judged", "late"}
    periods = [(row["version"], row["started_at"]) for row in judged]
    assert len(periods) == len(set(periods))
    assert set(periods) == {(row["version"], row["started_at"]) for row in own}
    assert all(row["state"] for row in judged)
    late = [row for row in own if row["standing"] == "late"]
    assert received(judged) + received(late) == received(own) == sent
    causes = [incident.cause for incident in store.incidents(model="fraud")]
    assert causes.count("prediction_drift") == 1
    assert len(store.intents()) == 1
    assert store.verify_audit() == ""
