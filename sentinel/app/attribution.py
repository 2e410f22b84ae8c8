"""Which model and version a count of all traffic belongs to.

Relays count by route. The route names the model where its protocol does (`/v2/models/fraud/infer`); the version often
stands only in the answers, which are seen in sampled exchanges. A count is therefore split over versions in proportion
to the samples of that model since the last count, or given to the version seen last. With one version live this is
exact; with two side by side it is an estimate, because sampling is uniform an unbiased one. Codes and durations are
split by the samples of their own kind (the same code, the same duration within a factor of two): the errors of one
version must not be halved between both.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sentinel.traffic import RouteTraffic
from sentinel.windows.window import storable

MOST_MODELS = 16
"""Models told apart by one sidecar; a name beyond them is counted as OTHER, because names come from clients."""
MOST_VERSIONS = 8
"""Versions of one model told apart within its life here."""
OTHER = "__other__"


Kind = str | int
"""What samples are told apart by: a code such as 5xx, or a doubling of duration."""
BUCKETS_OF_A_DOUBLING = 35
"""Latency buckets are 2 % wide."""


def doubling(bucket: int) -> int:
    """The kind of a latency bucket."""
    return bucket // BUCKETS_OF_A_DOUBLING


@dataclass(slots=True)
class Versions:
    """The versions of one model as samples show them. alike: kind -> samples by version."""

    current: str
    seen: Counter[str] = field(default_factory=Counter)
    alike: dict[Kind, Counter[str]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def bounded(self, version: str) -> str:
        """`version` as it is told apart; "" stands for the version seen last."""
        version = storable(version)
        if not version:
            return self.current
        if version not in self.known:
            if len(self.known) >= MOST_VERSIONS:
                return OTHER
            self.known.add(version)
        return version

    def sampled(self, version: str, kinds: Iterable[Kind] = ()) -> None:
        self.seen[version] += 1
        self.current = version
        for kind in kinds:
            self.alike.setdefault(kind, Counter())[version] += 1

    def split(self, count: int, kind: Kind | None = None) -> dict[str, int]:
        """`count` over the versions seen since the last `forget`: largest remainders, so that the parts sum to it.

        kind: of what is counted; where samples of that kind were seen, they alone tell.
        """
        samples = self.seen if kind is None else self.alike.get(kind, self.seen)
        total = samples.total()
        if not total:
            return {self.current: count}
        shares = {version: count * seen / total for version, seen in samples.items()}
        parts = {version: int(share) for version, share in shares.items()}
        missing = count - sum(parts.values())
        for version in sorted(shares, key=lambda v: (parts[v] - shares[v], v))[:missing]:
            parts[version] += 1
        return {version: part for version, part in parts.items() if part}

    def forget(self) -> None:
        self.seen.clear()
        self.alike.clear()


class Attribution:
    """Models and versions told apart. `default_model`, `default_version`: where the traffic says nothing."""

    def __init__(self, default_model: str, default_version: str) -> None:
        self.default_model = default_model
        self._default_version = default_version
        self._models: dict[str, Versions] = {}
        self.versions(default_model)

    def model(self, name: str) -> str:
        """`name` as it is told apart."""
        name = storable(name) or self.default_model
        return name if name in self._models or len(self._models) < MOST_MODELS else OTHER

    def versions(self, model: str) -> Versions:
        """The versions of a model named by `model`."""
        if model not in self._models:
            version = self._default_version if model == self.default_model else ""
            self._models[model] = Versions(current=version, known={version} if version else set())
        return self._models[model]

    def forget(self) -> None:
        """Start a new interval: later counts are split by later samples."""
        for versions in self._models.values():
            versions.forget()


Split = Callable[[int, Kind | None], dict[str, int]]


SPLIT_BY: Mapping[str, Callable[[Any], Kind | None]] = {
    "codes": str,
    "latency": doubling,
    "first_byte": lambda _bucket: None,
    "gaps": lambda _bucket: None,
}
"""Counts of `RouteTraffic` -> the kind of one of their keys."""


def split_traffic(traffic: RouteTraffic, split: Split) -> dict[str, RouteTraffic]:
    """Every count of `traffic` over versions; the sum of durations goes by the share of answers."""
    parts: defaultdict[str, RouteTraffic] = defaultdict(RouteTraffic)
    for name, kind_of in SPLIT_BY.items():
        for key, count in getattr(traffic, name).items():
            for version, piece in split(count, kind_of(key)).items():
                getattr(parts[version], name)[key] = piece
    for name in ("request_bytes", "response_bytes"):
        for version, piece in split(getattr(traffic, name), None).items():
            setattr(parts[version], name, piece)
    answers = max(1, sum(traffic.latency.values()))
    for part in parts.values():
        part.latency_sum_seconds = traffic.latency_sum_seconds * sum(part.latency.values()) / answers
    return dict(parts)
