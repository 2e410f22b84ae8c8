"""A share of sampled requests sent to a second endpoint, off the path, and both answers compared.

Nobody waits for this: `offer` takes an exchange that was already answered, or counts why not. What waits is bounded in
bytes, what is under way in number, what is sent in a second by a ceiling; the rest is dropped and counted. Requests
carry MARK, and one that carries it is never mirrored again, so that a loop through this sidecar ends at once.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from sentinel.config.settings import ShadowSettings
from sentinel.decode import Decoded, DecodeOptions, decode
from sentinel.decode.decoder import STREAMED
from sentinel.decode.paths import route
from sentinel.rollback.egress import Egress, EgressError
from sentinel.rollback.signing import SecretError, read_secret_text
from sentinel.shadow.asking import MARK, answered, call_of, refused
from sentinel.shadow.book import AccountBook, Answer
from sentinel.shadow.line import Line, Session, http_session
from sentinel.traffic import Exchange

logger = logging.getLogger("sentinel.shadow")

Connect = Callable[[Egress, str], Awaitable[Session]]

GRPC = "grpc"
STREAM_TYPES = ("text/event-stream", "application/x-ndjson")

OVERHEAD_BYTES = 2048
"""What an exchange weighs beside its bodies."""
DRAIN_SECONDS = 2.0
"""Time that what waits gets when the observer stops."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An exchange to be mirrored, with the model and version that answered it."""

    exchange: Exchange
    model: str
    version: str

    @property
    def weight_bytes(self) -> int:
        return len(self.exchange.request.body) + len(self.exchange.response.body) + OVERHEAD_BYTES


class Pace:
    """At most so many a second, unused ones kept for one second. clock: seconds."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._left = max(1.0, per_second)
        self._at = clock()

    def take(self) -> bool:
        now = self._clock()
        self._left = min(max(1.0, self._per_second), self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What became of an exchange that was chosen. outcome: see `sentinel.telemetry.catalogue.shadow.OUTCOMES`.

    rows, differing: of answers that were compared.
    """

    outcome: str
    model: str
    version: str
    rows: int = 0
    differing: int = 0


def unsupported(exchange: Exchange, settings: ShadowSettings) -> str:
    """Why an exchange is not mirrored, "" where it is."""
    if not 200 <= exchange.status < 300:
        return f"an exchange that was answered with {exchange.status}"
    if exchange.response.headers.get("content-type", "").startswith(STREAM_TYPES):
        return "an answer that is streamed as text"
    if not _url(exchange, settings):
        return (
            "gRPC, without capture.shadow.grpc_url" if exchange.protocol == GRPC else "HTTP, without capture.shadow.url"
        )
    return ""


def _url(exchange: Exchange, settings: ShadowSettings) -> str:
    return settings.grpc_url if exchange.protocol == GRPC else settings.url


