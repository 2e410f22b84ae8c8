"""When do two rows differ?"""

import numpy as np
import pytest

from sentinel.shadow.answers import Scale, compare, matched

NAN = float("nan")


def learnt(**sds: float) -> Scale:
    return Scale(0, sds=sds)


def differing(mine: object, theirs: object, sd: float = 1.0, tolerance: float = 0.1) -> list[bool]:
    return compare({"y": mine}, {"y": theirs}, learnt(y=sd), tolerance).rows.tolist()  # type: ignore[dict-item]


def test_classes_differ_unless_equal() -> None:
    assert differing(["a", "b", None, None], ["a", "c", None, "a"]) == [False, True, False, True]
    assert differing(np.array([True, False]), np.array([True, True])) == [False, True]
    assert differing(["1"], np.array([1])) == [True], "a label that became a number is another answer"


def test_values_differ_beyond_the_tolerance_in_sd() -> None:
    assert differing(np.array([1.0, 1.0, 1.0]), np.array([1.19, 0.79, 1.0]), sd=2.0) == [False, True, False]
    assert differing([1.0, None], [1.0, 2.0]) == [False, True]


def test_missing_and_infinite_values() -> None:
    mine, theirs = np.array([NAN, NAN, 1.0, np.inf, np.inf]), np.array([NAN, 1.0, NAN, np.inf, -np.inf])
    assert differing(mine, theirs) == [False, True, True, False, True]


def test_a_value_that_never_varied_may_not_vary() -> None:
    assert differing(np.array([3.0, 3.0]), np.array([3.0, 3.0001]), sd=0.0) == [False, True]


def test_vectors_differ_by_their_relative_distance() -> None:
    mine = np.array([[3.0, 4.0], [3.0, 4.0], [0.0, 0.0]])
    assert differing(mine, np.array([[3.0, 4.3], [3.0, 4.6], [0.0, 0.0]])) == [False, True, False]
    assert differing(mine, np.zeros((3, 5))) == [True, True, True]


def test_a_row_differs_when_any_output_does() -> None:
    mine = {"label": ["a", "b"], "score": np.array([0.0, 1.0])}
    theirs = {"label": ["a", "b"], "score": np.array([0.0, 1.2]), "extra": ["x", "y"]}
    compared = compare(mine, theirs, learnt(score=1.0), 0.1)
    assert compared.rows.tolist() == [False, True]
    assert compared.share == 0.5
    assert compared.outputs["score"].distances == pytest.approx([0.0, 0.2])


@pytest.mark.parametrize("theirs", [{}, {"label": ["a"]}, {"other": ["a", "b"], "more": ["a", "b"], "yet": ["a", "b"]}])
def test_every_row_differs_where_rows_or_outputs_are_lacking(theirs: dict[str, list[str]]) -> None:
    compared = compare({"label": ["a", "b"], "score": ["x", "y"]}, theirs, learnt(), 0.1)  # type: ignore[dict-item]
    assert compared.rows.tolist() == [True, True]


def test_outputs_that_were_all_renamed_are_matched_by_place() -> None:
    assert matched({"a": [1], "b": [2]}, {"x": [1], "y": [2]}) == {"a": "x", "b": "y"}
    assert matched({"a": [1], "b": [2]}, {"a": [1], "y": [2]}) is None


def test_the_scale_is_learnt_once() -> None:
    scale = Scale(4)
    scale.learn({"y": np.array([0.0, 2.0]), "label": ["a", "b"]})
    assert not scale.ready
    scale.learn({"y": np.array([0.0, 2.0, NAN])})
    assert scale.ready
    assert scale.sds == {"y": 1.0}
