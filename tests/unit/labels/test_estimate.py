"""The estimate before labels: right where scores are calibrated or can be, with intervals that hold, and only then."""

import msgspec
import numpy as np
import pytest
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

from sentinel.labels.calibration import Calibration, IsotonicMap, calibrated, fitted
from sentinel.labels.estimate import Scored, estimated, expected_area, qualities
from sentinel.labels.intervals import wilson
from sentinel.labels.realised import qualities as realised
from sentinel.labels.standard import from_plain, standard, to_plain
from sentinel.labels.values import Answered, Quality


def world(classes: int, rows: int, seed: int, shift: float = 0.0) -> list[Answered]:
    """Rows whose scores are not calibrated: the true probability is a monotone bend of the score.

    shift: covariate shift; rows with other scores, of the same meaning.
    """
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, classes)) * 1.5
    logits[:, -1] += shift
    said = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    actual = said**0.5 / (said**0.5).sum(axis=1, keepdims=True)  # less sure than it says
    drawn = (actual.cumsum(axis=1) < rng.random(rows)[:, None]).sum(axis=1)
    return [
        Answered(str(p), None, {str(c): float(s) for c, s in enumerate(row)}, str(t))
        for p, row, t in zip(said.argmax(axis=1), said, drawn, strict=True)
    ]


def by_name(found: tuple[Quality, ...]) -> dict[str, Quality]:
    return {quality.metric: quality for quality in found if not quality.of}


def test_isotonic_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random(300)
    hits = rng.random(300) < scores**2
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, hits)
    ours = fitted(scores, hits)
    at_blocks = theirs.predict(ours.x)
    assert np.abs(ours.y - at_blocks).max() < 0.02  # equal but for lines between the blocks
    assert (np.diff(ours.y) >= 0).all()
    assert ours.rows.sum() == 300


def test_equal_scores_have_one_probability() -> None:
    made = fitted(np.array([0.2] * 50 + [0.8] * 50), np.array([0, 1] * 25 + [1] * 50))
    assert made(np.array([0.0, 0.2, 0.8, 1.0])).tolist() == [0.5, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_estimate_is_near_what_labels_later_say_also_under_covariate_shift(classes: int, shift: float) -> None:
    made = standard(world(classes, 20_000, seed=1))
    assert made.calibration is not None
    rows = world(classes, 20_000, seed=2, shift=shift)
    found, actual = by_name(estimated(made.calibration, rows)), by_name(realised(rows))
    for name in ("accuracy", "precision", "recall", "f1", "roc_auc"):
        assert found[name].value == pytest.approx(actual[name].value, abs=0.02), name
        assert found[name].low < found[name].value < found[name].high


def test_scores_taken_at_their_word_would_be_far_off() -> None:
    rows = world(2, 20_000, seed=2)
    straight = IsotonicMap(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([1e9, 1e9]))
    naive = by_name(estimated(Calibration(("0", "1"), (straight,)), rows))
    assert naive["accuracy"].value > by_name(realised(rows))["accuracy"].value + 0.1


@pytest.mark.parametrize("classes", [2, 3])
def test_intervals_hold_what_labels_later_say(classes: int) -> None:
    """95 of 100 windows of 400 rows, each with a reference of its own of 2,000 rows; held to within Wilson's margin."""
    rounds, held = 40, {"accuracy": 0, "f1": 0, "roc_auc": 0}
    for n in range(rounds):
        made = standard(world(classes, 2_000, seed=1_000 + n))
        rows = world(classes, 400, seed=5_000 + n)
        assert made.calibration is not None
        found, actual = by_name(estimated(made.calibration, rows)), by_name(realised(rows))
        for name in held:
            held[name] += found[name].low <= actual[name].value <= found[name].high
    for name, times in held.items():
        assert wilson(times, rounds)[1] >= 0.95, (name, times)


def test_a_concept_that_changed_is_not_seen() -> None:
    """What the page says beside every estimate: it cannot see that truths changed their meaning."""
    made = standard(world(2, 20_000, seed=1))
    turned = [Answered(r.predicted, None, r.scores, "1" if r.truth == "0" else "0") for r in world(2, 20_000, seed=2)]
    assert made.calibration is not None
    found = by_name(estimated(made.calibration, turned))["accuracy"].value
    assert found > by_name(realised(turned))["accuracy"].value + 0.2


def test_only_the_confidence_is_known() -> None:
    rows = [
        Answered(r.predicted, None, {r.predicted or "": r.scores[r.predicted or ""]}, r.truth)
        for r in world(4, 9_000, 1)
    ]
    made = standard(rows)
    assert made.calibration is not None
    assert made.calibration.classes == ()
    found = by_name(estimated(made.calibration, rows))
    assert found.keys() == {"accuracy"}
    assert found["accuracy"].value == pytest.approx(by_name(realised(rows))["accuracy"].value, abs=0.01)
    assert found["accuracy"].low < found["accuracy"].value < found["accuracy"].high


def test_expected_area_of_certain_rows_is_the_area() -> None:
    rng = np.random.default_rng(3)
    scores = rng.random(500).round(2)
    truth = (rng.random(500) < scores).astype(float)
    sure = Calibration(("0", "1"), (IsotonicMap(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([9.0, 9.0])),))
    assert expected_area(scores, truth, np.ones(500)) == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert qualities(sure, Scored(np.zeros((0, 2)), np.zeros(0, dtype=np.intp))) == ()


def test_rows_without_scores_of_all_classes_are_left_out() -> None:
    made = standard(world(2, 500, seed=1))
    assert made.calibration is not None
    assert estimated(made.calibration, [Answered("1", None, {}, None), Answered("1", None, {"1": 0.7}, None)]) == ()


def test_a_standard_survives_being_written() -> None:
    numbers = [Answered(None, float(n), {}, str(n % 7)) for n in range(50)]
    for made in (standard(world(3, 500, seed=1)), standard(numbers)):
        again = from_plain(to_plain(made))
        assert msgspec.msgpack.encode(to_plain(again)) == msgspec.msgpack.encode(to_plain(made))


def test_a_standard_of_numbers_accepts_what_nine_of_ten_were_within() -> None:
    rows = [Answered(None, 0.0, {}, str(n)) for n in range(100)]
    made = standard(rows)
    assert (made.accepted_error, made.wrong) == (90.0, 9)
    assert made.wrong_ratio() == pytest.approx(wilson(9, 100)[1])


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(ValueError, match="no row has both a prediction and a label"):
        standard([Answered("1", None, {}, None)])
    with pytest.raises(ValueError, match="no label is a number"):
        standard([Answered(None, 1.0, {}, "spam")])


def test_few_rows_are_not_calibrated() -> None:
    assert standard(world(2, 50, seed=1)).calibration is None


def test_classes_may_be_named_in_an_order() -> None:
    rows = world(2, 500, seed=1)
    made = calibrated(
        np.array([[r.scores["1"], r.scores["0"]] for r in rows]), [r.truth or "" for r in rows], ("1", "0")
    )
    assert made.classes == ("1", "0")
    assert made.probabilities(np.array([[0.99, 0.01]]))[0, 0] > 0.5
