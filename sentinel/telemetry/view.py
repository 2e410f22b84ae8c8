"""What the status page shows, as plain values with a bounded history. No HTML here, no metrics, no clock."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sentinel.judge.verdict import Incident, Verdict
from sentinel.labels.values import Report
from sentinel.shadow.book import Standing
from sentinel.windows.exemplars import Told
from sentinel.windows.generation import GenerationCounts

HISTORY_WINDOWS = 180  # three hours of one-minute windows
TIMELINE_EVENTS = 100
MOST_FEATURES = 200  # features kept for the page, those with most evidence first


@dataclass(frozen=True, slots=True)
class FeaturePicture:
    """One feature in the last window. `bins` names the bins whose shares (adding up to 1) the two series hold.

    edges: the finite upper bounds of the bins of a numeric prediction, for its histogram metric; else empty.
    counts: rows of the window per bin; problems: problem -> share of rows (missing, out_of_range, …).
    """

    feature: str
    role: str
    kind: str = ""
    evidence: float = 0.0
    change: str = ""
    distances: Mapping[str, float] = field(default_factory=dict)
    problems: Mapping[str, float] = field(default_factory=dict)
    bins: Sequence[str] = ()
    reference: Sequence[float] = ()
    window: Sequence[float] = ()
    counts: Sequence[float] = ()
    edges: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class WindowPoint:
    """One window in the charts. quantiles: seconds at serving.QUANTILES, empty without traffic."""

    start: float
    end: float
    rows: int
    received: int
    failed: int
    state: str
    evidence: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline. kind: incident, resolved, decision, delivery, version, shadow."""

    at: float
    kind: str
    title: str
    detail: str = ""
    model: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class GpuView:
    """One device; a value that the driver does not tell is None."""

    gpu: str
    name: str
    utilization: float | None
    memory_used: float | None
    memory_total: float | None
    power_watts: float | None
    temperature: float | None


@dataclass(slots=True)
class ModelView:
    """One version of a model: its last verdict, its features by evidence, and its recent windows.

    quality: what recent predictions are worth, `realised` and as an `estimate`.
    generation: calls of a generative model in the last window that had some.
    """

    model: str
    version: str
    reference: str = ""
    verdict: Verdict | None = None
    features: tuple[FeaturePicture, ...] = ()
    quality: Mapping[str, Report] = field(default_factory=dict)
    generation: GenerationCounts = field(default_factory=GenerationCounts)
    history: deque[WindowPoint] = field(default_factory=lambda: deque(maxlen=HISTORY_WINDOWS))


@dataclass(frozen=True, slots=True)
class Conservation:
    """received = analysed + sampled_out + dropped + undecodable; `reasons` splits the last two."""

    received: float
    outcomes: Mapping[str, float]
    reasons: Mapping[str, float]

    @property
    def unaccounted(self) -> float:
        return self.received - sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class StatusView:
    """Everything on the status page at one moment. shadows: of the second model; None where there is none.

    exemplars: failures and slowest exchanges of the last window.
    """

    models: tuple[ModelView, ...]
    incidents: tuple[Incident, ...]
    timeline: tuple[Event, ...]
    conservation: Conservation
    shadows: tuple[Standing, ...] | None
    exemplars: tuple[Told, ...]
    gpu_up: bool
    gpus: tuple[GpuView, ...]
    ready: bool
    armed: bool
    rollback_mode: str
    pending: int
    dead_letters: int
    store_up: bool
    window_seconds: float
    started_at: float
