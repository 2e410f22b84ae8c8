"""A mirror at work, and what became of what it was offered."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sentinel.config.settings import ShadowSettings
from sentinel.decode import DecodeOptions
from sentinel.shadow.account import Terms
from sentinel.shadow.book import AccountBook
from sentinel.shadow.mirror import Mirror, Mirrored

ANSWER_SECONDS = 60.0
"""Patience with a candidate that answers."""


@dataclass
class Mirroring:
    mirror: Mirror
    told: list[Mirrored] = field(default_factory=list)

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(told.outcome for told in self.told)

    async def settled(self, count: int) -> Counter[str]:
        """Outcomes, once there are as many."""
        async with asyncio.timeout(120):
            while len(self.told) < count:  # noqa: ASYNC110 - told by a callback
                await asyncio.sleep(0.005)
        return self.outcomes


@contextlib.asynccontextmanager
async def mirroring(url: str, **changes: object) -> AsyncIterator[Mirroring]:
    values: dict[str, object] = {
        "url": url,
        "allow_http": True,
        "max_per_second": 1e6,
        "timeout_seconds": ANSWER_SECONDS,
    }
    settings = ShadowSettings(**values | changes)  # type: ignore[arg-type]
    told: list[Mirrored] = []
    book = AccountBook(Terms(0.05, 0.1, 0.05), url)
    made = Mirroring(Mirror(settings, DecodeOptions(), book, told.append, random.Random(1)), told)
    task = asyncio.create_task(made.mirror.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
