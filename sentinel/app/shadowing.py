"""The second model in the sidecar: the mirror beside the pipeline, its verdicts to telemetry, store and audit."""

import logging

from sentinel.app.pipeline import ANALYSED, Outcome
from sentinel.config import Settings
from sentinel.config.settings import ShadowSettings
from sentinel.decode import DecodeOptions
from sentinel.shadow.account import Terms
from sentinel.shadow.book import AccountBook, Standing
from sentinel.shadow.mirror import Mirror, Mirrored
from sentinel.store.contract import AuditRecord, StoreError
from sentinel.store.writer import Writer
from sentinel.telemetry.recorder import Recorder
from sentinel.traffic import Exchange

logger = logging.getLogger("sentinel.shadow")

SETTING = "shadow.accounts"
"""Setting of the store that keeps the accounts: counts, so that a restart does not begin the proof again."""
ACTION = "shadow.verdict"
"""Action of the audit records, one for each change of a verdict."""
STORE_SECONDS = 5.0
"""How long the start waits for kept accounts; without them the evidence starts again."""


def terms_of(settings: ShadowSettings) -> Terms:
    return Terms(settings.margin_ratio, settings.tolerance_sd, settings.false_ratio)


class Shadowing:
    """Made once per life of an observer that has a second model."""

    def __init__(self, settings: Settings, options: DecodeOptions, writer: Writer, recorder: Recorder) -> None:
        shadow, replica = settings.capture.shadow, settings.process.replica
        self._writer = writer
        self._recorder = recorder
        self._verdicts: dict[tuple[str, str, str], str] = {}
        self._kept = ""
        self.book = AccountBook(terms_of(shadow), f"{replica} {shadow.url}")
        self.mirror = Mirror(shadow, options, self.book, self._mirrored)

    def resume(self) -> None:
        """Go on from what an earlier life kept. Blocks for a moment; before any traffic is offered."""
        try:
            kept = self._writer.call(lambda store: store.setting(SETTING)).result(STORE_SECONDS)
        except (StoreError, TimeoutError) as error:
            logger.warning("evidence on the second model starts again: %s", error)
            return
        if kept and self.book.adopt(kept):
            self._verdicts = {standing.key: standing.result.verdict for standing in self.book.standings()}

    def offer(self, exchange: Exchange, outcome: Outcome) -> None:
        """Mirror an analysed exchange, perhaps; never waits."""
        if outcome.outcome == ANALYSED:
            self.mirror.offer(exchange, outcome.model, outcome.version)

    def settle(self, now: float) -> None:
        """Tell what is known now, and have it kept; called whenever windows close."""
        standings = list(self.book.standings())
        self._recorder.shadows(standings, now)
        audit = tuple(_record(standing, now) for standing in standings if self._is_news(standing))
        text = self.book.to_text()
        if text != self._kept:
            self._writer.call(lambda store: store.put_setting(SETTING, text, audit=audit))
            self._kept = text

    def _mirrored(self, told: Mirrored) -> None:
        self._recorder.mirrored(told.outcome, told.model, told.version, told.rows, told.differing)

    def _is_news(self, standing: Standing) -> bool:
        known, now = self._verdicts.get(standing.key, "unknown"), standing.result.verdict
        self._verdicts[standing.key] = now
        if now != known:
            logger.warning("second model for %s %s: %s", standing.model, standing.version, standing.result.sentence)
        return now != known


def _record(standing: Standing, now: float) -> AuditRecord:
    subject = f"{standing.model} {standing.version} {standing.candidate}".rstrip()
    result = standing.result
    return AuditRecord(now, "sentinel", ACTION, subject, result.verdict, result.sentence, standing.plain())
