"""The second model in the sidecar: the mirror beside the pipeline, its verdicts to telemetry, store and audit."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from sentinel.app.pipeline import ANALYSED, Outcome
from sentinel.config import Settings
from sentinel.config.settings import ShadowSettings
from sentinel.decode import DecodeOptions
from sentinel.shadow.account import Terms
from sentinel.shadow.book import AccountBook, Key, Standing
from sentinel.shadow.mirror import Mirror, Mirrored
from sentinel.store.contract import AuditRecord
from sentinel.store.errors import StoreError
from sentinel.store.writer import Writer
from sentinel.telemetry.recorder import Recorder
from sentinel.traffic import Exchange

logger = logging.getLogger("sentinel.shadow")

SETTINGS = "shadow.accounts/"
"""Settings of the store that keep the accounts, one for each replica: the time in seconds, a space, and its book.

Counts, so that a restart does not begin the proof again, and that a fleet can add them up."""
ACTION = "shadow.verdict"
"""Action of the audit records, one for each change of a verdict."""
STORE_SECONDS = 5.0
"""How long the start waits for kept accounts; without them the evidence starts again."""


def book_of(shadow: ShadowSettings) -> AccountBook:
    """An empty book of what these settings compare."""
    return AccountBook(terms_of(shadow), " ".join(shadow.urls))


def terms_of(settings: ShadowSettings) -> Terms:
    return Terms(settings.margin_ratio, settings.tolerance_sd, settings.false_ratio)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store has, or is being given: the accounts as text, and the verdicts that the audit knows."""

    text: str = ""
    verdicts: Mapping[Key, str] = field(default_factory=dict)


class Shadowing:
    """Made once per life of an observer that has a second model."""

    def __init__(self, settings: Settings, options: DecodeOptions, writer: Writer, recorder: Recorder) -> None:
        shadow = settings.capture.shadow
        self._writer = writer
        self._recorder = recorder
        self._kept = self._handed = Kept()
        self._writing: Future[None] | None = None
        self._name = f"{SETTINGS}{settings.process.replica}"
        self._speaks = not settings.fleet.member
        self.book = book_of(shadow)
        self.mirror = Mirror(shadow, options, self.book, self._mirrored)

    def resume(self) -> None:
        """Go on from what an earlier life kept. Blocks for a moment; before any traffic is offered."""
        try:
            kept = self._writer.call(lambda store: store.setting(self._name)).result(STORE_SECONDS)
        except (StoreError, TimeoutError) as error:
            logger.warning("evidence on the second model starts again: %s", error)
            return
        text = (kept or "").partition(" ")[2]
        if text and self.book.adopt(text):
            self._kept = Kept(text, verdicts(self.book.standings()))

    def offer(self, exchange: Exchange, outcome: Outcome) -> None:
        """Mirror an analysed exchange, perhaps; never waits."""
        if outcome.outcome == ANALYSED:
            self.mirror.offer(exchange, outcome.model, outcome.version)

    def settle(self, now: float) -> None:
        """Tell what is known now, and have it kept; called whenever windows close."""
        standings = list(self.book.standings())
        self._recorder.shadow.standings(standings, now)
        if self._writing is None or self._writing.done():
            self._keep(standings, now)

    def _keep(self, standings: Sequence[Standing], now: float) -> None:
        """Hand to the store what it does not have yet; what it could not take is handed to it again."""
        if self._writing is not None and self._writing.exception() is None:
            self._kept = self._handed
        news = changed(standings, self._kept.verdicts) if self._speaks else []
        handed = Kept(self.book.to_text(), verdicts(standings))
        if handed != self._kept:
            self._handed, audit = handed, tuple(record(standing, now) for standing in news)
            value = f"{now:.0f} {handed.text}"
            self._writing = self._writer.call(lambda store: store.put_setting(self._name, value, audit=audit))

    def _mirrored(self, told: Mirrored) -> None:
        self._recorder.shadow.mirrored(told.outcome, told.model, told.version, told.rows, told.differing)


def verdicts(standings: Iterable[Standing]) -> dict[Key, str]:
    return {standing.key: standing.result.verdict for standing in standings}


def changed(standings: Sequence[Standing], known: Mapping[Key, str]) -> list[Standing]:
    """Those whose verdict is not the one that was known, told to the log; what was not known was unknown."""
    news = [standing for standing in standings if standing.result.verdict != known.get(standing.key, "unknown")]
    for standing in news:
        logger.warning("second model for %s %s: %s", standing.model, standing.version, standing.result.sentence)
    return news


def record(standing: Standing, now: float) -> AuditRecord:
    """Of a verdict that changed."""
    subject = f"{standing.model} {standing.version} {standing.candidate}".rstrip()
    result = standing.result
    return AuditRecord(now, "sentinel", ACTION, subject, result.verdict, result.sentence, standing.plain())
