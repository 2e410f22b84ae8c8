from dataclasses import replace

import pytest

from sentinel.decode import Decoded, DecodeOptions, Undecodable, decode
from tests.support.decode_wire import exchange, posted


def asked(request, response, **options):
    found = decode(posted("/score", request, response), DecodeOptions(**options))
    assert isinstance(found, Decoded), found
    return found


def values(columns):
    return {name: column if isinstance(column, list) else column.tolist() for name, column in columns.items()}


def test_pointers_say_where_rows_and_predictions_are():
    found = asked(
        {"meta": {"x": 1}, "payload": {"rows": [[1, "a"], [2, "b"]]}},
        {"result": {"scores": [0.5, 0.25]}},
        rows_pointer="/payload/rows",
        predictions_pointer="/result/scores",
        columns=("amount", "kind"),
    )
    assert values(found.inputs) == {"amount": [1, 2], "kind": ["a", "b"]}
    assert values(found.predictions) == {"prediction": [0.5, 0.25]}


def test_a_pointer_that_misses_is_a_reason():
    sent = posted("/score", {"a": 1}, {"b": 2})
    assert decode(sent, DecodeOptions(rows_pointer="/rows")) == Undecodable("pointer_missed")
    assert decode(sent, DecodeOptions(predictions_pointer="/y")) == Undecodable("pointer_missed")


def test_pointers_win_over_the_path():
    sent = posted("/v1/models/m:predict", {"batch": [{"a": 1}]}, {"y": [2]})
    found = decode(sent, DecodeOptions(rows_pointer="/batch", predictions_pointer="/y"))
    assert values(found.inputs) == {"a": [1]}


@pytest.mark.parametrize(
    ("request_body", "inputs"),
    [
        ({"age": 41, "country": "NZ"}, {"age": [41], "country": ["NZ"]}),
        ([{"age": 41}], {"age": [41]}),
        ({"data": [{"age": 41}]}, {"age": [41]}),
        ({"features": {"age": 41}}, {"age": [41]}),
        ({"age": [41], "income": [5]}, {"age": [41], "income": [5]}),
        ({"input_data": {"columns": ["age"], "index": [0], "data": [[41]]}}, {"age": [41]}),
        ({"inputs": "a text", "parameters": {"top_k": 5}}, {"inputs": ["a text"], "parameters.top_k": [5]}),
        ({"input": [1.5, 2.5]}, {"input_0": [1.5], "input_1": [2.5]}),
        ([[1.5, 2.5]], {"input_0": [1.5], "input_1": [2.5]}),
        ({"history": [1, 2, 3], "age": 4}, {"history_0": [1], "history_1": [2], "history_2": [3], "age": [4]}),
    ],
)
def test_obvious_shapes_of_one_row(request_body, inputs):
    found = asked(request_body, {"prediction": 1})
    assert (found.rows, values(found.inputs), values(found.predictions)) == (1, inputs, {"prediction": [1]})


def test_several_rows_by_record_by_list_and_by_column():
    for body in ([{"a": 1}, {"a": 2}], {"a": [1, 2], "b": [3, 4]}, {"rows": [{"a": 1}, {"a": 2}]}):
        assert values(asked(body, [0.5, 0.25]).inputs)["a"] == [1, 2]


def test_bare_values_are_rows_if_the_answer_has_as_many():
    assert asked({"input": ["good", "bad"]}, {"output": [1, 0]}).rows == 2
    assert asked([3, 4], {"predictions": [6, 8], "status": "fine"}).rows == 2
    assert asked([3, 4], {"predictions": [0.25, 0.75]}).rows == 1  # one row's distribution
    assert asked([3, 4], 7).rows == 1


@pytest.mark.parametrize(
    ("response", "predictions"),
    [
        ({"prediction": 1.5}, {"prediction": [1.5]}),
        (1.5, {"prediction": [1.5]}),
        ([1.5], {"prediction": [1.5]}),
        ({"label": "cat", "score": 0.5}, {"label": ["cat"], "score": [0.5]}),
        ({"result": {"label": "cat"}}, {"label": ["cat"]}),
        ({"prediction": "cat", "request_id": "17", "latency_ms": 4}, {"prediction": ["cat"]}),
        ([{"label": "cat", "score": 0.5}], {"label": ["cat"], "score": [0.5]}),
        (
            [[{"label": "POS", "score": 0.75}, {"label": "NEG", "score": 0.25}]],
            {"prediction.class": ["POS"], "prediction.confidence": [0.75]},
        ),
        (
            [{"label": "POS", "score": 0.75}, {"label": "NEG", "score": 0.25}],
            {"prediction.class": ["POS"], "prediction.confidence": [0.75]},
        ),
        ({"boxes": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}, {"boxes.count": [2]}),
        ({"scores": {"cat": 0.5, "dog": 0.25}}, {"scores.cat": [0.5], "scores.dog": [0.25]}),
    ],
)
def test_obvious_shapes_of_an_answer(response, predictions):
    assert values(asked({"a": 1}, response).predictions) == predictions


