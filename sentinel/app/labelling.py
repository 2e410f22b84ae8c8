"""Late labels in the running sidecar: predictions and labels to the store, labels joined, windows scored again.

`LabelWork` is what is done, whoever does it: the observer, the fleet's leader, `sentinel labels load`. `Labelling` is
the observer's part: a bounded buffer of predictions, one task, and the door for POST /v1/labels, over a connection of
its own, so that neither a flood of labels nor the scoring of a day holds up windows and verdicts.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from threading import Lock

from sentinel.app.scoring import Scorer
from sentinel.config.settings import LabelSettings
from sentinel.intake.labels import NotNow
from sentinel.labels.reading import Readings
from sentinel.labels.realised import missed
from sentinel.labels.values import Answered, KeptPrediction, Outcome, Report, Span
from sentinel.store import SqlStore, StoreError, open_store
from sentinel.store.labels import LabelStore

logger = logging.getLogger("sentinel.labels")

DAY = 86_400.0
MOST_PENDING = 20_000
"""Predictions held for the store: 100 seconds of 200 a second, some 10 MB; more are dropped, counted."""
FLUSHED_AT_ONCE = 1_000
FLUSH_SECONDS = 1.0
GRACE_SECONDS = 1.5
"""After a window's end until it is scored: its last predictions are flushed by then."""
TINY = 1e-6
"""Seconds: windows begin at the same moment if they begin so close to each other."""
RECENT_ROWS = 10_000
"""Predictions that the metrics of quality are made of, the newest: enough for half a point of accuracy."""
FORGET_SECONDS = 60.0

Counts = Counter[tuple[str, Outcome]]


class LabelWork:
    """Joins and scores. Not for several threads at once."""

    def __init__(self, store: SqlStore, settings: LabelSettings, scorer: Scorer) -> None:
        self._store = store
        self.labels: LabelStore = store.labels
        self._settings = settings
        self._scorer = scorer
        self._missed = partial(missed, most_error=scorer.accepted_error)

    def settle(self, now: float) -> Counts:
        """Join all labels that can be, and give up those that waited too long; what became of them."""
        counts: Counts = Counter()
        while found := self.labels.settle(now, self._settings.wait_seconds, self._missed):
            counts.update(found)
        return counts

    def score(self, now: float) -> list[Report]:
        """Score the windows that are due; what recent predictions of the versions concerned say now."""
        touched = set()
        for due in self.labels.due(now - GRACE_SECONDS):
            span = due.span
            rows = self.labels.answered(span.model, span.version, span.start, span.start + TINY)
            self.labels.score(due, self._scored(span, rows), now)
            touched.add((span.model, span.version))
        return [report for pair in sorted(touched) for report in self._recent(*pair)]

    def _scored(self, span: Span, rows: Sequence[Answered]) -> list[Report]:
        """The reports of a window; none where its rows break the arithmetic, which must not hold up other windows."""
        try:
            return self._reports(span, rows, span, rows)
        except StoreError:
            raise
        except Exception:
            logger.exception("the window of %s %s at %.0f cannot be scored", span.model, span.version, span.start)
            return []

    def forget(self, now: float) -> None:
        """Let go of what is past its time or number."""
        kept = self._settings
        before, scores = now - kept.keep_days * DAY, now - kept.quality_days * DAY
        while self.labels.forget(before, kept.max_predictions, scores):
            continue

    def _recent(self, model: str, version: str) -> list[Report]:
        newest = partial(self.labels.newest, model, version, self._settings.recent_seconds, RECENT_ROWS)
        return self._reports(*newest(labelled=True), *newest(labelled=False))

    def _reports(
        self, span: Span, labelled: Sequence[Answered], scored_span: Span, scored: Sequence[Answered]
    ) -> list[Report]:
        """Realised quality of the first rows and, where there can be one, an estimate of the others."""
        estimate = self._scorer.estimate(scored_span, scored, self._store)
        return [self._scorer.realised(span, labelled), *([estimate] if estimate else [])]


@dataclass(frozen=True, slots=True)
class Told:
    """Who hears what happened, on the event loop: kept(count, outcome), labels(counts), waiting(counts by outcome),
    quality(recent predictions of one version).
    """

    kept: Callable[[int, str], None]
    labels: Callable[[Counts], None]
    waiting: Callable[[Counter[tuple[str, str]]], None]
    quality: Callable[[Report], None]


class Labelling:
    """The observer's end. works False: a member of a fleet, whose leader joins and scores."""

    def __init__(self, url: str, settings: LabelSettings, scorer: Scorer, told: Told, *, works: bool = True) -> None:
        self._url = url
        self._settings = settings
        self._scorer = scorer
        self._told = told
        self._works = works
        self._pending: deque[KeptPrediction] = deque()
        self._store: SqlStore | None = None
        self._opening = Lock()
        self._due = {"score": 0.0, "forget": 0.0}

    def keep(self, kept: Sequence[KeptPrediction]) -> None:
        """Take predictions for the next flush; never waits."""
        room = max(0, MOST_PENDING - len(self._pending))
        self._pending.extend(kept[:room])
        if len(kept) > room:
            self._told.kept(len(kept) - room, "dropped")

    async def take(self, found: Readings) -> None:
        """Put labels into the store. Raises NotNow while it is away."""
        if not found.labels and not found.refused:
            return
        try:
            counts = await asyncio.to_thread(self._put, found)
        except StoreError as error:
            raise NotNow(f"labels cannot be taken now: {error}") from error
        self._told.labels(counts)

    async def run(self) -> None:
        """Flush, join and score until cancelled; what is left then is flushed."""
        try:
            while True:
                await self._step(self._flush())
                if self._works:
                    await self._step(self._work(time.time()))
                await asyncio.sleep(FLUSH_SECONDS)
        finally:
            await self._last()

    async def _last(self) -> None:
        await self._step(self._flush())
        if self._store is not None:
            self._store.close()

    async def _step(self, work: Awaitable[None]) -> None:
        """Do some work; what the store does not take now waits."""
        try:
            await work
        except StoreError as error:
            logger.warning("predictions and labels wait for the store: %s", error)

    async def _work(self, now: float) -> None:
        work = LabelWork(await asyncio.to_thread(self._opened), self._settings, self._scorer)
        self._told.labels(await asyncio.to_thread(work.settle, now))
        if now >= self._due["score"]:
            self._due["score"] = now + self._settings.score_seconds
            for report in await asyncio.to_thread(work.score, now):
                self._told.quality(report)
            self._told.waiting(await asyncio.to_thread(work.labels.counts))
        if now >= self._due["forget"]:
            self._due["forget"] = now + FORGET_SECONDS
            await asyncio.to_thread(work.forget, now)

    async def _flush(self) -> None:
        """Write the predictions that wait."""
        while self._pending:
            batch = list(islice(self._pending, FLUSHED_AT_ONCE))
            new = await asyncio.to_thread(self._keep, batch)
            for _ in batch:
                self._pending.popleft()
            self._told.kept(new, "kept")
            self._told.kept(len(batch) - new, "repeated")

    def _keep(self, batch: Sequence[KeptPrediction]) -> int:
        return self._opened().labels.keep(batch)

    def _put(self, found: Readings) -> Counts:
        return self._opened().labels.put(found.labels, time.time(), refused=found.refused)

    def _opened(self) -> SqlStore:
        with self._opening:
            if self._store is None:
                self._store = open_store(self._url)
            return self._store
