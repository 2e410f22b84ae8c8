"""Which model versions have series, and what else is kept of each. Those beyond their room share `__other__`."""

from sentinel.config.settings import Settings
from sentinel.telemetry.children import Pair, open_pair
from sentinel.telemetry.generation import SERIES_OF_GENERATION, open_generation
from sentinel.telemetry.labels import OTHER, label
from sentinel.telemetry.series import Series
from sentinel.telemetry.view import ModelView

SERIES_PER_PAIR = 220  # what one model version takes without its features, rounded up; a test holds it
RETIRED_AFTER_SECONDS = 3600.0  # a version without a window for so long gives its place to a new one


class Versions:
    """views: of the versions that have a window. traces: the newest trace id of a version."""

    def __init__(self, series: Series, settings: Settings) -> None:
        self._series = series
        self._settings = settings
        self._known: dict[tuple[str, str], Pair] = {}
        self._generating: set[Pair] = set()
        self.views: dict[Pair, ModelView] = {}
        self.traces: dict[Pair, str] = {}

    def pair(self, model: str, version: str) -> Pair:
        """The label values of a model version, made with all its children at 0 when it is new."""
        if (known := self._known.get((model, version))) is not None:
            return known
        if len(self._known) >= self._most() and not self._make_room():
            return open_pair(self._series, self._settings, (OTHER, OTHER))
        pair = open_pair(self._series, self._settings, (label(model), label(version)))
        self._known[(model, version)] = pair
        return pair

    def of(self, model: str) -> list[Pair]:
        """The known versions of a model."""
        return [pair for pair in self._known.values() if pair[0] == label(model)]

    def generates(self, pair: Pair) -> None:
        """This version is a generative model: it has those children, too."""
        if pair not in self._generating:
            self._generating.add(pair)
            open_generation(self._series, pair)

    def _most(self) -> int:
        each = SERIES_PER_PAIR + (SERIES_OF_GENERATION if self._generating else 0)
        return max(2, self._settings.telemetry.max_series // each)

    def _make_room(self) -> bool:
        """Forget the version that has been silent longest, if it has been for long."""
        ends = {key: self.views[pair].history[-1].end for key, pair in self._known.items() if pair in self.views}
        if not ends:
            return False
        oldest = min(ends, key=lambda key: ends[key])
        if max(ends.values()) - ends[oldest] < RETIRED_AFTER_SECONDS:
            return False
        pair = self._known.pop(oldest)
        self.views.pop(pair, None)
        self.traces.pop(pair, None)
        self._generating.discard(pair)
        self._series.forget(pair)
        return True
