"""The observer's HTTP: telemetry with the hooks of other systems, and the admin interface."""

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web

from sentinel.app.assembly import Parts, key_options
from sentinel.config import Settings, split_address
from sentinel.config.times import parse_time
from sentinel.intake.labels import LabelIntake, label_routes
from sentinel.intake.push import Pushed, routes
from sentinel.labels.reading import Readings
from sentinel.rollback.admin import admin_app
from sentinel.rollback.answers import Standing
from sentinel.rollback.http import Backing, answer, bearer_problem, server_tls
from sentinel.rollback.integrations import integration_routes
from sentinel.store import Store
from sentinel.store.contract import AuditRecord
from sentinel.store.query import windows_json
from sentinel.telemetry.recorder import Recorder
from sentinel.telemetry.server import Sources, telemetry_app
from sentinel.telemetry.verdict_api import analysis

Answer = TypeVar("Answer")


class CannotListen(Exception):
    """An address that cannot be had now. Traffic passes all the same, and the observer is started again."""


@asynccontextmanager
async def serving(
    parts: Parts,
    pushed: Pushed,
    committed: Callable[[], None],
    decided: Callable[[Sequence[AuditRecord]], None],
    not_ready: Callable[[], str],
) -> AsyncIterator[None]:
    """Serve while the context lasts.

    pushed: who is told of traffic that others send here. committed, decided: see `sentinel.rollback.http`.
    not_ready: why, or "".

    Raises CannotListen for an address that cannot be had.
    """
    settings = parts.settings

    def ask(use: Callable[[Store], Answer]) -> Awaitable[Answer]:
        return asyncio.wrap_future(parts.writer.call(use))

    async def windows(query: Mapping[str, str]) -> Any:
        now = time.time()
        return await ask(lambda store: windows_json(store, query, lambda text: parse_time(text, now)))

    async def verdict(model: str, query: Mapping[str, str]) -> Any:
        return analysis(parts.recorder.view(), model, query.get("version", ""), time.time())

    backing = Backing(ask, settings.rollback, time.time, committed, decided)
    telemetry = telemetry_app(parts.recorder, Sources(time.time, windows, verdict, not_ready))
    telemetry.add_routes(integration_routes(backing, lambda model: _standing(parts.recorder, model)))
    telemetry.add_routes(routes(pushed, max_body_bytes=settings.capture.max_body_bytes))
    telemetry.add_routes(label_routes(_label_intake(parts), max_body_bytes=settings.capture.max_body_bytes))
    admin = admin_app(backing, settings.admin.token_file, certified=bool(settings.admin.client_ca_file))
    async with (
        listening(telemetry, "telemetry.listen", settings.telemetry.listen),
        listening(admin, "admin.listen", settings.admin.listen, server_tls(settings.admin)),
        _envoy(settings, pushed),
    ):
        yield


def _label_intake(parts: Parts) -> LabelIntake:
    """The door for labels: closed unless they are switched on, and then for those who know the token."""
    labelling, settings = parts.labelling, parts.settings

    async def take(found: Readings) -> None:
        if labelling is not None:
            await labelling.take(found)

    def refusal(headers: Mapping[str, str]) -> web.Response | None:
        if labelling is None:
            return answer({"error": "closed: set labels.enabled to open it"}, status=403)
        return bearer_problem(headers, settings.labels.token_file, "labels.token_file")

    return LabelIntake(take, refusal, key_options(settings))


def _standing(recorder: Recorder, model: str) -> Standing:
    """What the newest verdict says of a model."""
    verdicts = [view.verdict for view in recorder.view().models if view.model == model and view.verdict]
    newest = max(verdicts, key=lambda verdict: verdict.end, default=None)
    return Standing(newest.state, newest.explanation) if newest else Standing(None, "not judged yet")


@asynccontextmanager
async def listening(
    app: web.Application, path: str, address: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Serve at the address that the setting `path` names. Raises CannotListen."""
    host, port = split_address(address)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_address=True, ssl_context=tls).start()
    except OSError as error:
        await runner.cleanup()
        raise _cannot_listen(path, address, error) from error
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _envoy(settings: Settings, pushed: Pushed) -> AsyncIterator[None]:
    """Take what an Envoy tells of its traffic, where that is switched on. Raises CannotListen."""
    envoy = settings.envoy
    if not envoy.listen:
        yield
        return
    from sentinel.intake.envoy import EnvoyIntake, Limits, open_server  # an HTTP/2 stack that most never need

    limits = Limits(envoy.max_exchanges, envoy.max_held_bytes, settings.capture.max_body_bytes)
    try:
        close = await open_server(EnvoyIntake(pushed, limits), *split_address(envoy.listen))
    except OSError as error:
        raise _cannot_listen("envoy.listen", envoy.listen, error) from error
    try:
        yield
    finally:
        close()


def _cannot_listen(path: str, address: str, error: OSError) -> CannotListen:
    reason = os.strerror(error.errno) if error.errno else str(error)
    return CannotListen(f"{path}: cannot listen on {address}: {reason}; choose another address")
