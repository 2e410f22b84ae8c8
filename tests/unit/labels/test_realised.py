"""Realised quality agrees with scikit-learn, and its intervals cover as often as they say."""

import numpy as np
import pytest
from sklearn import metrics

from sentinel.labels import intervals
from sentinel.labels.realised import METRICS, as_number, missed, qualities
from sentinel.labels.values import Answered, Quality, word

ROUNDS = 200


def classified(classes: int, rows: int, seed: int) -> tuple[list[Answered], np.ndarray, np.ndarray, np.ndarray]:
    """Rows with scores, the truth, the answer and the scores as arrays."""
    rng = np.random.default_rng(seed)
    scores = rng.dirichlet(np.full(classes, 0.7), size=rows)
    truth = np.array([rng.choice(classes, p=0.8 * row + 0.2 / classes) for row in scores])
    answer = scores.argmax(axis=1)
    made = [
        Answered(str(p), None, {str(at): float(s) for at, s in enumerate(row)}, str(t))
        for p, t, row in zip(answer, truth, scores, strict=True)
    ]
    return made, truth, answer, scores


def by_name(found: tuple[Quality, ...], of: str = "") -> dict[str, Quality]:
    return {quality.metric: quality for quality in found if quality.of == of}


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("rows", [40, 1_000])
def test_measures_of_classes_agree_with_scikit_learn(classes: int, rows: int) -> None:
    made, truth, answer, scores = classified(classes, rows, seed=classes)
    found = by_name(qualities(made))
    area = scores[:, 1] if classes == 2 else scores
    expected = {
        "accuracy": metrics.accuracy_score(truth, answer),
        "precision": metrics.precision_score(truth, answer, average="macro", zero_division=0),
        "recall": metrics.recall_score(truth, answer, average="macro", zero_division=0),
        "f1": metrics.f1_score(truth, answer, average="macro", zero_division=0),
        "roc_auc": metrics.roc_auc_score(truth, area, multi_class="ovr"),
        "log_loss": metrics.log_loss(truth, scores, labels=range(classes)),
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, rel=1e-12), name
        assert found[name].low <= value <= found[name].high, name


def test_measures_of_each_class_agree_with_scikit_learn() -> None:
    made, truth, answer, _ = classified(4, 500, seed=9)
    told = metrics.precision_recall_fscore_support(truth, answer, zero_division=0)
    for of in range(4):
        found = by_name(qualities(made), str(of))
        assert [found[name].value for name in ("precision", "recall", "f1")] == pytest.approx([t[of] for t in told[:3]])


def test_calibration_error_is_that_of_its_definition() -> None:
    made, truth, answer, scores = classified(3, 2_000, seed=4)
    sure, right = scores.max(axis=1), truth == answer
    share, mean = metrics_curve(right, sure)
    rows = np.histogram(sure, bins=15, range=(0, 1))[0]
    expected = (np.abs(share - mean) * rows[rows > 0]).sum() / rows.sum()
    assert by_name(qualities(made))["calibration_error"].value == pytest.approx(expected, rel=1e-12)


def metrics_curve(right: np.ndarray, sure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.calibration import calibration_curve

    share, mean = calibration_curve(right, sure, n_bins=15, strategy="uniform")
    return share, mean


def test_measures_of_numbers_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=300)
    value = truth + rng.normal(scale=0.3, size=300)
    found = by_name(
        qualities([Answered(None, float(v), {}, repr(float(t))) for v, t in zip(value, truth, strict=True)])
    )
    assert found["mae"].value == pytest.approx(metrics.mean_absolute_error(truth, value))
    assert found["rmse"].value == pytest.approx(metrics.root_mean_squared_error(truth, value))
    assert found["mae"].low < found["mae"].value < found["mae"].high
    assert found["rmse"].low < found["rmse"].value < found["rmse"].high


def test_wilson_agrees_with_scipy() -> None:
    from scipy.stats import binomtest

    for hits, n in ((0, 1), (1, 1), (3, 10), (50, 50), (997, 1000)):
        theirs = binomtest(hits, n).proportion_ci(method="wilson")
        assert intervals.wilson(hits, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_intervals_cover_the_true_values() -> None:
    """The truth is what 60,000 rows of the same law give; 95 % of 200 samples of 300 rows must hold it (Wilson)."""
    made, *_ = classified(2, 60_000, seed=100)
    actual = by_name(qualities(made))
    samples = [by_name(qualities(made[300 * n : 300 * (n + 1)])) for n in range(ROUNDS)]
    for metric, least in (("accuracy", 0.95), ("f1", 0.95), ("roc_auc", 0.95), ("log_loss", 0.93)):  # heavy tails
        held = sum(sample[metric].low <= actual[metric].value <= sample[metric].high for sample in samples)
        assert intervals.wilson(held, ROUNDS)[1] >= least, (metric, held)


def test_rows_without_a_truth_say_nothing() -> None:
    assert qualities([Answered("1", None, {}, None)]) == ()
    assert qualities([]) == ()


def test_one_class_alone_has_no_area_under_the_curve() -> None:
    found = by_name(qualities([Answered("1", None, {"0": 0.3, "1": 0.7}, "1")] * 5))
    assert found["accuracy"].value == 1.0
    assert np.isnan(found["roc_auc"].value)


def test_a_truth_that_no_score_names_counts_as_a_miss_only() -> None:
    rows = [Answered("1", None, {"0": 0.3, "1": 0.7}, truth) for truth in ("1", "0", "new")]
    found = by_name(qualities(rows))
    assert found["accuracy"].value == pytest.approx(1 / 3)
    assert found["log_loss"].value == pytest.approx(-(np.log(0.7) + np.log(0.3)) / 2)


def test_many_classes_stay_bounded() -> None:
    rows = [Answered(str(n % 500), None, {}, str(n % 499)) for n in range(5_000)]
    found = qualities(rows)
    assert by_name(found)["accuracy"].value == pytest.approx(sum(n % 500 == n % 499 for n in range(5_000)) / 5_000)
    assert len({quality.of for quality in found}) == 11


def test_numbers_that_are_none_are_left_out() -> None:
    rows = [Answered(None, 1.0, {}, "2"), Answered(None, 1.0, {}, "spam"), Answered(None, None, {}, "3")]
    assert by_name(qualities(rows))["mae"].value == 1.0


def test_what_counts_as_a_miss() -> None:
    assert missed("1", None, "0")
    assert missed("1", None, "1") is False
    assert missed(None, 3.0, "5", most_error=1.0)
    assert missed(None, 3.0, "3.5", most_error=1.0) is False
    assert missed(None, 3.0, "3.5") is None
    assert missed(None, 3.0, "spam", most_error=1.0) is None
    assert as_number("inf") is None


def test_the_same_class_however_it_is_written() -> None:
    assert word(1) == word(1.0) == word("1") == word(True) == "1"
    assert word("1.0") == word("True") == word("true") == "1"
    assert [word(text) for text in ("1.50", "1.", "a.0", "-2.0", "x")] == ["1.50", "1.", "a.0", "-2", "x"]
    assert word(1.5) == "1.5"
    assert word(None) is word("") is word([1]) is word(float("nan")) is None
    assert len(word("x" * 10_000) or "") == 200


def test_every_measure_is_named() -> None:
    made, *_ = classified(3, 50, seed=1)
    numbers = qualities([Answered(None, 1.0, {}, "2"), Answered(None, 1.0, {}, "3")])
    assert {quality.metric for quality in (*qualities(made), *numbers)} == set(METRICS)
