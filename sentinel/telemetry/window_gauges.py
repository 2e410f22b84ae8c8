"""How a judged window becomes gauges: set while they are valid, withdrawn when they are not, within a ceiling."""

from collections.abc import Iterable, Mapping, Sequence

from sentinel.drift.scores import FeatureScores
from sentinel.judge.verdict import Verdict
from sentinel.telemetry.catalogue import Metric, drift, internals, serving
from sentinel.telemetry.children import Pair
from sentinel.telemetry.labels import OTHER, label
from sentinel.telemetry.series import Series
from sentinel.telemetry.view import MOST_FEATURES, FeaturePicture, ModelView, WindowPoint
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.latency import percentiles

FEATURE_GAUGES = (drift.SCORE, drift.EVIDENCE, drift.PROBLEM_RATIO)
PAIR_GAUGES = (
    *FEATURE_GAUGES,
    serving.DURATION_QUANTILE,
    drift.MODEL_INFO,
    drift.SEGMENT_ROWS,
    drift.WINDOW_ROWS,
    drift.WINDOW_END,
    drift.BOOK_EVIDENCE,
    drift.BUDGET_SPENT,
    drift.DEPENDENCE,
    drift.VERDICT,
    drift.INCIDENTS_OPEN,
)
ROOM_FOR_FINDINGS = 8  # features with most evidence that keep their own series beyond the ceiling's order
MOST_PREDICTIONS = 8  # prediction features with a histogram of their own
SILENT_SECONDS = 300.0  # gauges of a version without a window for so long (or 5 windows) are withdrawn
SILENT_WINDOWS = 5


