"""Exchanges and counts of all traffic in, closed windows out.

No clock and no I/O here: time comes with what arrives and with `close_due`, so the live observer and `sentinel replay`
run the same code. A row belongs to the window of its arrival; what arrives after its window was closed counts in the
one that is open then, so nothing is lost and nothing is counted twice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor
from random import Random

from sentinel.app.attribution import Attribution, Kind, Pair, doubling
from sentinel.app.clients import Clients
from sentinel.decode import DecodeOptions, decode, identify
from sentinel.decode.reasons import Reason
from sentinel.decode.rows import Column, Decoded, Undecodable
from sentinel.decode.usage import LlmUsage
from sentinel.features import Extractor
from sentinel.features.vocabulary import read_vocabularies
from sentinel.labels.kept import AnswerSpec, kept
from sentinel.labels.keys import KeyOptions
from sentinel.labels.values import KeptPrediction, Span
from sentinel.reference.frozen import FrozenReference
from sentinel.traffic import Exchange, Route, RouteTraffic, bucket_of, code_of
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.exemplars import Told, foremost
from sentinel.windows.generation import Generation
from sentinel.windows.kept import KeptRows, Reservoir
from sentinel.windows.opened import Window
from sentinel.windows.whole import Whole
from sentinel.windows.window import TrafficCounts, WindowKey

GRACE_SECONDS = 0.25
"""How long a window stays open after its end for what was under way: relays hand samples over within 200 ms.

They send counts once a second, so some of a window's last second are counted in the next."""
QUIET_WINDOWS = 5
"""Windows without traffic that a version still gets, so that its verdict ages visibly before it is forgotten."""

