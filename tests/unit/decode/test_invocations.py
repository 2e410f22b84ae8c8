import json

import pytest

from sentinel.decode import Decoded, DecodeOptions, Undecodable, decode
from tests.support.decode_wire import made, posted


def values(columns):
    return {name: column if isinstance(column, list) else column.tolist() for name, column in columns.items()}


def asked(body, answer, content_type="application/json", answer_type="application/json", **options):
    sent = made(
        "POST",
        "/invocations",
        body if isinstance(body, bytes) else json.dumps(body).encode(),
        answer if isinstance(answer, bytes) else json.dumps(answer).encode(),
        request_headers={"content-type": content_type, "x-amzn-sagemaker-target-model": "churn.tar.gz"},
        response_headers={"content-type": answer_type, "x-amzn-invoked-production-variant": "blue"},
    )
    return decode(sent, DecodeOptions(**options))


AGES = {"age": [41, 37], "country": ["NZ", "AU"]}


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["age", "country"], "index": [0, 1], "data": [[41, "NZ"], [37, "AU"]]}},
        {"columns": ["age", "country"], "data": [[41, "NZ"], [37, "AU"]]},
        {"dataframe_records": [{"age": 41, "country": "NZ"}, {"age": 37, "country": "AU"}]},
        {"instances": [{"age": 41, "country": "NZ"}, {"age": 37, "country": "AU"}]},
        {"inputs": AGES},
    ],
)
def test_mlflows_forms_say_the_same(body):
    found = asked(body, {"predictions": [0.5, 0.25]})
    assert isinstance(found, Decoded)
    assert values(found.inputs) == AGES
    assert values(found.predictions) == {"prediction": [0.5, 0.25]}
    assert (found.model, found.version) == ("churn.tar.gz", "blue")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"age,country\n41,NZ\n37,AU\n", b"0.5\n0.25\n"),
        (b'\xef\xbb\xbf"age","country"\r\n41,NZ\r\n37,"AU"', b"0.5,0.25"),
    ],
)
def test_csv_with_a_header(body, answer):
    found = asked(body, answer, "text/csv; charset=utf-8", "text/csv")
    assert values(found.inputs) == AGES
    assert values(found.predictions) == {"prediction": [0.5, 0.25]}


def test_csv_without_a_header():
    found = asked(b"41,1.5\n37,\n", b"0.5\n0.25\n", "text/csv", "text/csv", columns=("age", "income"))
    assert found.inputs["age"].tolist() == [41, 37]
    assert str(found.inputs["income"].tolist()) == "[1.5, nan]"
    texts = asked(b"NZ,low\nAU,high\n", {"predictions": [1, 0]}, "text/csv")  # as many lines as answers
    assert texts.rows == 2


def test_json_lines():
    body = b'{"features": [1, 2]}\n{"features": [3, 4]}\n'
    found = asked(body, b'{"score": 0.5}\n{"score": 0.25}\n', "application/jsonlines", "application/jsonlines")
    assert values(found.inputs) == {"input_0": [1, 3], "input_1": [2, 4]}
    assert values(found.predictions) == {"score": [0.5, 0.25]}


def test_json_of_a_containers_own():
    found = asked({"age": 41}, {"predictions": [{"score": 0.5, "predicted_label": 1}]})
    assert values(found.inputs) == {"age": [41]}
    assert values(found.predictions) == {"score": [0.5], "predicted_label": [1]}


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b'"age\n41', "text/csv", "bad_csv"),
        (b"a,b\n1\n", "text/csv", "bad_csv"),
        (b"\xff\xfe", "text/csv", "bad_csv"),
        (b"x" * 200_000, "text/csv", "bad_csv"),
        (b"", "text/csv", "no_rows"),
        (b"1," * 600 + b"1\n", "text/csv", "too_many_columns"),
        (b"1\n" * 20_000, "text/csv", "too_many_rows"),
        (b"1\n" * 20_000, "application/jsonlines", "too_many_rows"),
        (b"{", "application/jsonlines", "bad_json"),
        (b"1\n2\n3\n", "text/csv", "row_mismatch"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}, "application/json", "bad_value"),
        ({"dataframe_split": {"columns": ["a"], "data": []}}, "application/json", "no_rows"),
        ({"dataframe_records": 3}, "application/json", "no_rows"),
    ],
)
def test_what_cannot_be_right_has_a_reason(body, content_type, reason):
    assert asked(body, {"predictions": [0.5, 0.25]}, content_type) == Undecodable(reason)


def test_a_cloudevent_around_a_call():
    event = {"specversion": "1.0", "id": "ev-1", "source": "/t", "type": "x", "data": {"instances": [[1], [2]]}}
    sent = posted(
        "/v1/models/m:predict",
        event,
        {**event, "data": {"predictions": [3, 4]}},
        request_headers={"content-type": "application/cloudevents+json; charset=utf-8"},
        response_headers={"content-type": "application/cloudevents+json"},
    )
    found = decode(sent)
    assert values(found.inputs) == {"input": [1, 2]}
    assert values(found.predictions) == {"prediction": [3, 4]}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"specversion": "1.0", "data_base64": "eyJpbnN0YW5jZXMiOlsxXX0="}, None),
        ({"specversion": "1.0", "data_base64": "%"}, "bad_json"),
        ({"specversion": "1.0"}, "empty_body"),
        ({"data": {"instances": [1]}}, "bad_json"),
    ],
)
def test_envelopes(event, reason):
    headers = {"content-type": "application/cloudevents+json"}
    found = decode(posted("/v1/models/m:predict", event, {"predictions": [1]}, request_headers=headers))
    assert getattr(found, "reason", None) == reason


@pytest.mark.parametrize(("path", "model"), [("/models/fraud/invoke", "fraud"), ("/infer", "")])
def test_delimited_lines_are_read_on_any_path(path, model):
    headers = {"content-type": "text/csv"}
    found = decode(made("POST", path, b"1,2\n3,4\n", b"0.5\n0.25\n", request_headers=headers, response_headers=headers))
    assert isinstance(found, Decoded)
    assert (found.rows, found.model) == (2, model)
    assert values(found.predictions) == {"prediction": [0.5, 0.25]}
