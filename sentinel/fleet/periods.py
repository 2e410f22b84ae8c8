"""Which periods can be judged now. Pure: time and what waits come in, due periods go out.

A period is due when every replica that reported in recent periods has reported for it, or when it has waited long
enough: `straggler_seconds` after its end, or after the first of its windows was seen, where that is later (after an
outage replicas hand in old windows one after the other). Periods of a model are judged in order; one that must wait
holds back those after it, for a bounded time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

REMEMBERED_PERIODS = 3
"""A replica is waited for while it was on time in one of so many judged periods; one that left costs so many waits."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stored window that nobody has judged."""

    id: int
    model: str
    version: str
    replica: str
    start: float


@dataclass(frozen=True, slots=True)
class Timing:
    """period_seconds: length of a window. settle_seconds: wait for replicas not heard of before."""

    period_seconds: float = 60.0
    settle_seconds: float = 1.0
    straggler_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Due:
    """A period of one model to judge now: ids of the windows of each version; replicas that did not report."""

    model: str
    start: float
    versions: Mapping[str, tuple[int, ...]]
    replicas: frozenset[str]
    missing: frozenset[str]


@dataclass(slots=True)
class Roll:
    """Who is expected: replicas on time in recent periods of each model, and when periods were first seen."""

    timing: Timing
    _recent: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    _seen: dict[tuple[str, float], float] = field(default_factory=dict)

    def due(self, waiting: Iterable[Waiting], now: float) -> list[Due]:
        """Periods to judge now, oldest first for each model."""
        found = []
        grouped = groupby(sorted(waiting, key=self._place), key=self._place)
        held_back: set[str] = set()
        for (model, start), group in grouped:
            seen = self._seen.setdefault((model, start), now)
            period = self._period(model, start, list(group))
            if model in held_back or not self._is_due(period, seen, now):
                held_back.add(model)
                continue
            found.append(period)
        return found

    def judged(self, period: Due) -> None:
        """Remember who was on time."""
        self.report(period.model, period.replicas)
        self._seen.pop((period.model, period.start), None)

    def report(self, model: str, replicas: frozenset[str]) -> None:
        self._recent[model] = [*self._recent.get(model, []), replicas][-REMEMBERED_PERIODS:]

    def expected(self, model: str) -> frozenset[str]:
        return frozenset().union(*self._recent.get(model, []))

    def start_of(self, window_start: float) -> float:
        """Start of the period that a window belongs to."""
        return window_start // self.timing.period_seconds * self.timing.period_seconds

    def _place(self, window: Waiting) -> tuple[str, float]:
        return window.model, self.start_of(window.start)

    def _period(self, model: str, start: float, group: list[Waiting]) -> Due:
        ids: dict[str, list[int]] = {}
        for window in group:
            ids.setdefault(window.version, []).append(window.id)
        replicas = frozenset(window.replica for window in group)
        versions = {version: tuple(ids[version]) for version in sorted(ids)}
        return Due(model, start, versions, replicas, self.expected(model) - replicas)

    def _is_due(self, period: Due, seen: float, now: float) -> bool:
        end = period.start + self.timing.period_seconds
        if self.expected(period.model) and not period.missing:
            return now >= end + self.timing.settle_seconds
        return now >= max(end, seen) + self.timing.straggler_seconds
