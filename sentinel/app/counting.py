"""From the relays' cumulative summaries to what was added since the last one.

A worker's counts start at zero with each of its lives (`boot`). After the observer itself was restarted, the first
summary of a life that began before holds what earlier observers already put into windows: it goes into the counters
(which started at zero with this process) but into no window.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sentinel.traffic import Route, RouteTraffic, TrafficSummary
from sentinel.traffic.summary import counts_since, traffic_since


@dataclass(frozen=True, slots=True)
class Added:
    """What one summary added. earlier: before this observer's time. restarted: a worker began a new life."""

    at: float
    earlier: bool
    routes: Mapping[Route, RouteTraffic] = field(default_factory=dict)
    received: int = 0
    sampled_out: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    analysed: int = 0
    undecodable: int = 0
    connections: int = 0
    opaque: Mapping[str, int] = field(default_factory=dict)
    slow_readers_reset: int = 0
    restarted: bool = False


class Counting:
    """Takes differences. `known_boots`: lives of workers that began before this observer."""

    def __init__(self, known_boots: frozenset[int]) -> None:
        self._known_boots = known_boots
        self._last: dict[int, TrafficSummary] = {}
        self._newest: dict[int, TrafficSummary] = {}  # of each worker

    @property
    def connections_open(self) -> int:
        return sum(summary.connections_open for summary in self._newest.values())

    @property
    def buffered_bytes(self) -> int:
        """Bytes that wait in the workers for slow readers."""
        return sum(summary.buffered_bytes for summary in self._newest.values())

    def add(self, summary: TrafficSummary) -> Added:
        last = self._last.get(summary.boot)
        earlier = last is None and summary.boot in self._known_boots
        before = last or TrafficSummary(worker=summary.worker, boot=summary.boot, at=summary.at)
        restarted = last is None and not earlier and summary.worker in self._newest
        self._last[summary.boot] = summary
        self._newest[summary.worker] = summary
        routes = {r: traffic_since(now, before.routes.get(r)) for r, now in summary.routes.items()}
        return Added(
            at=summary.at,
            earlier=earlier,
            routes={route: delta for route, delta in routes.items() if delta.codes},
            received=summary.received - before.received,
            sampled_out=summary.sampled_out - before.sampled_out,
            dropped=counts_since(summary.dropped, before.dropped),
            analysed=summary.analysed - before.analysed,
            undecodable=summary.undecodable - before.undecodable,
            connections=summary.connections_total - before.connections_total,
            opaque=counts_since(summary.opaque, before.opaque),
            slow_readers_reset=summary.slow_readers_reset - before.slow_readers_reset,
            restarted=restarted,
        )
