"""A real Prometheus and a real Alertmanager on free ports of loopback, each ended by its process id."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from aiohttp import ClientError, ClientSession

from tests.support.ports import free_port
from tests.support.processes import DEADLINE_SECONDS
from tests.support.tools import need

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Prometheus:
    """Asks the HTTP API of a running Prometheus."""

    url: str
    client: ClientSession

    async def query(self, expr: str, at: float | None = None) -> list[dict[str, Any]]:
        """Instant query, now or at a time; raises with Prometheus' own message."""
        return await self._ask("query", {"query": expr} | ({} if at is None else {"time": f"{at}"}))

    async def query_range(self, expr: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        asked = {"query": expr, "start": f"{start}", "end": f"{end}", "step": f"{step}"}
        return await self._ask("query_range", asked)

    async def series(self, label: str, selector: str) -> list[str]:
        async with self.client.get(f"{self.url}/api/v1/label/{label}/values", params={"match[]": selector}) as answer:
            document = await answer.json()
        assert document["status"] == "success", document
        return list(document["data"])

    async def exemplars(self, expr: str, start: float, end: float) -> list[dict[str, Any]]:
        asked = {"query": expr, "start": f"{start}", "end": f"{end}"}
        async with self.client.get(f"{self.url}/api/v1/query_exemplars", params=asked) as answer:
            document = await answer.json()
        assert document["status"] == "success", document
        return list(document["data"])

    async def wait_for(self, expr: str, seconds: float = DEADLINE_SECONDS) -> list[dict[str, Any]]:
        """Poll until the query has a result."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not (result := await self.query(expr)):
            assert asyncio.get_running_loop().time() < deadline, f"no result in {seconds} s: {expr}"
            await asyncio.sleep(POLL_SECONDS)
        return result

    async def _ask(self, endpoint: str, asked: dict[str, str]) -> list[dict[str, Any]]:
        async with self.client.post(f"{self.url}/api/v1/{endpoint}", data=asked) as answer:
            document = json.loads(await answer.text())
        assert document["status"] == "success", f"{document.get('error')}: {asked['query']}"
        return list(document["data"]["result"])


@asynccontextmanager
async def running_prometheus(
    folder: Path,
    targets: Sequence[str],
    rules: Sequence[Path] = (),
    alertmanager: str = "",
    others: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> AsyncIterator[Prometheus]:
    """Prometheus that scrapes host:port `targets` as job sentinel each second and evaluates `rules` each second.

    others: targets of other jobs, by job.
    """
    config = folder / "prometheus.yml"
    port = free_port()
    jobs = {"sentinel": targets, **others}
    document: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": list(addresses)}]} for job, addresses in jobs.items()
        ],
        "rule_files": [str(path) for path in rules],
    }
    if alertmanager:
        document["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    config.write_text(yaml.safe_dump(document))
    command = [
        need("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
        "--log.level=warn",
    ]
    async with (
        _running(command, f"http://127.0.0.1:{port}/-/ready", folder / "prometheus.log"),
        ClientSession() as client,
    ):
        yield Prometheus(f"http://127.0.0.1:{port}", client)


@asynccontextmanager
async def running_alertmanager(folder: Path, config: Path) -> AsyncIterator[str]:
    """host:port of an Alertmanager with this configuration."""
    port = free_port()
    command = [
        need("prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    async with _running(command, f"http://127.0.0.1:{port}/-/ready", folder / "alertmanager.log"):
        yield f"127.0.0.1:{port}"


@asynccontextmanager
async def _running(command: list[str], ready: str, log: Path) -> AsyncIterator[None]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)
    try:
        await _until_ready(process, ready, log)
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, ready: str, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    async with ClientSession() as client:
        while asyncio.get_running_loop().time() < deadline:
            assert process.returncode is None, _told(log)
            try:
                async with client.get(ready) as answer:
                    if answer.status == 200:
                        return
            except ClientError:
                pass
            await asyncio.sleep(POLL_SECONDS)
    raise AssertionError(f"not ready in {DEADLINE_SECONDS} s: {_told(log)}")


def _told(log: Path) -> str:
    return log.read_text(errors="replace")