def test_litserve_and_torchserve():
    found = decode(exchange("litserve/predict"))
    assert (found.rows, found.predictions["output.class"], values(found.predictions)["label"]) == (1, ["0"], [0])
    found = decode(exchange("torchserve/predict"), DecodeOptions(columns=("a", "b", "c", "d")))
    assert (found.model, values(found.inputs)["d"], found.predictions["probs.class"]) == ("tiny", [0.2], ["2"])


def test_a_batch_under_a_key_of_its_own():
    """BentoML names it after the parameter."""
    found = asked({"input_arr": [[1, 2], [3, 4]]}, [[0.25, 0.75], [1.0, 0.0]])
    assert values(found.inputs) == {"input_0": [1, 3], "input_1": [2, 4]}
    assert found.predictions["prediction.class"] == ["1", "0"]


def test_texts_and_the_ranking_of_labels_for_each():
    """Hugging Face's inference endpoints answer so."""
    ranking = [{"label": "POS", "score": 0.75}, {"label": "NEG", "score": 0.25}]
    found = asked({"inputs": ["good", "bad"]}, [ranking, ranking[::-1]])
    assert found.inputs["input"] == ["good", "bad"]
    assert found.predictions["prediction.class"] == ["POS", "POS"]


def test_the_result_of_a_stream_is_its_last_event():
    body = b'data: {"step": 1, "text": "a"}\n\ndata: {"step": 2, "text": "ab"}\n\n'
    found = decode(posted("/run", {"inputs": "say ab"}, body, response_headers={"content-type": "text/event-stream"}))
    assert values(found.predictions) == {"step": [2], "text": ["ab"]}


def test_the_version_of_the_answer():
    assert asked({"a": 1}, {"prediction": 1, "model_version": "7"}).version == "7"


@pytest.mark.parametrize(
    ("request_body", "response_body", "reason"),
    [
        ("text", {"y": 1}, "unknown_protocol"),
        (b"a=1&b=2", {"y": 1}, "unknown_protocol"),
        ({}, {"y": 1}, "no_rows"),
        ([], {"y": 1}, "no_rows"),
        ([{"a": 1}, {"a": 2}], {"y": [1, 2, 3]}, "row_mismatch"),
        ({"a": 1}, {"detail": "no"}, "error_response"),
    ],
)
def test_what_is_not_obvious_has_a_reason(request_body, response_body, reason):
    assert decode(posted("/score", request_body, response_body)).reason == reason


@pytest.mark.parametrize(
    ("request_body", "response", "predictions"),
    [
        ({"Inputs": {"data": [{"a": 1}, {"a": 2}]}, "GlobalParameters": {}}, {"Results": [0, 1]}, [0, 1]),
        ({"data": [{"a": 1}, {"a": 2}]}, '{"result": [0, 1]}', [0, 1]),
        (
            {"instances": [{"a": 1}, {"a": 2}]},
            {"predictions": [0, 1], "deployedModelId": "7", "modelDisplayName": "m", "modelVersionId": "3"},
            [0, 1],
        ),
    ],
    ids=["Azure ML", "JSON within JSON", "Vertex AI"],
)
def test_answers_in_the_words_of_clouds(request_body, response, predictions):
    found = asked(request_body, response)
    assert values(found.inputs) == {"a": [1, 2]}
    assert values(found.predictions) == {"prediction": predictions}
    assert (found.model, found.version) == (("m", "3") if "instances" in request_body else ("", ""))


def test_a_plain_text_is_an_answer():
    sent = posted("/summarise", {"text": "a long one"}, {})
    said = replace(sent, response=replace(sent.response, headers={"content-type": "text/plain"}, body=b"short"))
    found = decode(said)
    assert isinstance(found, Decoded)
    assert values(found.predictions) == {"prediction": ["short"]}
