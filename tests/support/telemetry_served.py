"""A telemetry server on a free port of loopback, over a recorder that a test feeds."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from sentinel.telemetry.recorder import Recorder
from sentinel.telemetry.server import Sources, telemetry_app
from sentinel.telemetry.verdict_api import analysis


def sources_of(recorder: Recorder, clock: Callable[[], float] = time.time) -> Sources:
    """What the application plugs in, here without a store."""

    async def windows(query: Mapping[str, str]) -> Any:
        if "limit" in query and not query["limit"].isdigit():
            raise ValueError("limit must be a whole number")
        return {"windows": []}

    async def verdict(model: str, query: Mapping[str, str]) -> Any:
        return analysis(recorder.view(), model, query.get("version", ""), clock())

    return Sources(clock, windows, verdict, lambda: "" if recorder.view().ready else "the observer is starting")


@asynccontextmanager
async def served(recorder: Recorder, clock: Callable[[], float] = time.time) -> AsyncIterator[str]:
    """The server's address, such as http://127.0.0.1:43210, while it runs."""
    runner = web.AppRunner(telemetry_app(recorder, sources_of(recorder, clock)))
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()
