"""Counts of all traffic by route, sampled or not. Pure: the worker sends what `changed` gives, once a second.

Bounded against hostile request lines: at most MOST_ROUTES routes have counts of their own, and at most MOST_LINES
request lines are remembered; the rest share the route `OTHER`.
"""

from collections import defaultdict

from sentinel.traffic.buckets import bucket_of
from sentinel.traffic.summary import FAILURES, OTHER, Code, Exemplar, Route, RouteTraffic

MOST_ROUTES = 200  # a server has tens; each costs a few kB in worker and observer
MOST_LINES = 2048  # request lines (with query) whose route is remembered
MOST_HEADS = 2048  # request heads of HTTP/2 whose route is remembered
MOST_FAILED = 4  # failures of a route and second that are kept as exemplars
LONGEST_PATH = 256  # characters of a path that are kept

_TIMEOUT_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
Headers = tuple[tuple[bytes, bytes], ...]
_VERSIONS = (b"HTTP/1.1", b"HTTP/1.0")
_METHOD_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-_")


class RouteTally:
    """Cumulative counts of one route, and whether they changed since they were last sent.

    failed, slowest: exemplars since the counts were last sent; longest: what a new slowest one must exceed, in
    seconds. at_once: exchanges whose first answer byte was seen with the last, in buckets of their duration; they
    belong to both `latency` and `first_byte`, which hold the others.
    """

    __slots__ = (
        "at_once", "bodiless", "changed", "codes", "failed", "first_byte", "gaps", "latency", "longest",
        "request_bytes", "response_bytes", "route", "slowest", "sum", "tunnels",
    )  # fmt: skip

    def __init__(self, route: Route) -> None:
        self.route = route
        self.bodiless = route.method == "HEAD"  # an answer to it has no body, whatever its head says
        self.tunnels = route.method == "CONNECT"
        self.codes: dict[Code, int] = defaultdict(int)
        self.at_once: dict[int, int] = defaultdict(int)
        self.latency: dict[int, int] = defaultdict(int)
        self.first_byte: dict[int, int] = defaultdict(int)
        self.gaps: dict[int, int] = defaultdict(int)
        self.sum = 0.0
        self.request_bytes = 0
        self.response_bytes = 0
        self.changed = False
        self.longest = 0.0
        self.slowest: tuple[Exemplar, ...] = ()
        self.failed: list[Exemplar] = []

    def answered(self, code: Code, duration: float, first_byte: float, sent: int, received: int) -> bool:
        """Count an exchange that got an answer: seconds to its last and first byte, bytes of request and response.

        True: it is worth a `note`.
        """
        self.codes[code] += 1
        if first_byte == duration:
            self.at_once[bucket_of(duration)] += 1
        else:
            self.latency[bucket_of(duration)] += 1
            self.first_byte[bucket_of(first_byte)] += 1
        self.sum += duration
        self.request_bytes += sent
        self.response_bytes += received
        self.changed = True
        return duration > self.longest or code in FAILURES

    def unanswered(self, code: Code, sent: int) -> bool:
        """Count an exchange that ended without a byte of an answer; it has no latency. True: it is worth a `note`."""
        self.codes[code] += 1
        self.request_bytes += sent
        self.changed = True
        return code in FAILURES

    def note(self, exemplar: Exemplar) -> None:
        """Keep an exchange as an exemplar: a failure among the first few of its second, else the slowest."""
        if exemplar.code in FAILURES:
            if len(self.failed) < MOST_FAILED:
                self.failed.append(exemplar)
        else:
            self.longest, self.slowest = exemplar.duration_seconds, (exemplar,)

    def told(self) -> None:
        """The counts were sent."""
        self.changed, self.longest, self.slowest = False, 0.0, ()
        self.failed.clear()

    def gap(self, seconds: float) -> None:
        """Count the time between two chunks of a streamed answer."""
        self.gaps[bucket_of(seconds)] += 1

    def traffic(self) -> RouteTraffic:
        latency, first_byte = _sum(self.latency, self.at_once), _sum(self.first_byte, self.at_once)
        codes, gaps = dict(self.codes), dict(self.gaps)
        numbers = (self.sum, self.request_bytes, self.response_bytes)
        return RouteTraffic(codes, latency, first_byte, gaps, *numbers, (*self.failed, *self.slowest))


def _sum(some: dict[int, int], others: dict[int, int]) -> dict[int, int]:
    return {bucket: some.get(bucket, 0) + others.get(bucket, 0) for bucket in some.keys() | others.keys()}


class Tally:
    """All routes of a worker, and the connections that could not be followed, by reason."""

    def __init__(self) -> None:
        self._routes: dict[Route, RouteTally] = {}
        self._lines: dict[bytes, RouteTally] = {}
        self.known_line = self._lines.get  # as of_line, for lines seen before
        self._heads: dict[Headers, tuple[RouteTally, float]] = {}
        self.opaque: dict[str, int] = {}

    def of_line(self, line: bytes) -> RouteTally | None:
        """The counts that a request line belongs to; None when it is no HTTP/1 request line."""
        tally = self._lines.get(line)
        return tally if tally is not None else self._learn(line)

    def of_headers(self, headers: Headers) -> tuple[RouteTally, float]:
        """The counts that an HTTP/2 request belongs to, and its `grpc-timeout` in seconds (0: none)."""
        known = self._heads.get(headers)
        if known is None:
            fields = dict(headers)
            grpc = fields.get(b"content-type", b"").startswith(b"application/grpc")
            path = fields.get(b":path", b"").split(b"?", 1)[0].decode("latin-1")
            tally = self.of_route(fields.get(b":method", b"").decode("latin-1"), path, "grpc" if grpc else "http/2")
            known = tally, timeout_seconds(fields.get(b"grpc-timeout", b""))
            if len(self._heads) < MOST_HEADS:
                self._heads[headers] = known
        return known

    def of_route(self, method: str, path: str, protocol: str) -> RouteTally:
        route = Route(method[:32], path[:LONGEST_PATH], protocol)
        tally = self._routes.get(route)
        if tally is None:
            if len(self._routes) >= MOST_ROUTES:
                route = OTHER
            tally = self._routes.setdefault(route, RouteTally(route))
        return tally

    def went_opaque(self, reason: str) -> None:
        self.opaque[reason] = self.opaque.get(reason, 0) + 1

    def all(self) -> list[RouteTally]:
        return list(self._routes.values())

    def _learn(self, line: bytes) -> RouteTally | None:
        words = line.split(b" ")
        if len(words) != 3 or words[2] not in _VERSIONS or not words[0] or not words[1]:
            return None
        if not _METHOD_CHARACTERS.issuperset(words[0]):
            return None
        path = words[1].split(b"?", 1)[0].decode("latin-1")
        tally = self.of_route(words[0].decode("ascii"), path, "http/1.1")
        if len(self._lines) < MOST_LINES:
            self._lines[line] = tally
        return tally


def timeout_seconds(value: bytes) -> float:
    """A `grpc-timeout` header in seconds; 0 when it is none."""
    text = value.decode("latin-1")
    if not 2 <= len(text) <= 9 or not text[:-1].isdigit():
        return 0.0
    return int(text[:-1]) * _TIMEOUT_UNITS.get(text[-1], 0.0)
