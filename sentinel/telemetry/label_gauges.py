"""Labels and quality in the series: counts as they come, gauges of what recent predictions say. Bounded by versions."""

from collections.abc import Mapping

from sentinel.labels.values import OUTCOMES, Outcome, Report
from sentinel.telemetry.catalogue import Metric, labels
from sentinel.telemetry.children import Pair
from sentinel.telemetry.labels import OTHER, label
from sentinel.telemetry.series import Series

QUALITY_GAUGES = (
    labels.REALISED,
    labels.REALISED_ROWS,
    labels.LABELLED_RATIO,
    labels.REALISED_END,
    labels.ESTIMATED,
    labels.ESTIMATE_TRUSTED,
)
MOST_MODELS = 64
"""Models named by labels that are told apart in the counts; labels beyond them count as `OTHER`."""


class LabelGauges:
    """Writes into the series."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self._models: set[str] = set()
        self._default = ""

    def open(self, model: str) -> None:
        """All children that can be 0 from the start. model: of labels that name none."""
        self._default = model
        for outcome in labels.KEPT:
            self._series.put(labels.PREDICTIONS, (outcome,))
        self._series.put(labels.WAITING, (self._model(model),))

    def accepted(self, wrong_ratio: float | None) -> None:
        """The share of wrong predictions that is accepted; None where nobody says."""
        if wrong_ratio is not None:
            self._series.put(labels.ACCEPTED_WRONG, (), wrong_ratio)

    def kept(self, count: int, outcome: str) -> None:
        """Count sampled predictions by what became of them."""
        self._series.add(labels.PREDICTIONS, (outcome,), count)

    def labels(self, counts: Mapping[tuple[str, Outcome], int]) -> None:
        """Count labels by (model, outcome)."""
        for (model, outcome), count in counts.items():
            self._series.add(labels.LABELS, (self._model(model), outcome), count)

    def waiting(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Labels that wait now, of each model known here."""
        for model in self._models:
            self._series.put(labels.WAITING, (model,))
        for (model, outcome), count in counts.items():
            if outcome == "waiting":
                self._series.add(labels.WAITING, (self._model(model),), count)

    def quality(self, pair: Pair, report: Report) -> None:
        """What recent predictions of a version say, realised or estimated, in place of what they said before."""
        gauge = labels.REALISED if report.kind == "realised" else labels.ESTIMATED
        self._series.withdraw((gauge,), pair)
        for quality in report.qualities:
            if not quality.of and quality.value == quality.value:
                self._bounds(gauge, (*pair, quality.metric), (quality.value, quality.low, quality.high))
        if report.kind == "estimate":
            self._series.put(labels.ESTIMATE_TRUSTED, pair, int(report.trusted))
        elif report.rows:
            self._series.put(labels.REALISED_ROWS, pair, report.labelled)
            self._series.put(labels.LABELLED_RATIO, pair, report.labelled / report.rows)
            self._series.put(labels.REALISED_END, pair, report.span.end)

    def _bounds(self, gauge: Metric, named: tuple[str, ...], values: tuple[float, float, float]) -> None:
        for bound, value in zip(labels.BOUNDS, values, strict=True):
            if value == value:
                self._series.put(gauge, (*named, bound), value)

    def _model(self, name: str) -> str:
        """The label value of a model, with all its counts at 0 when it is new."""
        known = label(name or self._default)
        if known not in self._models:
            if len(self._models) >= MOST_MODELS:
                return OTHER
            self._models.add(known)
            for outcome in OUTCOMES:
                self._series.values.setdefault(labels.LABELS, {}).setdefault((known, outcome), 0)
        return known
