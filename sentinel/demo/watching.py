"""What comes out of the sidecar, read from outside as any operator could: the store, /metrics, the deployment side."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from sentinel.demo.model import MODEL_NAME
from sentinel.demo.place import Place, Ports
from sentinel.judge.verdict import Incident
from sentinel.store import open_store
from sentinel.store.contract import AuditRecord, Store, StoredWindow

DECISION = "rollback.decision"


@dataclass(slots=True)
class Seen:
    """What has come out of the sidecar so far, oldest first. accepted: rollbacks the deployment side carried out."""

    windows: list[StoredWindow] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    decisions: list[AuditRecord] = field(default_factory=list)
    accepted: list[dict[str, Any]] = field(default_factory=list)

    def last(self, version: str, count: int) -> Sequence[StoredWindow]:
        """The last `count` windows, when all of them are of `version`; else none."""
        tail = self.windows[-count:]
        return tail if len(tail) == count and all(w.window.key.version == version for w in tail) else ()


class Watcher:
    """Reads the sidecar's outputs into `seen`; `refresh` returns what is new."""

    def __init__(self, place: Place, ports: Ports, session: aiohttp.ClientSession) -> None:
        self._store: Store = open_store(place.store_url)
        self._ports = ports
        self._session = session
        self.seen = Seen()

    async def refresh(self) -> Seen:
        """Read everything again; the result holds what was not there before (or changed, for incidents)."""
        seen = self.seen
        since = seen.windows[-1].window.start if seen.windows else 0.0
        known = {(w.window.key, w.window.start) for w in seen.windows if w.window.start >= since}
        windows = [
            w
            for w in self._store.windows(model=MODEL_NAME, since=since)
            if (w.window.key, w.window.start) not in known and (w.window.rows or w.window.traffic.received)
        ]
        incidents = {i.id: i for i in self._store.incidents() if seen.incidents.get(i.id) != i}
        trail = reversed(self._store.audit_trail())
        decisions = [r for r in trail if r.action == DECISION and r not in seen.decisions]
        accepted = (await self._deployer())[len(seen.accepted) :]
        seen.windows += windows
        seen.incidents |= incidents
        seen.decisions += decisions
        seen.accepted += accepted
        return Seen(windows, incidents, decisions, accepted)

    async def _deployer(self) -> list[dict[str, Any]]:
        async with self._session.get(f"{self._ports.url('deployer')}/rollbacks") as response:
            listing: dict[str, list[dict[str, Any]]] = await response.json()
            return listing["accepted"]

    def close(self) -> None:
        self._store.close()


async def answers(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether `url` answers 200 now."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with session.get(url) as response:
            return response.status == 200
    return False


async def reasons(session: aiohttp.ClientSession, ports: Ports, version: str) -> list[dict[str, Any]]:
    """What moved, by GET /v1/verdict: feature, cause, evidence and change, most evidence first."""
    address = f"{ports.url('telemetry')}/v1/verdict/{MODEL_NAME}"
    async with session.get(address, params={"version": version}) as response:
        found: list[dict[str, Any]] = (await response.json())["data"].get("reasons", [])
        return found


async def metric_sums(session: aiohttp.ClientSession, ports: Ports, name: str, label: str) -> dict[str, float]:
    """Samples of one metric from /metrics, summed by one of its labels."""
    async with session.get(f"{ports.url('telemetry')}/metrics") as response:
        text = await response.text()
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                key = sample.labels.get(label, "")
                sums[key] = sums.get(key, 0.0) + sample.value
    return sums
