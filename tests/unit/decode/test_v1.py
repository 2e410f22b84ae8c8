import base64

import numpy as np
import pytest

from sentinel.decode import Decoded, DecodeOptions, Undecodable, decode
from tests.support.decode_wire import exchange, posted

PATH = "/v1/models/m:predict"


def asked(request, response, **options):
    found = decode(posted(PATH, request, response), DecodeOptions(**options))
    assert isinstance(found, Decoded), found
    return found


@pytest.mark.parametrize("name", ["v1-predict", "v1-cloudevent-binary"])
def test_kserve_rows(name):
    found = decode(exchange(f"kserve/{name}"), DecodeOptions(columns=("sl", "sw", "pl", "pw")))
    assert found.inputs["pw"].tolist() == [0.2, 2.3]
    assert found.predictions["prediction"].tolist() == [0, 2]
    assert found.model == "iris"


@pytest.mark.parametrize("name", ["predict-row", "predict-col"])
def test_the_image_classifier_by_rows_and_by_columns(name):
    found = decode(exchange(f"tfserving-standin/{name}"))
    (image,) = found.inputs.values()
    assert image.shape == (1, 224, 224, 3)
    assert (image.min(), image.max()) == (0, 255)
    assert found.predictions["prediction.class"] == ["5"]
    assert found.predictions["prediction.confidence"] == pytest.approx([0.1569], abs=1e-4)


def test_named_rows_join_named_outputs():
    found = asked(
        {"instances": [{"age": 41, "country": "NZ"}, {"age": 37}]},
        {"predictions": [{"score": 0.1, "label": "no"}, {"score": 0.9, "label": "yes"}]},
    )
    assert found.inputs["age"].tolist() == [41, 37]
    assert found.inputs["country"] == ["NZ", None]
    assert found.predictions["score"].tolist() == [0.1, 0.9]
    assert found.predictions["label"] == ["no", "yes"]


def test_columns_named_and_not():
    found = asked({"inputs": {"a": [1, 2], "b": [[1.5, 2.5], [3.5, 4.5]]}}, {"outputs": {"y": [0.5, 0.25]}})
    assert {name: values.tolist() for name, values in found.inputs.items()} == {
        "a": [1, 2],
        "b_0": [1.5, 3.5],
        "b_1": [2.5, 4.5],
    }
    assert found.predictions["y"].tolist() == [0.5, 0.25]
    assert asked({"inputs": [[1], [2]]}, {"outputs": [3, 4]}).inputs["input"].tolist() == [1, 2]


def test_nested_objects_become_dotted_names():
    found = asked({"instances": [{"user": {"age": 4, "geo": {"lat": 1.5}}}]}, {"predictions": [0]})
    assert set(found.inputs) == {"user.age", "user.geo.lat"}


def test_binary_values():
    picture = b"\xff\xd8\xff"
    cell = {"b64": base64.b64encode(picture).decode()}
    assert asked({"instances": [{"image": cell}]}, {"predictions": [0]}).inputs == {"image": [picture]}
    assert asked({"instances": [cell]}, {"predictions": [0]}).inputs == {"b64": [picture]}


def test_rows_of_mixed_types_become_columns():
    found = asked({"instances": [["a", 1, None], ["b", 2.5, 7]]}, {"predictions": [0, 1]})
    assert found.inputs["input_0"] == ["a", "b"]
    assert found.inputs["input_1"].tolist() == [1, 2.5]
    np.testing.assert_array_equal(found.inputs["input_2"], [np.nan, 7])


def test_cells_may_be_vectors():
    found = asked({"instances": [[1, [2, 3]], [4, [5, 6]]]}, {"predictions": [0, 1]})
    assert {name: values.tolist() for name, values in found.inputs.items()} == {
        "input_0": [1, 4],
        "input_1_0": [2, 5],
        "input_1_1": [3, 6],
    }


def test_numbers_and_text_in_one_column_stay_as_they_are():
    assert asked({"instances": [[1], ["x"]]}, {"predictions": [0, 1]}).inputs == {"input": [1, "x"]}


def test_classify_and_regress_of_tensorflow_serving():
    path = "/v1/models/m:classify"
    results = {"results": [[["cat", 0.3], ["dog", 0.7]], [["cat", 0.9], ["dog", 0.1]]]}
    found = decode(posted(path, {"examples": [{"a": 1.0}, {"a": 2.0}]}, results))
    assert found.predictions["prediction.class"] == ["dog", "cat"]
    assert found.predictions["prediction.confidence"].tolist() == [0.7, 0.9]
    found = decode(posted("/v1/models/m:regress", {"examples": [{"a": 1.0}]}, {"results": [1.5]}))
    assert found.predictions["prediction"].tolist() == [1.5]


def test_answers_of_differing_length_are_counted():
    boxes = {"predictions": [[[0, 1], [2, 3]], []]}
    assert asked({"instances": [1, 2]}, boxes).predictions["prediction.count"].tolist() == [2, 0]


@pytest.mark.parametrize(
    ("request_body", "response_body", "reason", "inference"),
    [
        ({"instances": [[1], [2]]}, {"predictions": [1]}, "row_mismatch", True),
        ({"instances": []}, {"predictions": []}, "no_rows", True),
        ({"instances": 3}, {"predictions": []}, "no_rows", True),
        ({"instances": [[1, [2]], [1, 2]]}, {"predictions": [0, 1]}, "bad_tensor", True),
        ({"inputs": {"a": [1], "b": [1, 2]}}, {"outputs": [0]}, "row_mismatch", True),
        ({"instances": [[1]]}, {"error": "out of memory"}, "error_response", False),
        ({"instances": [[1]]}, [1], "bad_json", True),
        ([1], {"predictions": [1]}, "bad_json", True),
        (b"", {"predictions": [1]}, "empty_body", True),
        (b"{bad", {"predictions": [1]}, "bad_json", True),
        (b'{"instances": [[1' + b"0" * 400 + b"]]}", {"predictions": [1]}, "bad_value", True),
        ({"instances": [{"x": {"b64": "%"}}]}, {"predictions": [1]}, "bad_value", True),
        ({"instances": [{str(i): 1 for i in range(600)}]}, {"predictions": [1]}, "too_many_columns", True),
    ],
)
def test_what_cannot_be_right_has_a_reason(request_body, response_body, reason, inference):
    assert decode(posted(PATH, request_body, response_body)) == Undecodable(reason, inference, "m", "")