class Mirror:
    """Sends to one second endpoint. tell: told of every exchange that was chosen, on the event loop; must not raise."""

    def __init__(
        self,
        settings: ShadowSettings,
        options: DecodeOptions,
        book: AccountBook,
        tell: Callable[[Mirrored], None],
        generator: random.Random | None = None,
    ) -> None:
        self.book = book
        self._settings = settings
        self._options = options
        self._tell = tell
        self._generator = generator or random.Random()
        self._pace = Pace(settings.max_per_second)
        self._waiting: deque[Waiting] = deque()
        self._waiting_bytes = 0
        self._under_way = 0
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False
        self._said: set[str] = set()

    def offer(self, exchange: Exchange, model: str, version: str) -> None:
        """Mirror this exchange, perhaps; never waits."""
        if MARK in exchange.request.headers or self._generator.random() >= self._settings.sample_ratio:
            return
        waiting = Waiting(exchange, model, version)
        if why := self._refusal(waiting):
            self._tell(Mirrored(why, model, version))
            return
        self._waiting.append(waiting)
        self._waiting_bytes += waiting.weight_bytes
        self._arrived.set()
        self._idle.clear()

    async def run(self) -> None:
        """Mirror until cancelled; then count what still waited as dropped."""
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._settings.concurrency):
                    group.create_task(self._work(), name=f"shadow {number}")
        finally:
            while self._waiting:
                left = self._next()
                self._tell(Mirrored("dropped", left.model, left.version))

    async def drain(self) -> None:
        """Take no more, and give what waits a moment. To be called before `run` is cancelled."""
        self._stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._idle.wait()

    def _refusal(self, waiting: Waiting) -> str:
        exchange = waiting.exchange
        if why := unsupported(exchange, self._settings):
            if why not in self._said:
                self._said.add(why)
                logger.warning("not mirrored: %s; this is said once", why)
            return "unsupported"
        full = self._waiting_bytes + waiting.weight_bytes > self._settings.max_waiting_bytes
        return "dropped" if self._stopping or full or not self._pace.take() else ""

    def _next(self) -> Waiting:
        waiting = self._waiting.popleft()
        self._waiting_bytes -= waiting.weight_bytes
        return waiting

    async def _work(self) -> None:
        """One request at a time, over one connection."""
        http, grpc = self._line(http_session, self._settings.url), self._line(_grpc_session, self._settings.grpc_url)
        try:
            while True:
                while not self._waiting:
                    self._arrived.clear()
                    await self._arrived.wait()
                waiting = self._next()
                await self._handle(grpc if waiting.exchange.protocol == GRPC else http, waiting)
        finally:
            await http.close()
            await grpc.close()

    def _line(self, connect: Connect, url: str) -> Line:
        settings = self._settings
        egress = Egress(settings.allow_http, settings.ca_file, settings.allowed_hosts)
        return Line(partial(connect, egress, url), settings.timeout_seconds)

    async def _handle(self, line: Line, waiting: Waiting) -> None:
        """Mirror one exchange, and tell what became of it whatever happens."""
        self._under_way += 1
        told = Mirrored("dropped", waiting.model, waiting.version)  # where it is stopped on the way
        try:
            told = await self._mirrored(line, waiting)
        except Exception:  # a fault over one pair must not stop those behind it
            logger.exception("a mirrored exchange could not be compared")
            told = self._missed(waiting, "undecodable")
        finally:
            self._tell(told)
            self._under_way -= 1
            if not self._waiting and not self._under_way:
                self._idle.set()

    async def _mirrored(self, line: Line, waiting: Waiting) -> Mirrored:
        """Ask the second endpoint what the first one was asked, and compare."""
        exchange, model, version = waiting.exchange, waiting.model, waiting.version
        url = _url(exchange, self._settings)
        try:
            call = call_of(exchange, url, self._settings.forward_headers, self._authorization())
            timed = await line.send(call)
        except (EgressError, TimeoutError, SecretError) as error:
            logger.debug("no answer from the second model: %s", error)
            return self._missed(waiting, "no_answer")
        answer = answered(exchange, timed, url)
        theirs, mine = decode(answer, self._options), decode(exchange, self._options)
        if not isinstance(theirs, Decoded) or not isinstance(mine, Decoded):
            return self._missed(waiting, "error" if refused(answer) else "undecodable")
        streamed = route(exchange.method, exchange.path).protocol in STREAMED  # its pace is the client's
        pair = (Answer(mine, exchange.duration_seconds), Answer(theirs, timed.seconds))
        compared = self.book.pair(model, version, *pair, timed=not streamed)
        if compared is None:
            return Mirrored("learning", model, version)
        return Mirrored("compared", model, version, len(compared.rows), int(compared.rows.sum()))

    def _missed(self, waiting: Waiting, why: str) -> Mirrored:
        self.book.miss(waiting.model, waiting.version, why)
        return Mirrored(why, waiting.model, waiting.version)

    def _authorization(self) -> dict[str, str]:
        """The file is read every time, so that a token can be changed without a restart."""
        path = self._settings.authorization_file
        return {"authorization": read_secret_text(path).strip()} if path else {}


async def _grpc_session(egress: Egress, url: str) -> Session:
    from sentinel.shadow.grpc import grpc_session  # 13 MB, for those who mirror gRPC

    return await grpc_session(egress, url)
