"""Closed windows on their way to judgement: in order, each once, and only on evidence that is known.

After a start the judge's state is read from the store. While the store cannot tell it, windows wait here (bounded)
rather than being judged as if nothing had been seen before; then they are judged in order. Used from one thread.
"""

import logging
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

from sentinel.app.verdicts import Judgement, Judging
from sentinel.store import StoreError
from sentinel.store.writer import Outcome, Writer
from sentinel.windows.closed import ClosedWindow

logger = logging.getLogger("sentinel.judging")

MOST_WAITING = 1024
"""Windows held for the judge's state: 17 hours of one model's minutes; beyond it evidence starts again."""


@dataclass(slots=True)
class JudgingQueue:
    judging: Judging
    writer: Writer
    _waiting: deque[ClosedWindow] = field(default_factory=deque)

    def take(self, window: ClosedWindow, now: float) -> "list[tuple[Judgement, Future[Outcome]]]":
        """Judge `window` and those that waited before it, and hand them to the store.

        What was judged, in order, each with what will become of it in the store.
        """
        self._waiting.append(window)
        judged: list[tuple[Judgement, Future[Outcome]]] = []
        while self._waiting:
            afresh = len(self._waiting) > MOST_WAITING
            try:
                judgement = self.judging.judge(self._waiting[0], now, afresh=afresh)
            except (StoreError, TimeoutError) as error:
                logger.warning("%d windows wait for the store: %s", len(self._waiting), error)
                return judged
            self._waiting.popleft()
            judged.append((judgement, self.writer.submit(judgement.record)))
        return judged
