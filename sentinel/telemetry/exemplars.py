"""The slowest exchanges and the failures of each window, kept apart for people to look at.

They come with the counts of all traffic and not with the samples, so no drift statistic ever sees one. Bounded. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sentinel.traffic.summary import FAILURES, Exemplar, Route

MOST_OF_A_KIND = 5  # slowest, and failures, of one window


@dataclass(frozen=True, slots=True)
class Told:
    """An exemplar with its route and the second in which it was counted."""

    route: Route
    exemplar: Exemplar
    at: float

    @property
    def failed(self) -> bool:
        return self.exemplar.code in FAILURES


class Exemplars:
    """Those of the window under way; `close` gives them and begins anew."""

    def __init__(self) -> None:
        self._slowest: list[Told] = []
        self._failed: list[Told] = []

    def add(self, route: Route, exemplars: Iterable[Exemplar], at: float) -> None:
        """Keep the slowest, and the first failures."""
        for exemplar in exemplars:
            told = Told(route, exemplar, at)
            if not told.failed:
                self._slowest.append(told)
            elif len(self._failed) < MOST_OF_A_KIND:
                self._failed.append(told)
        self._slowest.sort(key=lambda told: -told.exemplar.duration_seconds)
        del self._slowest[MOST_OF_A_KIND:]

    def close(self) -> tuple[Told, ...]:
        """Failures first, then the slowest."""
        kept = (*self._failed, *self._slowest)
        self._failed, self._slowest = [], []
        return kept
