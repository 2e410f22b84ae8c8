"""The slowest exchanges and the first failures of a window, kept apart for people to look at.

They come with the counts of all traffic and not with the samples, and nothing that scores or judges reads them, so no
drift statistic ever sees one. Merging keeps the foremost of both sides: associative and commutative. Pure.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

from sentinel.traffic.summary import FAILURES, Exemplar, Route

MOST_OF_A_KIND = 3  # slowest, and failures, of one window


@dataclass(frozen=True, slots=True)
class Told:
    """An exemplar with its route and the second in which it was counted."""

    route: Route
    exemplar: Exemplar
    at: float

    @property
    def failed(self) -> bool:
        return self.exemplar.code in FAILURES


def foremost(told: Iterable[Told]) -> tuple[Told, ...]:
    """The first failures in the order of time, then the slowest of the others."""
    ordered = sorted(told, key=_rank)
    failed = [one for one in ordered if one.failed]
    slowest = [one for one in ordered if not one.failed]
    return (*failed[:MOST_OF_A_KIND], *slowest[:MOST_OF_A_KIND])


def _rank(told: Told) -> tuple[Any, ...]:
    first = told.at if told.failed else -told.exemplar.duration_seconds
    return (first, told.at, astuple(told.route), astuple(told.exemplar))  # the rest makes the order total


def from_exemplars(told: Iterable[Told]) -> list[Any]:
    """As plain values, for a window's bytes."""
    return [[one.at, astuple(one.route), astuple(one.exemplar)] for one in told]


def to_exemplars(content: Iterable[Any]) -> tuple[Told, ...]:
    """What `from_exemplars` made."""
    return tuple(Told(Route(*route), Exemplar(*exemplar), at) for at, route, exemplar in content)
