"""Which model and version a count of all traffic belongs to.

Relays count by route. The route names the model where its protocol does (`/v2/models/fraud/infer`); elsewhere the
model, and often the version, stand only inside of requests and answers, which are seen in sampled exchanges. A count
is then split over models and versions in proportion to the samples since the last count, which relays hand over before
it. Where everything is sampled this is exact; elsewhere it is an estimate, because sampling is uniform an unbiased one.
Codes and durations are split by the samples of their own kind (the same code, the same duration within a factor of
two): the errors of one version must not be halved between both. Where the last count had no sample of a kind, the
newest before it tell: samples are few, and must not be forgotten because a window has ended.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import floor
from typing import Any

from sentinel.traffic import RouteTraffic
from sentinel.windows.window import storable

MOST_MODELS = 16
"""Models told apart by one sidecar; a name beyond them is counted as OTHER, because names come from clients."""
MOST_VERSIONS = 8
"""Versions of one model told apart within its life here."""
OTHER = "__other__"


Pair = tuple[str, str]
"""Model and version."""
Kind = str | int
"""What samples are told apart by: a code such as 5xx, or a doubling of duration."""
Samples = dict[Kind | None, Counter[str]]
"""Samples by name for each kind; under None those of any kind."""
BUCKETS_OF_A_DOUBLING = 35
"""Latency buckets are 2 % wide."""
REMEMBERED_WINDOWS = 5
"""Closed windows whose samples still tell about a kind that had none since: as many as a quiet version gets."""
LIVE_INTERVALS = 4
"""What is not sampled since the last count, in this window and in the two before it is gone: its errors are not new."""
GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it, modulo 1, fill [0, 1) most evenly: halves of a single request take turns."""


def doubling(bucket: int) -> int:
    """The kind of a latency bucket."""
    return bucket // BUCKETS_OF_A_DOUBLING


@dataclass(slots=True)
class Live:
    """The versions of one model, or the models, as samples show them.

    latest: samples since the last count; window: those before it, since the last window ended; past: those of earlier
    windows, newest first. phases: kind -> where the rounding of its parts stands.
    """

    current: str
    latest: Samples = field(default_factory=dict)
    window: Samples = field(default_factory=dict)
    past: deque[Samples] = field(default_factory=lambda: deque(maxlen=REMEMBERED_WINDOWS))
    known: set[str] = field(default_factory=set)
    phases: defaultdict[Kind | None, float] = field(default_factory=lambda: defaultdict(float))

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

    def sampled(self, name: str, kinds: Iterable[Kind] = ()) -> None:
        self.current = name
        for kind in (None, *kinds):
            self.latest.setdefault(kind, Counter())[name] += 1

    def split(self, count: int, kind: Kind | None = None) -> dict[str, int]:
        """`count` over the names of the newest samples of this kind; else of any kind.

        Parts are whole, sum to the count, and are right on average however small the counts are: they end where the
        cumulated shares pass a whole number, counted from a phase that moves on with each call.
        """
        samples = self._newest(kind) or self._newest(None)
        if not samples:
            return {self.current: count}
        phase = self.phases[kind] = (self.phases[kind] + GOLDEN) % 1.0
        total, seen, given = sum(samples.values()), 0, 0
        parts = {}
        for name, number in samples.items():
            seen += number
            until = floor(count * seen / total + phase)
            parts[name], given = until - given, until
        return {name: part for name, part in parts.items() if part}

    def counted(self) -> None:
        """The next count is of what comes from now on."""
        for kind, names in self.latest.items():
            self.window.setdefault(kind, Counter()).update(names)
        self.latest = {}

    def forget(self) -> None:
        """A window has ended; what was sampled since the last count stays, for the next."""
        self.past.appendleft(self.window)
        self.window = {}

    def _newest(self, kind: Kind | None) -> dict[str, int]:
        """The newest samples of a kind, of names that are not gone."""
        intervals = (self.latest, self.window, *self.past)
        live = {name for samples in intervals[:LIVE_INTERVALS] for name in samples.get(None, ())}
        for samples in intervals:
            if found := {name: number for name, number in samples.get(kind, {}).items() if name in live}:
                return found
        return {}


class Attribution:
    """Models and versions told apart. `default_model`, `default_version`: where the traffic says nothing."""

    def __init__(self, default_model: str, default_version: str) -> None:
        self.default_model = default_model
        self._default_version = default_version
        self._versions: dict[str, Live] = {}
        self._models = Live(default_model)
        self._unnamed = Live(default_model)  # models of the samples whose path names none
        self._default_sampled = self._default_routed = False
        self.versions(default_model)

    def model(self, name: str) -> str:
        """`name` as it is told apart; "" stands for the default."""
        name = storable(name) or self.default_model
        return name if name in self._versions or len(self._versions) < MOST_MODELS else OTHER

    def versions(self, model: str) -> Live:
        """The versions of a model named by `model`."""
        if model not in self._versions:
            version = self._default_version if model == self.default_model else ""
            self._versions[model] = Live(current=version, known={version} if version else set())
        return self._versions[model]

    def sampled(self, model: str, version: str, kinds: Iterable[Kind] = (), *, named_by_path: bool = True) -> None:
        """Take note of a sample."""
        kinds = tuple(kinds)
        self._default_sampled |= model == self.default_model
        for live, name in ((self.versions(model), version), (self._models, model)):
            live.sampled(name, kinds)
        if not named_by_path:
            self._unnamed.sampled(model, kinds)

    def claims(self, model: str, *, named_by_path: bool) -> bool:
        """Whether what was counted for the default model so far was this one's, of which a sample is seen now."""
        if model == self.default_model or self._default_sampled:
            return False
        return not (named_by_path and self._default_routed)

    def unnamed(self) -> str:
        """The model of what happened on a path that names none."""
        return self._unnamed.current

    def latest(self) -> Pair:
        """The model and version seen last."""
        return self._models.current, self.versions(self._models.current).current

    def counts(self, count: int) -> dict[Pair, int]:
        """A count of which nothing is known, over models and versions."""
        return {
            (model, version): part
            for model, whole in self._models.split(count).items()
            for version, part in self.versions(model).split(whole).items()
        }

    def traffic(self, model: str, version: str, whole: RouteTraffic) -> dict[Pair, RouteTraffic]:
        """A route's traffic over models and versions; model, version: what its path names, or ""."""
        models = {self.model(model): whole} if model else split_traffic(whole, self._unnamed.split)
        self._default_routed |= self.default_model in models
        found: dict[Pair, RouteTraffic] = {}
        for name, part in models.items():
            versions = self.versions(name)
            divided = {versions.bounded(version): part} if version else split_traffic(part, versions.split)
            found.update({(name, told): piece for told, piece in divided.items()})
        return found

    def counted(self) -> None:
        """A count has been split: the next is of what is sampled from now on."""
        for live in self._all():
            live.counted()

    def forget(self) -> None:
        """A window has ended."""
        for live in self._all():
            live.forget()

    def _all(self) -> Iterable[Live]:
        return self._models, self._unnamed, *self._versions.values()


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
