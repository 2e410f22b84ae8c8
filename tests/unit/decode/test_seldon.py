import pytest

from sentinel.decode import Decoded, Undecodable, decode
from tests.support.decode_wire import posted

PATH = "/seldon/fraud/iris-model/api/v1.0/predictions"
SCORES = {"data": {"names": ["t:0", "t:1"], "ndarray": [[0.25, 0.75], [1.0, 0.0]]}, "meta": {"puid": "p-1"}}


@pytest.mark.parametrize(
    "data",
    [
        {"names": ["age", "income"], "ndarray": [[41, 5.5], [37, 6.5]]},
        {"names": ["age", "income"], "tensor": {"shape": [2, 2], "values": [41, 5.5, 37, 6.5]}},
    ],
)
def test_named_columns(data):
    found = decode(posted(PATH, {"data": data}, SCORES))
    assert isinstance(found, Decoded)
    assert {name: column.tolist() for name, column in found.inputs.items()} == {"age": [41, 37], "income": [5.5, 6.5]}
    assert found.predictions["prediction.class"] == ["1", "0"]
    assert (found.model, found.request_id) == ("iris-model", "p-1")


def test_unnamed_columns_and_json_of_its_own():
    found = decode(posted(PATH, {"data": {"ndarray": [[1, 2], [3, 4]]}}, SCORES))
    assert set(found.inputs) == {"input_0", "input_1"}
    found = decode(posted(PATH, {"jsonData": {"age": 41}}, {"jsonData": {"score": 0.5}}))
    assert found.rows == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({}, "no_rows"),
        ({"ndarray": []}, "no_rows"),
        ({"tensor": {"shape": [50_000, 50_000], "values": [1]}}, "bad_tensor"),
        ({"tensor": {"shape": ["2"], "values": [1]}}, "bad_tensor"),
        ({"names": ["a"], "ndarray": [[1, 2]]}, "bad_value"),
        ({"ndarray": [[0]] * 20_000}, "too_many_rows"),
    ],
)
def test_what_cannot_be_right_has_a_reason(data, reason):
    assert decode(posted(PATH, {"data": data}, SCORES)) == Undecodable(reason, True, "iris-model")
