"""What the relay counts about all traffic, sampled or not, and hands over once a second.

All values are cumulative since the worker started: a lost message loses no count, and the receiver takes differences.
"""

from dataclasses import dataclass, field
from typing import TypeVar

K = TypeVar("K")
FAILURES = frozenset(("5xx", "timeout", "disconnected"))
Code = str  # "2xx" … "5xx", "1xx", "timeout", "canceled", "disconnected"; gRPC maps its status into the same classes
GRPC_CODES: dict[int, Code] = {
    0: "2xx", 1: "canceled", 2: "5xx", 3: "4xx", 4: "timeout", 5: "4xx", 6: "4xx", 7: "4xx", 8: "4xx", 9: "4xx",
    10: "4xx", 11: "4xx", 12: "5xx", 13: "5xx", 14: "5xx", 15: "5xx", 16: "4xx",
}  # fmt: skip
"""gRPC status to the classes that HTTP statuses have (google.rpc.Code and its HTTP mapping)."""
_UNKNOWN_STATUS: Code = "5xx"


def code_of(status: int, grpc_status: int | None = None) -> Code:
    """The class in which an answer is counted: that of its gRPC status, where it has one."""
    return f"{status // 100}xx" if grpc_status is None else GRPC_CODES.get(grpc_status, _UNKNOWN_STATUS)


@dataclass(frozen=True, slots=True)
class Route:
    """What a request line says about where traffic goes, bounded in number by the relay (`OTHER` beyond)."""

    method: str
    path: str
    protocol: str


OTHER = Route("", "__other__", "other")


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One exchange worth a look: of a class that says failure, or the slowest of its route and second.

    trace: its W3C trace id, else its request id, else empty. It is told beside the counts and copied nowhere, so it can
    reach no drift statistic.
    """

    code: Code
    duration_seconds: float
    request_bytes: int
    response_bytes: int
    trace: str = ""


@dataclass(slots=True)
class RouteTraffic:
    """Cumulative counts of one route. `latency`, `first_byte`, `gaps`: bucket (see `buckets`) -> exchanges.

    exemplars: of the time since the summary before; these are not cumulative.
    """

    codes: dict[Code, int] = field(default_factory=dict)
    latency: dict[int, int] = field(default_factory=dict)
    first_byte: dict[int, int] = field(default_factory=dict)
    gaps: dict[int, int] = field(default_factory=dict)
    latency_sum_seconds: float = 0.0
    request_bytes: int = 0
    response_bytes: int = 0
    exemplars: tuple[Exemplar, ...] = ()


@dataclass(slots=True)
class TrafficSummary:
    """Cumulative counts of one worker. received = sampled_out + dropped + handed, to the last exchange.

    `boot` tells one life of a worker from the next, so that counts of both are kept. `analysed` and `undecodable` say
    what became of the handed samples, earlier observers' work included. `buffered_bytes` wait for slow readers now;
    `slow_readers_reset`: readers given up because these were too many.
    """

    worker: int
    boot: int
    at: float
    routes: dict[Route, RouteTraffic] = field(default_factory=dict)
    received: int = 0
    sampled_out: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    handed: int = 0
    connections_open: int = 0
    connections_total: int = 0
    buffered_bytes: int = 0
    slow_readers_reset: int = 0
    opaque: dict[str, int] = field(default_factory=dict)
    analysed: int = 0
    undecodable: int = 0


def counts_since(later: dict[K, int], earlier: dict[K, int]) -> dict[K, int]:
    """What was added between two states of cumulative counts, without zeros."""
    return {key: count - earlier.get(key, 0) for key, count in later.items() if count != earlier.get(key, 0)}


def traffic_since(later: RouteTraffic, earlier: RouteTraffic | None) -> RouteTraffic:
    """The traffic between two summaries of one route, of the same boot."""
    if earlier is None:
        return later
    return RouteTraffic(
        codes=counts_since(later.codes, earlier.codes),
        latency=counts_since(later.latency, earlier.latency),
        first_byte=counts_since(later.first_byte, earlier.first_byte),
        gaps=counts_since(later.gaps, earlier.gaps),
        latency_sum_seconds=later.latency_sum_seconds - earlier.latency_sum_seconds,
        request_bytes=later.request_bytes - earlier.request_bytes,
        response_bytes=later.response_bytes - earlier.response_bytes,
        exemplars=later.exemplars,
    )
