"""Rollbacks in the series and the timeline: decisions, deliveries, what waits, and whether a breach may act."""

from collections.abc import Callable

from sentinel.telemetry.catalogue import rollback
from sentinel.telemetry.labels import label
from sentinel.telemetry.series import Series, fenced
from sentinel.telemetry.versions import Versions
from sentinel.telemetry.view import Event


class RollbackCounts:
    """told: takes each event for the timeline."""

    def __init__(self, series: Series, versions: Versions, told: Callable[[Event], None]) -> None:
        self._series = series
        self._versions = versions
        self._told = told

    def decision(self, outcome: str, model: str, version: str, at: float, sentence: str = "") -> None:
        """Count a decision about a rollback; `triggered` marks the time for the annotation on dashboards."""
        pair = self._versions.pair(model, version)
        self._series.add(rollback.DECISIONS, (pair[0], fenced(self._series, rollback.DECISIONS, outcome)))
        if outcome == rollback.TRIGGERED:
            self._series.put(rollback.LAST_REQUEST, pair, at)
        self._told(Event(at, "decision", f"Rollback: {outcome.replace('_', ' ')}", sentence, *pair))

    def delivery(self, target: str, result: str, seconds: float, at: float) -> None:
        """Count one attempt to deliver a rollback request, or with `expired` a request that was given up."""
        name = label(target)
        self._series.add(rollback.DELIVERIES, (name, fenced(self._series, rollback.DELIVERIES, result)))
        if result != rollback.EXPIRED:
            self._series.histogram(rollback.DELIVERY_DURATION, (name,)).observe(seconds)
        detail = "" if result == rollback.EXPIRED else f"took {seconds:.2f} s"
        self._told(Event(at, "delivery", f"{name}: {result.replace('_', ' ')}", detail))

    def outbox(self, pending: int, dead_letters: int) -> None:
        """How many rollback requests wait for delivery, and how many were given up."""
        self._series.put(rollback.PENDING, (), pending)
        self._series.put(rollback.DEAD_LETTERS, (), dead_letters)

    def armed(self, armed: bool) -> None:
        """Whether a breach may send a rollback request now."""
        self._series.put(rollback.ARMED, (), int(armed))