ANALYSED, UNDECODABLE, SAMPLED_OUT, DROPPED = "analysed", "undecodable", "sampled_out", "dropped"
NOT_INFERENCE = Reason.NOT_INFERENCE.value


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one exchange, for the counters. kept: its rows for labels; unnamed: none, for want of an id."""

    model: str
    version: str
    outcome: str
    reason: str = ""
    usage: LlmUsage | None = None
    kept: Sequence[KeptPrediction] = ()
    unnamed: bool = False


@dataclass(slots=True)
class _Traffic:
    outcomes: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    undecodable: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    latency: Counter[int] = field(default_factory=Counter)
    latency_sum_seconds: float = 0.0
    exemplars: tuple[Told, ...] = ()

    def add(self, other: "_Traffic") -> None:
        self.outcomes += other.outcomes
        self.dropped += other.dropped
        self.undecodable += other.undecodable
        self.codes += other.codes
        self.latency += other.latency
        self.latency_sum_seconds += other.latency_sum_seconds
        self.tell(other.exemplars)

    def tell(self, told: Iterable[Told]) -> None:
        """Keep the foremost."""
        self.exemplars = foremost((*self.exemplars, *told))

    def counts(self) -> TrafficCounts:
        return TrafficCounts(
            received=self.outcomes.total(),
            analysed=self.outcomes[ANALYSED],
            sampled_out=self.outcomes[SAMPLED_OUT],
            dropped=dict(self.dropped),
            undecodable=dict(self.undecodable),
            codes=dict(self.codes),
            latency=dict(self.latency),
            latency_sum_seconds=self.latency_sum_seconds,
            exemplars=self.exemplars,
        )


@dataclass(slots=True)
class _Open:
    rows: Window
    traffic: _Traffic = field(default_factory=_Traffic)
    generation: Generation = field(default_factory=Generation)
    whole: Whole = field(default_factory=lambda: Whole(()))
    kept: Reservoir | None = None

    def close(self) -> ClosedWindow:
        return self.rows.close(self.traffic.counts(), self.generation.counts(), self.whole.counts())


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """What the pipeline takes from the settings. window_seconds > 0; model and version where the traffic has none.

    client_header, trusted_proxies: what tells clients apart, as in `Clients`.
    segments: columns whose segments are followed, of those that the reference has; None: all of these.
    keep_rows: rows of each window kept as a sample. seed: of that sample; None draws one.
    """

    model: str
    version: str = ""
    replica: str = ""
    window_seconds: float = 60.0
    ignore: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    client_header: str = ""
    trusted_proxies: tuple[str, ...] = ()
    segments: tuple[str, ...] | None = None
    decode: DecodeOptions = field(default_factory=DecodeOptions)
    answers: AnswerSpec = field(default_factory=AnswerSpec)
    keys: KeyOptions = field(default_factory=KeyOptions)
    keep_rows: int = 0
    seed: int | None = None


class Pipeline:
    """One sidecar's way from exchanges to windows."""

    def __init__(self, reference: FrozenReference | None, options: PipelineOptions) -> None:
        self.options = options
        self.reference = reference
        self.attribution = Attribution(options.model, options.version)
        schema = reference.schema if reference else None
        vocabularies = read_vocabularies(reference.vocabularies) if reference else {}
        self._extractors = {
            True: Extractor(schema, options.ignore, options.rename, vocabularies),
            False: Extractor(None, options.ignore, options.rename),
        }
        self._open: dict[tuple[float, str, str], _Open] = {}
        self._closed_until = 0.0
        self._quiet: dict[Pair, int] = {}
        self._clients = Clients(options.client_header, options.trusted_proxies)
        self._random = Random(options.seed)
        self._kept: list[KeptRows] = []

    # -- in ----------------------------------------------------------------------------------------------------

    def exchange(self, exchange: Exchange) -> Outcome:
        """Take in one sampled exchange."""
        decoded = decode(exchange, self.options.decode)
        at = exchange.started_at + exchange.duration_seconds
        if isinstance(decoded, Undecodable):
            return self._undecodable(exchange, decoded, at)
        model = self.attribution.model(decoded.model)
        version = self._version(exchange, decoded.version, model)
        self._sampled(exchange, model, version)
        window = self._window(model, version, at)
        self._take(window, self._extractors[self.judged(model)], decoded, exchange)
        window.traffic.outcomes[ANALYSED] += 1
        if decoded.usage is not None:
            window.generation.add(decoded.usage)
        kept, unnamed = self._for_labels(decoded, window.rows, at)
        return Outcome(model, version, ANALYSED, usage=decoded.usage, kept=kept, unnamed=unnamed)

    def _for_labels(self, decoded: Decoded, window: Window, at: float) -> tuple[Sequence[KeptPrediction], bool]:
        """What labels may come for, and whether nothing can because the call has no id."""
        if decoded.joinable is None:
            return (), False
        span = Span(window.key.model, window.key.version, window.start, window.start + window.seconds)
        named = bool(decoded.joinable.request_id)
        return kept(decoded, self.options.answers, self.options.keys, span, at), not named

    def _undecodable(self, exchange: Exchange, found: Undecodable, at: float) -> Outcome:
        """Count an exchange that gave no rows, for the model that its path or the samples beside it name."""
        model = self.attribution.model(found.model) if found.model else self.attribution.unnamed()
        version = self._version(exchange, found.version, model)
        if found.reason != NOT_INFERENCE and (found.version or self._path_version(exchange)):
            self._sampled(exchange, model, version)
        return self._refused(model, version, found.reason, at)

    def _take(self, window: _Open, extractor: Extractor, decoded: Decoded, exchange: Exchange) -> None:
        columns = extractor.columns(decoded)
        window.rows.add(columns)
        if window.kept is not None:
            window.kept.add(columns, self._predictions(decoded, columns))
        if unexpected := extractor.unexpected(decoded):
            window.rows.unexpected(unexpected, decoded.rows)
        window.whole.add(columns, decoded.rows, self._clients.of(exchange))

    def unparsed(self, reason: str, at: float) -> Outcome:
        """Count a sampled exchange that could not even be cut out of its connection."""
        return self._refused(*self.attribution.latest(), reason, at)

    def _refused(self, model: str, version: str, reason: str, at: float) -> Outcome:
        traffic = self._window(model, version, at).traffic
        traffic.undecodable[reason] += 1
        traffic.outcomes[UNDECODABLE] += 1
        return Outcome(model, version, UNDECODABLE, reason)

    def columns(self, model: str, version: str, columns: Mapping[str, Column], at: float) -> None:
        """Take in rows that need no decoding (replay of tables)."""
        model = self.attribution.model(model)
        version = self.attribution.versions(model).bounded(version)
        self.attribution.sampled(model, version)
        self._window(model, version, at).rows.add(columns)

    def route_traffic(
        self, route: Route, delta: RouteTraffic, at: float, whose: Pair | None = None
    ) -> list[tuple[Pair, RouteTraffic]]:
        """Take in traffic of one route, split over versions; the parts, for the counters. whose: where that is known.

        Its exemplars go to the version that most of it is.

        Traffic that asks for no prediction (health checks, metadata) has the model "" and is in no window.
        """
        named = identify(route.method, route.path)
        if named is None and route.method in ("GET", "HEAD", "OPTIONS"):
            return [(("", ""), delta)]
        parts = {whose: delta} if whose else self.attribution.traffic(*(named or ("", "")), delta)
        for (model, version), part in parts.items():
            traffic = self._window(model, version, at).traffic
            traffic.codes.update(part.codes)
            traffic.latency.update(part.latency)
            traffic.latency_sum_seconds += part.latency_sum_seconds
        if delta.exemplars and parts:
            most = max(parts, key=lambda pair: sum(parts[pair].codes.values()))
            self._window(*most, at).traffic.tell(Told(route, one, at) for one in delta.exemplars)
        return list(parts.items())

    def passed_over(self, sampled_out: int, dropped: Mapping[str, int], at: float) -> list[tuple[Outcome, int]]:
        """Count exchanges that no sample was taken of, or whose sample was refused or lost."""
        counted = []
        for outcome, reason, count in [(SAMPLED_OUT, "", sampled_out), *((DROPPED, r, n) for r, n in dropped.items())]:
            for (model, version), part in self.received(count):
                traffic = self._window(model, version, at).traffic
                traffic.outcomes[outcome] += part
                if reason:
                    traffic.dropped[reason] += part
                counted.append((Outcome(model, version, outcome, reason), part))
        return counted

    def received(self, count: int) -> list[tuple[Pair, int]]:
        """A count without a route over the models and versions that were sampled."""
        return [(pair, part) for pair, part in self.attribution.counts(count).items() if part]

    def counted(self) -> None:
        """All counts of a summary were taken in: the next are of what is sampled from now on."""
        self.attribution.counted()

    def judged(self, model: str) -> bool:
        """Whether the reference is this model's."""
        return self.reference is not None and model in (self.options.model, self.reference.name)

    # -- out ---------------------------------------------------------------------------------------------------

    def take_kept(self) -> list[KeptRows]:
        """Samples of rows of the windows that were closed since the last call."""
        kept, self._kept = self._kept, []
        return kept

    def close_due(self, now: float) -> list[ClosedWindow]:
        """The windows that ended GRACE_SECONDS before `now`, oldest first, each once; also those of quiet versions."""
        end = floor((now - GRACE_SECONDS) / self.options.window_seconds) * self.options.window_seconds
        return self._close(end)

    def seconds_to_close(self, now: float) -> float:
        """Seconds from `now` until `close_due` has something to do."""
        seconds = self.options.window_seconds
        return (floor((now - GRACE_SECONDS) / seconds) + 1) * seconds + GRACE_SECONDS - now

    def resume(self, closed_until: float) -> None:
        """Open no window before this time: an earlier life of this replica has closed them."""
        self._closed_until = max(self._closed_until, closed_until)

    def close_all(self) -> list[ClosedWindow]:
        """The windows that are still open, at shutdown; each ends where it would have."""
        return self._close(max((start for start, _, _ in self._open), default=0.0) + self.options.window_seconds)

    def _close(self, end: float) -> list[ClosedWindow]:
        due = sorted(key for key in self._open if key[0] + self.options.window_seconds <= end)
        closed = []
        for key in due:
            window = self._open.pop(key)
            closed.append(window.close())
            if window.kept is not None and window.kept.rows:
                self._kept.append(window.kept.of(closed[-1]))
            self._quiet[key[1:]] = 0
        if end > self._closed_until:
            closed += self._quiet_windows(end, {key[1:] for key in due})
            self._closed_until = end
            self.attribution.forget()
        return closed

    def _quiet_windows(self, end: float, busy: set[Pair]) -> list[ClosedWindow]:
        """Empty windows of versions that were live shortly before, for the last interval."""
        closed = []
        for pair in [pair for pair in self._quiet if pair not in busy]:
            self._quiet[pair] += 1
            if self._quiet[pair] > QUIET_WINDOWS and pair[1] != self.attribution.versions(pair[0]).current:
                del self._quiet[pair]
                continue
            window = self._new(*pair, end - self.options.window_seconds)
            closed.append(window.close())
        return closed

    # -- windows -----------------------------------------------------------------------------------------------

    def _window(self, model: str, version: str, at: float) -> _Open:
        seconds = self.options.window_seconds
        start = max(floor(at / seconds) * seconds, self._closed_until)
        key = (start, model, version)
        if key not in self._open:
            self._open[key] = self._new(model, version, start)
        return self._open[key]

    def _new(self, model: str, version: str, start: float) -> _Open:
        reference = self.reference if self.judged(model) else None
        key = WindowKey(model, version, self.options.replica)
        inputs = [spec.name for spec in reference.schema if spec.role == "input"] if reference else []
        rows = Window(key, start, self.options.window_seconds, reference, self.options.segments)
        kept = Reservoir(self.options.keep_rows, self._random) if self.options.keep_rows else None
        return _Open(rows, whole=Whole(inputs), kept=kept)

    def _version(self, exchange: Exchange, told: str, model: str) -> str:
        return self.attribution.versions(model).bounded(told or self._path_version(exchange))

    def _sampled(self, exchange: Exchange, model: str, version: str) -> None:
        """Take note of whose sample this is. The first that names a model, or its version, claims what came before."""
        default, versions = self.attribution.default_model, self.attribution.versions(model)
        named_by_path = bool((identify(exchange.method, exchange.path) or ("",))[0])
        if self.attribution.claims(model, named_by_path=named_by_path):
            self._adopt(default, self.attribution.versions(default).current, model, version)
        if version and not versions.current:
            self._adopt(model, "", model, version)
        self.attribution.sampled(model, version, _kinds(exchange), named_by_path=named_by_path)

    def _adopt(self, model: str, version: str, to_model: str, to_version: str) -> None:
        """Counts of all traffic that came before it was known whose they are."""
        self._quiet.pop((model, version), None)
        for key in [key for key in self._open if key[1:] == (model, version) and not self._open[key].rows.rows]:
            unnamed, start = self._open.pop(key), key[0]
            target = self._open.setdefault((start, to_model, to_version), self._new(to_model, to_version, start))
            target.traffic.add(unnamed.traffic)

    def _predictions(self, decoded: Decoded, columns: Mapping[str, Column]) -> set[str]:
        """Names of the columns that are predictions, or derived from one."""
        rename = self.options.rename
        said = {rename.get(name, name) for name in decoded.predictions}
        return {name for name in columns if name in said or name.rpartition(".")[0] in said}

    def _path_version(self, exchange: Exchange) -> str:
        named = identify(exchange.method, exchange.path)
        return named[1] if named else ""


def _kinds(exchange: Exchange) -> tuple[Kind, ...]:
    """What an exchange is like, for the splitting of counts."""
    return code_of(exchange.status, exchange.grpc_status), doubling(bucket_of(exchange.duration_seconds))
