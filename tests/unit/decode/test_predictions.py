import numpy as np
import pytest

from sentinel.decode.options import DecodeOptions
from sentinel.decode.predictions import columns, label_texts
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.values import block


def described(values, rows, **options):
    return columns([("y", block(values))], rows, DecodeOptions(**options))


def test_a_distribution_gives_class_confidence_and_entropy():
    found = described([[0.25, 0.75], [1.0, 0.0]], 2)
    assert found["y.class"] == ["1", "0"]
    assert found["y.confidence"].tolist() == [0.75, 1.0]
    assert found["y.entropy"] == pytest.approx([-0.25 * np.log(0.25) - 0.75 * np.log(0.75), 0])


def test_a_value_stays_a_value():
    assert described([1.5, 2.5], 2)["y"].tolist() == [1.5, 2.5]
    assert described([[1.5], [2.5]], 2)["y"].tolist() == [1.5, 2.5]


def test_several_values_become_numbered_columns():
    found = described([[1.5, 7.0], [2.5, 8.0]], 2)
    assert {name: values.tolist() for name, values in found.items()} == {"y_0": [1.5, 2.5], "y_1": [7.0, 8.0]}


def test_labels_stay_text():
    assert described(["cat", "dog"], 2) == {"y": ["cat", "dog"]}
    assert described([["a", "b"], ["c", "d"]], 2) == {"y_0": ["a", "c"], "y_1": ["b", "d"]}  # top-k


def test_one_rows_scores_may_come_without_a_batch_axis():
    assert described([0.1, 0.2, 0.7], 1)["y.class"] == ["2"]


def test_a_wide_block_of_scores_is_one_vector():
    assert described(np.arange(40.0).reshape(1, 40).tolist(), 1)["y"].shape == (1, 40)


def test_the_operator_may_say_what_an_output_holds():
    logits = described([[2.0, 0.0, 0.0]], 1, outputs={"y": "logits"})
    assert logits["y.class"] == ["0"]
    assert logits["y.confidence"][0] == pytest.approx(np.e**2 / (np.e**2 + 2))
    assert described([3, 4], 2, outputs={"y": "label"}) == {"y": ["3", "4"]}
    assert described([[0.5, 0.5]], 1, outputs={"y": "value"})["y_0"].tolist() == [0.5]
    assert described([[0.5, 0.5]], 1, outputs={"y": "embedding"})["y"].shape == (1, 2)


@pytest.mark.parametrize("scores", [[[float("nan"), 1.0]], [[float("inf"), 1.0]], [[-0.5, 1.5]], [[0.5, 0.6]]])
def test_what_is_no_distribution_is_not_taken_for_one(scores):
    assert set(described(scores, 1)) == {"y_0", "y_1"}


@pytest.mark.parametrize("rows", [1, 3])
def test_a_number_of_rows_that_differs_is_a_reason(rows):
    with pytest.raises(Refused) as refused:
        described([[1.0, 2.0], [3.0, 4.0]], rows)
    assert refused.value.reason is Reason.ROW_MISMATCH


def test_labels_read_alike_however_they_were_typed():
    assert label_texts(np.array([3.0, 4.0])) == label_texts(np.array([3, 4])) == ["3", "4"]
