"""`sentinel inject --serve`: the webhook, its certificate, its telemetry, put together."""

import asyncio
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from sentinel.config import split_address
from sentinel.inject.certificates import expires_at, names_of
from sentinel.inject.container import Plan
from sentinel.inject.rotation import Api, Files, Identity, InCluster, Source, keep
from sentinel.inject.server import Desk, Metrics, listening, serving, telemetry

API_SERVER = "https://kubernetes.default.svc"
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
STOP_SECONDS = 5.0
"""Reviews go on being answered so long after SIGTERM: other parts of the cluster hear of the end of a pod later."""

logger = logging.getLogger("sentinel.inject")


@dataclass(frozen=True, slots=True)
class Options:
    """listen, telemetry: host:port. certificate: a folder; else secret, webhook and service, all in `namespace`."""

    listen: str
    telemetry: str
    namespace: str = ""
    certificate: str = ""
    secret: str = ""
    webhook: str = ""
    service: str = ""
    api_server: str = API_SERVER
    account: str = SERVICE_ACCOUNT


@dataclass(slots=True)
class Injector:
    """One life of the webhook."""

    options: Options
    plan: Plan
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    metrics: Metrics = field(default_factory=Metrics)
    identity: Identity = field(default_factory=Identity)
    _failure: str = "no certificate yet"

    async def run(self) -> None:
        """Answer until SIGTERM. Raises OSError for an address that cannot be had."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        async with AsyncExitStack() as stack:
            app = telemetry(self.metrics, self._not_ready)
            await stack.enter_async_context(listening(app, *split_address(self.options.telemetry)))
            source = await stack.enter_async_context(_source(self.options))
            await stack.enter_async_context(_task(keep(self.identity, source, self._heard)))
            desk = Desk(self.plan, self.metrics)
            await stack.enter_async_context(serving(desk, *split_address(self.options.listen), self.identity.context))
            await self.stop.wait()
            await asyncio.sleep(STOP_SECONDS)

    def _heard(self, failure: str) -> None:
        if failure:
            self.metrics.failures.inc()
            logger.warning("no certificate was renewed: %s", failure)
        self._failure = failure
        if self.identity.certificate:
            self.metrics.expires.set(expires_at(self.identity.certificate).timestamp())

    def _not_ready(self) -> str:
        return "" if self.identity.certificate else self._failure


@asynccontextmanager
async def _source(options: Options) -> AsyncIterator[Source]:
    if options.certificate:
        yield Files(Path(options.certificate))
        return
    account = Path(options.account)
    context = ssl.create_default_context(cafile=str(account / "ca.crt"))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield InCluster(
            Api(session, options.api_server, account / "token"),
            f"/api/v1/namespaces/{options.namespace}/secrets/{options.secret}",
            f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{options.webhook}",
            names_of(options.service, options.namespace),
            lambda: datetime.now(UTC),
        )


@asynccontextmanager
async def _task(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
