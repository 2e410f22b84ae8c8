"""A second model beside many replicas: what none of them can prove alone, the fleet proves of all, and says once."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import aiohttp
import numpy as np
import pytest

from sentinel.app.fleet import FleetProcess
from sentinel.app.shadow_fleet import DAY_SECONDS, FleetShadows
from sentinel.app.shadowing import ACTION, SETTINGS, Shadowing
from sentinel.config import Settings, parse
from sentinel.decode import DecodeOptions
from sentinel.decode.rows import Decoded
from sentinel.shadow.book import SCALE_ROWS, Answer
from sentinel.store import Store, open_store
from sentinel.telemetry.recorder import Recorder
from tests.support.postgres import free_port

NOW = 1e9
NEEDED = 61
"""Pairs without a difference that prove a margin of 10 %; see docs/benchmarks/shadow.md."""


def settings_of(home: str, replica: str = "", **shadow: Any) -> Settings:
    return parse(
        {
            "store": {"url": home},
            "capture": {"shadow": {"url": "https://int8", "margin_ratio": 0.1} | shadow},
            "process": {"replica": replica or "fleet"},
            "fleet": {"member": bool(replica), "settle_seconds": 0.0, "straggler_seconds": 0.0},
            "telemetry": {"listen": f"127.0.0.1:{free_port()}"},
        }
    )


@dataclass
class AtOnce:
    """A writer without a thread."""

    store: Store

    def call(self, use: Callable[[Store], Any]) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(use(self.store))
        return future


def answer(values: list[float], version: str) -> Answer:
    return Answer(Decoded(len(values), {}, {"y": np.array(values)}, version=version), 0.01)


def replica(
    store: Store, home: str, name: str, pairs: int, *, at: float = NOW, candidate: str = "", **shadow: Any
) -> None:
    """What one replica saw and kept: answers that were all the same."""
    settings = settings_of(home, name, **shadow)
    recorder = Recorder(settings, started_at=0.0)
    made = Shadowing(settings, DecodeOptions(), AtOnce(store), recorder)  # type: ignore[arg-type]
    made.resume()
    spread = [0.0, 2.0] * (SCALE_ROWS // 2)
    for values in (spread, *[[1.0]] * pairs):
        made.book.pair("m", "1", answer(values, "1"), answer(values, candidate))
    made.settle(at)


@pytest.fixture
def store(sqlite_url: str) -> Any:
    opened = open_store(sqlite_url)
    yield opened
    opened.close()


def told(store: Store) -> list[str]:
    return [record.outcome for record in store.audit_trail() if record.action == ACTION]


def merged(store: Store, url: str, now: float = NOW) -> list[dict[str, Any]]:
    return [standing.plain() for standing in FleetShadows(settings_of(url), store).settle(now) or ()]


def test_replicas_prove_together_what_none_can_alone(store: Store, sqlite_url: str) -> None:
    for name in "abc":
        replica(store, sqlite_url, name, NEEDED // 3 + 1)
    assert told(store) == [], "members keep, and do not speak"
    (found,) = merged(store, sqlite_url)
    assert (found["verdict"], found["pairs"], found["rows"]) == ("equivalent", 63, 63)
    assert merged(store, sqlite_url) == [found], "another leader finds the same"
    assert told(store) == ["equivalent"], "and does not say it again"


def test_a_replica_that_starts_again_goes_on_and_counts_once(store: Store, sqlite_url: str) -> None:
    for _ in range(2):
        replica(store, sqlite_url, "a", 10)
    (found,) = merged(store, sqlite_url)
    assert found["pairs"] == 21, "its first answers after the restart need no learning"


def test_other_endpoints_and_other_terms_are_not_mixed(store: Store, sqlite_url: str) -> None:
    replica(store, sqlite_url, "a", 10)
    replica(store, sqlite_url, "b", 10, url="https://int4")
    replica(store, sqlite_url, "c", 10, tolerance_sd=0.5)
    (found,) = merged(store, sqlite_url)
    assert found["pairs"] == 10


def test_the_candidate_that_was_heard_last_stands(store: Store, sqlite_url: str) -> None:
    replica(store, sqlite_url, "a", 10, at=NOW + 5, candidate="new")
    replica(store, sqlite_url, "b", 10, at=NOW, candidate="old")
    (found,) = merged(store, sqlite_url, NOW + 5)
    assert found["candidate_version"] == "new"


def test_replicas_that_are_long_gone_are_forgotten(store: Store, sqlite_url: str) -> None:
    replica(store, sqlite_url, "gone", 10, at=NOW - 31 * DAY_SECONDS)
    replica(store, sqlite_url, "here", 10)
    (found,) = merged(store, sqlite_url)
    assert found["pairs"] == 10
    assert list(store.settings(SETTINGS)) == [f"{SETTINGS}here"]


async def test_the_fleet_serves_it(store: Store, sqlite_url: str) -> None:
    for name in "abc":
        replica(store, sqlite_url, name, NEEDED // 3 + 1, at=time.time())
    process = FleetProcess(settings_of(sqlite_url))
    task = asyncio.create_task(process.run())
    shadows: list[dict[str, Any]] = []
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while not shadows:
            await asyncio.sleep(0.1)
            with contextlib.suppress(aiohttp.ClientConnectionError):  # it is not listening yet
                async with session.get(f"http://{process.settings.telemetry.listen}/v1/shadow") as said:
                    shadows = json.loads(await said.text())["shadows"]
    process.stop.set()
    await task
    assert [found["verdict"] for found in shadows] == ["equivalent"]
    assert told(store) == ["equivalent"]
