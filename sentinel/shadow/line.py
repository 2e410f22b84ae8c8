"""Requests to one endpoint over kept connections, by the rules of `sentinel.rollback.egress`.

A fresh connection for each request would measure handshakes and not the model. The address is checked when a session
is opened, and again after any failure, so that a name that moved is followed and one that was rebound is not.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from sentinel.rollback.egress import Call, Egress, EgressError, Reply, exchange


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer, and the seconds from sending the request to the last byte of the body."""

    reply: Reply
    seconds: float


class Session(Protocol):
    """One open connection, by whatever protocol."""

    async def exchange(self, call: Call) -> Reply:
        """Raises EgressError, of word "cut" where the connection broke; then this session is of no more use."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class HttpSession:
    """HTTP/1.1."""

    session: aiohttp.ClientSession

    async def exchange(self, call: Call) -> Reply:
        return await exchange(self.session, call)

    async def close(self) -> None:
        await self.session.close()


async def http_session(egress: Egress, url: str) -> HttpSession:
    """Raises EgressError."""
    return HttpSession(await egress.session(url, kept_connections=1))


class Line:
    """One kept connection to one endpoint, for one caller at a time. connect: opens it; raises EgressError."""

    def __init__(self, connect: Callable[[], Awaitable[Session]], timeout_seconds: float) -> None:
        self._connect = connect
        self._timeout_seconds = timeout_seconds
        self._session: Session | None = None

    async def send(self, call: Call) -> Timed:
        """Make a call, within the time allowed. Raises EgressError or TimeoutError."""
        async with asyncio.timeout(self._timeout_seconds):
            kept = self._session is not None
            try:
                return await self._send(call)
            except EgressError as error:
                if not (kept and error.word == "cut"):
                    raise
            return await self._send(call)  # the server had closed a connection that was idle

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _send(self, call: Call) -> Timed:
        if self._session is None:
            self._session = await self._connect()
        begun = time.monotonic()
        try:
            reply = await self._session.exchange(call)
        except EgressError:
            await self.close()
            raise
        return Timed(reply, time.monotonic() - begun)