class WindowGauges:
    """Writes windows into the series."""

    def __init__(self, series: Series, max_series: int) -> None:
        self._series = series
        self._max_series = max_series

    def write(
        self,
        pair: Pair,
        view: ModelView,
        closed: ClosedWindow,
        scores: Mapping[str, FeatureScores],
        verdict: Verdict,
        pictures: Sequence[FeaturePicture],
    ) -> None:
        self._series.withdraw(PAIR_GAUGES, pair)
        point = point_of(closed, str(verdict.state), verdict.evidence)
        self._pair_gauges(pair, closed, verdict, point)
        evidence = {finding.feature: finding.evidence for finding in verdict.findings}
        merged = with_scores(scores, evidence, pictures)
        self._feature_gauges(pair, merged, verdict)
        self._predictions(pair, merged)
        view.reference, view.verdict = closed.reference_id, verdict
        view.features = tuple(sorted(merged, key=lambda picture: -picture.evidence)[:MOST_FEATURES])
        view.generation = closed.generation if closed.generation.calls else view.generation
        view.history.append(point)

    def retire(self, pair: Pair, now: float) -> None:
        """Withdraw the gauges of other versions whose last window is long past."""
        ends = self._series.values.get(drift.WINDOW_END, {})
        silent = max(SILENT_SECONDS, SILENT_WINDOWS * self._series.get(drift.WINDOW_SECONDS))
        for labels in [labels for labels, end in ends.items() if labels != pair and now - end > silent]:
            self._series.withdraw(PAIR_GAUGES, labels)

    def _pair_gauges(self, pair: Pair, closed: ClosedWindow, verdict: Verdict, point: WindowPoint) -> None:
        put = self._series.put
        self._series.add(drift.WINDOWS, pair)
        self._series.add(drift.ROWS, pair, closed.rows)
        for fault in verdict.quality:
            self._series.add(drift.QUALITY_FINDINGS, (*pair, fault.kind))
        for (segment, value), rows in verdict.mix.items():
            put(drift.SEGMENT_ROWS, (*pair, label(segment), label(value)), rows)
        put(drift.MODEL_INFO, (*pair, label(closed.reference_id)), 1)
        put(drift.WINDOW_ROWS, pair, closed.rows)
        put(drift.WINDOW_END, pair, closed.end)
        put(drift.BOOK_EVIDENCE, (*pair, "page"), verdict.evidence)
        put(drift.BOOK_EVIDENCE, (*pair, "rollback"), verdict.rollback_evidence)
        put(drift.BUDGET_SPENT, pair, verdict.budget_spent_ratio)
        put(drift.DEPENDENCE, pair, max((finding.dependence for finding in verdict.findings), default=1.0))
        for state in drift.STATES:
            put(drift.VERDICT, (*pair, state), int(state == verdict.state))
        for quantile, seconds in zip(serving.QUANTILES, point.quantiles, strict=False):
            put(serving.DURATION_QUANTILE, (*pair, f"{quantile:g}"), seconds)

    def _feature_gauges(self, pair: Pair, merged: list[FeaturePicture], verdict: Verdict) -> None:
        own = self._with_own_series(merged, verdict)
        folded: dict[str, float] = {}
        for picture in merged:
            name = label(picture.feature) if picture.feature in own else OTHER
            for metric, rest, value in _feature_samples(picture):
                labels = (*pair, name, *rest)
                if name == OTHER:
                    folded[metric.name] = folded.get(metric.name, 0) + 1
                    value = _fold(metric is drift.EVIDENCE, self._series.get(metric, labels), value)
                self._series.put(metric, labels, value)
        for name, count in folded.items():
            self._series.add(internals.SERIES_DROPPED, (name,), count)

    def _with_own_series(self, merged: list[FeaturePicture], verdict: Verdict) -> set[str]:
        """Features that fit under the ceiling: in the reference's order, with room kept for those with evidence."""
        each = max((len(list(_feature_samples(picture))) for picture in merged), default=1)
        pairs = max(1, len(self._series.values.get(drift.WINDOW_END, {})))
        free = self._max_series - self._series.count(without=FEATURE_GAUGES)
        room = max(0, free // (each * pairs) - 1)  # one place is for __other__
        names = [picture.feature for picture in merged]
        if len(names) <= room:
            return set(names)
        found = [finding.feature for finding in verdict.findings][: min(ROOM_FOR_FINDINGS, room)]
        return {*found, *[name for name in names if name not in found][: room - len(found)]}

    def _predictions(self, pair: Pair, merged: list[FeaturePicture]) -> None:
        numeric = [p for p in merged if p.role == "prediction" and p.edges and len(p.counts) == len(p.edges) + 1]
        for picture in numeric[:MOST_PREDICTIONS]:
            bounds, labels = tuple(picture.edges), (*pair, label(picture.feature))
            histogram = self._series.histogram(drift.PREDICTION, labels, bounds)
            if histogram.bounds != bounds:  # another reference, other bins
                del self._series.histograms[drift.PREDICTION][labels]
                histogram = self._series.histogram(drift.PREDICTION, labels, bounds)
            histogram.add_counts(picture.counts)


def point_of(closed: ClosedWindow, state: str, evidence: float) -> WindowPoint:
    """A window as a point in the charts."""
    traffic = closed.traffic
    return WindowPoint(
        start=closed.start,
        end=closed.end,
        rows=closed.rows,
        received=sum(traffic.codes.values()) or traffic.received,
        failed=sum(traffic.codes.get(code, 0) for code in serving.BAD_CODES),
        state=state,
        evidence=evidence,
        quantiles=tuple(percentiles(traffic.latency, serving.QUANTILES).values()),
    )


def with_scores(
    scores: Mapping[str, FeatureScores], evidence: Mapping[str, float], pictures: Sequence[FeaturePicture]
) -> list[FeaturePicture]:
    """One picture per scored feature, in the scores' order, with its bins where they are known."""
    known = {picture.feature: picture for picture in pictures}
    return [_scored(known.get(name), score, evidence.get(name, 0.0)) for name, score in scores.items()]


def _scored(picture: FeaturePicture | None, score: FeatureScores, evidence: float) -> FeaturePicture:
    base = picture or FeaturePicture(score.feature, score.role)
    return FeaturePicture(
        feature=score.feature,
        role=score.role,
        kind=base.kind,
        evidence=evidence,
        change=score.change,
        distances=score.distances,
        problems={"missing": score.missing_ratio, **base.problems},
        bins=base.bins,
        reference=base.reference,
        window=base.window,
        counts=base.counts,
        edges=base.edges,
    )


def _feature_samples(picture: FeaturePicture) -> Iterable[tuple[Metric, tuple[str, ...], float]]:
    for method, distance in picture.distances.items():
        yield drift.SCORE, (method,), distance
    yield drift.EVIDENCE, (), picture.evidence
    for problem, share in picture.problems.items():
        yield drift.PROBLEM_RATIO, (problem,), share


def _fold(adds_up: bool, so_far: float, value: float) -> float:
    """Evidence adds up over features; of distances and shares the largest stands for the rest."""
    return so_far + value if adds_up else max(so_far, value)
