"""From the relays' cumulative counts to the traffic of one window. Pure.

`Differences` turns cumulative summaries into what was added since the last one, over restarts of workers.
`TrafficTally` gathers one window's traffic. An exchange handed over but not yet decoded is in no window: it is counted,
received and outcome together, in the window in which its outcome is known, so each window adds up to the last exchange.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from sentinel.traffic import Route, RouteTraffic, TrafficSummary
from sentinel.windows.window import TrafficCounts

Key = TypeVar("Key", str, int)


@dataclass(frozen=True, slots=True)
class TrafficDelta:
    """What a worker counted between two summaries: received = sampled_out + dropped + handed."""

    received: int = 0
    sampled_out: int = 0
    handed: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    routes: Mapping[Route, RouteTraffic] = field(default_factory=dict)
    opaque: Mapping[str, int] = field(default_factory=dict)
    connections: int = 0


class Differences:
    """Remembers the last summary of each worker.

    known: last summaries from before a restart of the observer, so that nothing is counted twice.
    """

    def __init__(self, known: Iterable[TrafficSummary] = ()) -> None:
        self.last = {summary.worker: summary for summary in known}

    def since_last(self, summary: TrafficSummary) -> TrafficDelta:
        """What `summary` adds. A new life of the worker (`boot`) starts from nothing; an older summary adds nothing."""
        last = self.last.get(summary.worker)
        if last is None or last.boot != summary.boot:
            last = TrafficSummary(summary.worker, summary.boot, 0.0)
        elif summary.received < last.received or summary.at < last.at:
            return TrafficDelta()
        self.last[summary.worker] = summary
        return _difference(summary, last)


def _difference(summary: TrafficSummary, last: TrafficSummary) -> TrafficDelta:
    nothing = RouteTraffic()
    return TrafficDelta(
        received=summary.received - last.received,
        sampled_out=summary.sampled_out - last.sampled_out,
        handed=summary.handed - last.handed,
        dropped=_grown(summary.dropped, last.dropped),
        routes={route: _route_grown(now, last.routes.get(route, nothing)) for route, now in summary.routes.items()},
        opaque=_grown(summary.opaque, last.opaque),
        connections=summary.connections_total - last.connections_total,
    )


def _route_grown(now: RouteTraffic, last: RouteTraffic) -> RouteTraffic:
    return RouteTraffic(
        codes=_grown(now.codes, last.codes),
        latency=_grown(now.latency, last.latency),
        first_byte=_grown(now.first_byte, last.first_byte),
        gaps=_grown(now.gaps, last.gaps),
        latency_sum_seconds=now.latency_sum_seconds - last.latency_sum_seconds,
        request_bytes=now.request_bytes - last.request_bytes,
        response_bytes=now.response_bytes - last.response_bytes,
    )


def _grown(now: Mapping[Key, int], last: Mapping[Key, int]) -> dict[Key, int]:
    return {key: count - last.get(key, 0) for key, count in now.items() if count != last.get(key, 0)}


@dataclass(slots=True)
class TrafficTally:
    """One window's traffic, growing. Every exchange must end in exactly one of the four outcomes."""

    analysed: int = 0
    sampled_out: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    undecodable: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    latency: Counter[int] = field(default_factory=Counter)
    latency_sum_seconds: float = 0.0

    def add(self, delta: TrafficDelta) -> None:
        """Count what a relay decided by itself, and the codes and times of all its exchanges."""
        self.sampled_out += delta.sampled_out
        self.dropped.update(delta.dropped)
        for traffic in delta.routes.values():
            self.add_route(traffic)

    def add_route(self, traffic: RouteTraffic) -> None:
        """Count codes and times of a route."""
        self.codes.update(traffic.codes)
        self.latency.update(traffic.latency)
        self.latency_sum_seconds += traffic.latency_sum_seconds

    def counts(self) -> TrafficCounts:
        """The window's traffic; received is the sum of the outcomes."""
        return TrafficCounts(
            received=self.analysed + self.sampled_out + self.dropped.total() + self.undecodable.total(),
            analysed=self.analysed,
            sampled_out=self.sampled_out,
            dropped=dict(self.dropped),
            undecodable=dict(self.undecodable),
            codes=dict(self.codes),
            latency=dict(self.latency),
            latency_sum_seconds=self.latency_sum_seconds,
        )
