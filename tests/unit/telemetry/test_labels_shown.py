"""Labels and quality as metrics and on the status page: estimates say everywhere that they are estimates."""

from collections import Counter

import pytest

from sentinel.config.settings import LabelSettings, ModelSettings, Settings
from sentinel.labels.values import OUTCOMES, Quality, Report, Span
from sentinel.telemetry.catalogue import labels
from sentinel.telemetry.page.quality import quality
from sentinel.telemetry.recorder import Recorder

SPAN = Span("fraud", "1", 0.0, 3600.0)
REALISED = Report(
    SPAN,
    "realised",
    400,
    100,
    (Quality("accuracy", 0.9, 0.82, 0.95), Quality("mae", 1.5, 1.2, 1.8), Quality("recall", 0.5, 0.4, 0.6, of="yes")),
)
ESTIMATE = Report(SPAN, "estimate", 400, 100, (Quality("accuracy", 0.88, 0.84, 0.92),))


@pytest.fixture
def recorder() -> Recorder:
    settings = Settings(model=ModelSettings(name="fraud"), labels=LabelSettings(enabled=True))
    return Recorder(settings, started_at=0.0)


def test_counts_begin_at_zero_and_labels_without_a_model_are_of_the_configured_one(recorder: Recorder) -> None:
    assert {o: recorder.series.get(labels.LABELS, ("fraud", o)) for o in OUTCOMES} == dict.fromkeys(OUTCOMES, 0)
    assert set(recorder.series.values[labels.LABELS]) == {("fraud", outcome) for outcome in OUTCOMES}
    recorder.labels.labels(Counter({("", "joined"): 2, ("fraud", "joined"): 1, ("other", "orphan"): 4}))
    assert recorder.series.get(labels.LABELS, ("fraud", "joined")) == 3
    assert recorder.series.get(labels.LABELS, ("other", "orphan")) == 4
    recorder.labels.waiting({("", "waiting"): 5, ("fraud", "received"): 9})
    assert recorder.series.get(labels.WAITING, ("fraud",)) == 5
    recorder.labels.waiting({})
    assert recorder.series.get(labels.WAITING, ("fraud",)) == 0


def test_models_that_labels_name_are_bounded(recorder: Recorder) -> None:
    recorder.labels.labels(Counter({(f"m{n}", "orphan"): 1 for n in range(500)}))
    assert len({model for model, _ in recorder.series.values[labels.LABELS]}) == 65
    assert recorder.series.get(labels.LABELS, ("__other__", "orphan")) == 500 - 63


def test_nothing_of_labels_is_exported_where_they_are_switched_off() -> None:
    series = Recorder(Settings(), started_at=0.0).series.values
    assert not [metric.name for metric in series if metric.section == "Labels and quality"]


def test_quality_is_exported_with_its_interval_and_estimates_under_their_own_name(recorder: Recorder) -> None:
    recorder.quality(REALISED)
    recorder.quality(ESTIMATE)
    get = recorder.series.get
    accuracy = [get(labels.REALISED, ("fraud", "1", "accuracy", bound)) for bound in labels.BOUNDS]
    assert accuracy == [0.9, 0.82, 0.95]
    assert get(labels.ESTIMATED, ("fraud", "1", "accuracy", "value")) == 0.88
    assert get(labels.ESTIMATE_TRUSTED, ("fraud", "1")) == 1
    assert (get(labels.REALISED_ROWS, ("fraud", "1")), get(labels.LABELLED_RATIO, ("fraud", "1"))) == (100, 0.25)
    assert ("fraud", "1", "recall", "value") not in recorder.series.values[labels.REALISED], "classes are in SQL only"
    recorder.quality(Report(SPAN, "realised", 400, 0))
    assert recorder.series.values[labels.REALISED] == {}, "what is not valid any more is withdrawn"


def test_the_page_shows_both_and_marks_the_estimate() -> None:
    shown = quality({"realised": REALISED, "estimate": ESTIMATE})
    assert "90 % <small>82 % … 95 %</small>" in shown
    assert "≈ 88 %" in shown
    assert "Estimate, before labels" in shown
    assert "from scores alone" in shown
    assert "100 of 400 kept predictions have a label (25 %)" in shown
    assert "1.5 <small>1.2 … 1.8</small>" in shown


def test_the_page_says_why_an_estimate_is_not_trusted_and_escapes_it() -> None:
    doubtful = Report(SPAN, "estimate", 400, 0, ESTIMATE.qualities, trusted=False, why_not="<b> out of range (12%)")
    shown = quality({"estimate": doubtful})
    assert "The estimate is not trusted:</b> &lt;b&gt; out of range (12%)." in shown
    assert "No label has come yet" in shown


def test_the_page_is_silent_where_there_are_no_labels() -> None:
    assert quality({}) == ""
