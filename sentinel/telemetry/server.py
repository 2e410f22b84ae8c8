"""The telemetry server: /metrics, /healthz, /readyz, the status page and the read-only API. aiohttp; one event loop.

Nothing here waits for the model server: a sidecar whose model is down stays alive, ready and scrapeable.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from sentinel.telemetry.collector import registry_of
from sentinel.telemetry.page import PAGE_HEADERS, render
from sentinel.telemetry.recorder import Recorder

Windows = Callable[[Mapping[str, str]], Awaitable[Any]]
"""Query parameters of GET /v1/windows -> JSON value; ValueError is answered with 400 and its sentence."""
Verdicts = Callable[[str, Mapping[str, str]], Awaitable[Any]]
"""Model and query parameters of GET /v1/verdict/{model} -> JSON value."""
Clock = Callable[[], float]

_JSON = partial(web.json_response, headers={"Cache-Control": "no-store"})
_COMPRESS_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Sources:
    """What the application plugs in. clock: seconds since the epoch."""

    clock: Clock
    windows: Windows
    verdict: Verdicts
    not_ready: Callable[[], str]  # one sentence, "" while ready


def telemetry_app(recorder: Recorder, sources: Sources) -> web.Application:
    """The application to serve on `telemetry.listen`."""
    registry = registry_of(recorder)
    app = web.Application()
    app.router.add_get("/metrics", partial(_metrics, registry))
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", partial(_readyz, sources))
    app.router.add_get("/", partial(_page, recorder, sources))
    app.router.add_get("/v1/windows", partial(_windows, sources))
    app.router.add_get("/v1/verdict/{model}", partial(_verdict, sources))
    app.router.add_get("/v1/shadow", partial(_shadows, recorder))
    return app


async def _metrics(registry: CollectorRegistry, request: web.Request) -> web.Response:
    encode, content_type = choose_encoder(",".join(request.headers.getall("Accept", [])))
    names = request.query.getall("name[]", [])
    body = encode(registry.restricted_registry(names) if names else registry)
    response = web.Response(body=body, headers={"Content-Type": content_type})
    return _gzipped(request, response, len(body))


async def _healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _readyz(sources: Sources, _request: web.Request) -> web.Response:
    why = sources.not_ready()
    return web.Response(text=f"not ready: {why}\n", status=503) if why else web.Response(text="ready\n")


async def _page(recorder: Recorder, sources: Sources, request: web.Request) -> web.Response:
    body = render(recorder.view(), now=sources.clock()).encode("utf-8", "replace")
    response = web.Response(body=body, headers=PAGE_HEADERS)
    return _gzipped(request, response, len(body))


async def _windows(sources: Sources, request: web.Request) -> web.Response:
    try:
        return _JSON(await sources.windows(request.query))
    except ValueError as error:
        return _JSON({"error": str(error)}, status=400)


async def _verdict(sources: Sources, request: web.Request) -> web.Response:
    return _JSON(await sources.verdict(request.match_info["model"], request.query))


async def _shadows(recorder: Recorder, _request: web.Request) -> web.Response:
    return _JSON({"shadows": [standing.plain() for standing in recorder.view().shadows or ()]})


def _gzipped(request: web.Request, response: web.Response, size: int) -> web.Response:
    if size >= _COMPRESS_BYTES and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response
