"""The webhook's HTTP: AdmissionReviews in, answers out, within the seconds and bytes that one may take.

A request that is no review gets a plain 4xx and its connection is closed; with `failurePolicy: Ignore` the API server
then lets the pod pass as it is. May not know where certificates come from.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from sentinel.inject.container import Plan
from sentinel.inject.review import OUTCOMES, Malformed, answered

MOST_BYTES = 1 << 20
"""Of one review. Pods have some kilobytes (etcd keeps 1.5 MiB at most); a larger one passes as it is."""
BODY_SECONDS = 4.0
"""For a body to arrive: the API server gives up after 5 (timeoutSeconds)."""
IDLE_SECONDS = 30.0
"""A connection without a request for so long is closed, whatever part of one it has sent."""
HANDSHAKE_SECONDS = 5.0
LINGER_SECONDS = 1.0
"""For what a client still sends after it was answered."""
MOST_AT_ONCE = 4
"""Bodies in memory at one time; others wait, and run out of their seconds."""
REJECTIONS = ("malformed", "too_large", "slow")
PATH = "/mutate"

logger = logging.getLogger("sentinel.inject")


@dataclass(slots=True)
class Metrics:
    """What the injector counts: the section "The injector" of the metric catalogue, which would load numpy here."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    injections: Counter = field(init=False)
    rejections: Counter = field(init=False)
    failures: Counter = field(init=False)
    expires: Gauge = field(init=False)

    def __post_init__(self) -> None:
        self.injections = self._counter("sentinel_injections", "Admission reviews answered.", "outcome")
        self.rejections = self._counter("sentinel_injection_rejections", "Requests that were no review.", "reason")
        self.failures = self._counter(
            "sentinel_injector_certificate_failures", "Looks for a certificate that failed; the last one is served on."
        )
        self.expires = Gauge(
            "sentinel_injector_certificate_expires_timestamp_seconds",
            "End of the certificate that is served.",
            registry=self.registry,
        )
        for outcome in OUTCOMES:
            self.injections.labels(outcome)
        for reason in REJECTIONS:
            self.rejections.labels(reason)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)


@dataclass(slots=True)
class Desk:
    """Answers reviews, and knows which connections are being answered."""

    plan: Plan
    metrics: Metrics
    busy: set[object] = field(default_factory=set)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_AT_ONCE))

    def application(self) -> web.Application:
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post(PATH, self.mutate)
        return app

    async def mutate(self, request: web.Request) -> web.Response:
        with self._marked(request.protocol):
            try:
                async with asyncio.timeout(BODY_SECONDS), self._room:
                    return self._answer(await request.read())
            except TimeoutError:
                return self._rejected("slow", 408, f"the review did not arrive within {BODY_SECONDS:g} seconds")
            except web.HTTPRequestEntityTooLarge:
                return self._rejected("too_large", 413, f"a review has at most {MOST_BYTES} bytes")
            except Malformed as reason:
                return self._rejected("malformed", 400, str(reason))

    def _answer(self, body: bytes) -> web.Response:
        try:
            review = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Malformed("the body is no JSON") from error
        answer = answered(review, self.plan)
        self.metrics.injections.labels(answer.outcome).inc()
        request = review["request"]
        about = {key: request.get(key, "") for key in ("uid", "namespace")}
        logger.info(answer.outcome, extra={**about, "object": request.get("name", ""), "reason": answer.reason})
        return web.json_response(answer.review)

    def _rejected(self, reason: str, status: int, sentence: str) -> web.Response:
        self.metrics.rejections.labels(reason).inc()
        response = web.json_response({"error": sentence}, status=status)
        response.force_close()
        return response

    @contextmanager
    def _marked(self, connection: object) -> Iterator[None]:
        self.busy.add(connection)
        try:
            yield
        finally:
            self.busy.discard(connection)


@asynccontextmanager
async def serving(desk: Desk, host: str, port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """Serve reviews over TLS while the context lasts; the port. Raises OSError when the address cannot be had."""
    runner = web.AppRunner(
        desk.application(), access_log=None, keepalive_timeout=IDLE_SECONDS, lingering_time=LINGER_SECONDS
    )
    await runner.setup()
    loop = asyncio.get_running_loop()
    assert runner.server is not None
    timeout = HANDSHAKE_SECONDS
    server = await loop.create_server(runner.server, host, port, ssl=context, ssl_handshake_timeout=timeout)
    sweeper = loop.create_task(_sweep(runner.server, desk), name="sweeper")
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper
        server.close()
        await runner.cleanup()


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[None]:
    """Serve in clear text while the context lasts. Raises OSError when the address cannot be had."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_address=True).start()
        yield
    finally:
        await runner.cleanup()


async def _sweep(server: web.Server, desk: Desk) -> None:
    """Close connections that have not brought a request for a while: aiohttp does so only after their first."""
    since: dict[object, float] = {}
    while True:
        now = monotonic()
        since = {connection: since.get(connection, now) for connection in server.connections}
        since |= dict.fromkeys(desk.busy, now)
        for connection in server.connections:
            if now - since[connection] > IDLE_SECONDS:
                connection.force_close()
        await asyncio.sleep(1.0)


def telemetry(metrics: Metrics, not_ready: Callable[[], str]) -> web.Application:
    """/metrics, /healthz and /readyz, in clear text on another port."""

    disable_created_metrics()  # type: ignore[no-untyped-call]  # else each counter has a second series

    async def exposed(request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(",".join(request.headers.getall("Accept", [])))
        return web.Response(body=encode(metrics.registry), headers={"Content-Type": content_type})

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        why = not_ready()
        return web.Response(text=f"not ready: {why}\n", status=503) if why else web.Response(text="ready\n")

    app = web.Application()
    app.router.add_get("/metrics", exposed)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    return app
