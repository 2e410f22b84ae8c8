"""Calls as gRPC carries them: recorded messages of four servers, and synthetic ones for what they do not show."""

import gzip
import struct

import numpy as np
import pytest

from sentinel.decode import Decoded, DecodeOptions, Undecodable, decode
from tests.support.decode_grpc import CLASSIFY, PREDICT, REGRESS, V2, message
from tests.support.decode_wire import exchange, framed, grpc, made, recorded

OK = message(
    "ModelInferResponse",
    model_name="m",
    outputs=[{"name": "y", "datatype": "INT64", "shape": [1], "contents": {"int64_contents": [7]}}],
)
FRAMED_OK = framed(OK)
TF_OK = message(
    "PredictResponse", outputs={"y": {"dtype": 1, "tensor_shape": {"dim": [{"size": 1}]}, "float_val": [0.5]}}
)


def recorded_call(path, name):
    return decode(grpc(path, recorded(f"{name}.req.pb"), recorded(f"{name}.resp.pb")))


@pytest.mark.parametrize("server", ["mlserver", "kserve", "triton"])
def test_recorded_v2_calls_with_typed_and_raw_contents(server):
    found = recorded_call(V2, f"{server}/grpc-infer")
    assert isinstance(found, Decoded)
    assert found.rows == 2
    np.testing.assert_allclose(found.inputs["x_3"], [0.2, 2.3], rtol=1e-6)
    expected = {
        "mlserver": ("iris", "v1.0.0", {"predict": [0, 2]}),
        "kserve": ("iris", "", {"output-0": [0, 2]}),
        "triton": ("tiny", "2", {"label": ["cls0", "cls0"]}),
    }
    model, version, outputs = expected[server]
    assert (found.model, found.version) == (model, version)
    assert found.request_id in ("g1", "g2")
    for name, values in outputs.items():
        assert list(found.predictions[name]) == values


def test_the_recorded_image_classifier():
    found = recorded_call(PREDICT, "tfserving-standin/grpc-predict")
    by_rest = decode(exchange("tfserving-standin/predict-row"))
    assert isinstance(found, Decoded)
    assert isinstance(by_rest, Decoded)
    np.testing.assert_array_equal(found.inputs["input_image"], by_rest.inputs["input"])
    assert found.predictions["output_0.class"] == by_rest.predictions["prediction.class"] == ["5"]
    assert (found.model, found.version) == ("x", "1")


def v2(**tensor):
    request = message("ModelInferRequest", model_name="m", inputs=[{"name": "x", **tensor}])
    return decode(grpc(V2, request, OK))


@pytest.mark.parametrize(
    ("datatype", "field", "values"),
    [
        ("BOOL", "bool_contents", [True]),
        ("UINT8", "uint_contents", [255]),
        ("UINT64", "uint64_contents", [2**64 - 1]),
        ("INT16", "int_contents", [-5]),
        ("INT64", "int64_contents", [-(2**63)]),
        ("FP32", "fp32_contents", [1.5]),
        ("FP64", "fp64_contents", [-2.5]),
        ("BYTES", "bytes_contents", [b"abc"]),
    ],
)
def test_every_typed_field_of_v2(datatype, field, values):
    found = v2(datatype=datatype, shape=[1], contents={field: values})
    expected = ["abc"] if datatype == "BYTES" else values
    assert list(found.inputs["x"]) == expected


@pytest.mark.parametrize(
    "tensor",
    [
        {"datatype": "FP32", "shape": [2], "contents": {"fp32_contents": [1.0]}},
        {"datatype": "FP32", "shape": [50_000, 50_000], "contents": {"fp32_contents": [1.0]}},
        {"datatype": "FP16", "shape": [1], "contents": {"fp32_contents": [1.0]}},  # half precision has no typed field
        {"datatype": "NOPE", "shape": [1]},
        {"datatype": "FP32", "shape": [-1], "contents": {"fp32_contents": [1.0]}},
    ],
)
def test_tensors_that_cannot_be_right(tensor):
    assert v2(**tensor) == Undecodable("bad_tensor")


def test_raw_contents_must_be_one_for_each_tensor():
    named = {"name": "x", "datatype": "FP32", "shape": [1]}
    request = message("ModelInferRequest", inputs=[named], raw_input_contents=[b"\0\0\0\0", b"\0\0\0\0"])
    assert decode(grpc(V2, request, OK)) == Undecodable("bad_tensor")


def predict(tensor, **options):
    request = message("PredictRequest", model_spec={"name": "m", "version": {"value": 3}}, inputs={"x": tensor})
    return decode(grpc(PREDICT, request, TF_OK), DecodeOptions(**options))


def dims(*sizes):
    return {"dim": [{"size": size} for size in sizes]}


@pytest.mark.parametrize(
    ("dtype", "field", "values", "expected"),
    [
        (1, "float_val", [1.5], [1.5]),
        (2, "double_val", [-2.5], [-2.5]),
        (3, "int_val", [-7], [-7]),
        (4, "int_val", [255], [255]),
        (7, "string_val", [b"abc"], ["abc"]),
        (9, "int64_val", [2**40], [2**40]),
        (10, "bool_val", [True], [True]),
        (14, "half_val", [0x3FC0], [1.5]),
        (19, "half_val", [0x3E00], [1.5]),
        (22, "uint32_val", [2**32 - 1], [2**32 - 1]),
        (23, "uint64_val", [2**64 - 1], [2**64 - 1]),
    ],
)
def test_every_typed_field_of_tensorflow(dtype, field, values, expected):
    found = predict({"dtype": dtype, "tensor_shape": dims(1), field: values})
    assert list(found.inputs["x"]) == expected
    assert (found.model, found.version) == ("m", "3")


def test_the_last_typed_value_fills_the_rest():
    found = predict({"dtype": 1, "tensor_shape": dims(1, 3), "float_val": [1.0, 2.0]}, columns=("a", "b", "c"))
    assert [list(found.inputs[name]) for name in "abc"] == [[1.0], [2.0], [2.0]]


@pytest.mark.parametrize(
    "tensor",
    [
        {"dtype": 1, "tensor_shape": dims(50_000, 50_000), "float_val": [1.0]},
        {"dtype": 1, "tensor_shape": dims(50_000, 50_000), "tensor_content": b"\0\0\0\0"},
        {"dtype": 1, "tensor_shape": dims(1), "tensor_content": b"\0\0\0"},
        {"dtype": 1, "tensor_shape": dims(2)},
        {"dtype": 7, "tensor_shape": dims(2), "string_val": [b"a"]},
        {"dtype": 19, "tensor_shape": dims(1), "half_val": [-1]},
        {"dtype": 99, "tensor_shape": dims(1), "float_val": [1.0]},
    ],
)
def test_tensorflow_tensors_that_cannot_be_right(tensor):
    assert predict(tensor) == Undecodable("bad_tensor")


EXAMPLES = {
    "example_list": {
        "examples": [
            {
                "features": {
                    "feature": {"age": {"int64_list": {"value": [41]}}, "v": {"float_list": {"value": [1.5, 2.5]}}}
                }
            },
            {
                "features": {
                    "feature": {"age": {"int64_list": {"value": [37]}}, "v": {"float_list": {"value": [3.5, 4.5]}}}
                }
            },
        ]
    }
}


def test_classify_takes_the_best_class():
    def classes(cat, dog):
        return {"classes": [{"label": "cat", "score": cat}, {"label": "dog", "score": dog}]}

    answer = message("ClassificationResponse", result={"classifications": [classes(0.25, 0.75), classes(0.5, 0.25)]})
    found = decode(grpc(CLASSIFY, message("ExamplesRequest", model_spec={"name": "m"}, input=EXAMPLES), answer))
    assert found.inputs["age"].tolist() == [41, 37]
    assert found.inputs["v_1"].tolist() == [2.5, 4.5]
    assert found.predictions["prediction.class"] == ["dog", "cat"]
    assert found.predictions["prediction.confidence"].tolist() == [0.75, 0.5]


def test_regress_gives_the_value_and_a_context_holds_for_every_row():
    context = {"features": {"feature": {"country": {"bytes_list": {"value": [b"NZ"]}}}}}
    given = {"example_list_with_context": {"examples": EXAMPLES["example_list"]["examples"], "context": context}}
    answer = message("RegressionResponse", result={"regressions": [{"value": 0.5}, {"value": 0.25}]})
    found = decode(grpc(REGRESS, message("ExamplesRequest", input=given), answer))
    assert found.inputs["country"] == ["NZ", "NZ"]
    assert found.predictions["prediction"].tolist() == [0.5, 0.25]


def call(request, response=FRAMED_OK, **more):
    return decode(made("POST", V2, request, response, protocol="grpc", **{"grpc_status": 0, **more}))


def test_a_compressed_message():
    plain = message(
        "ModelInferRequest",
        inputs=[{"name": "x", "datatype": "FP64", "shape": [1], "contents": {"fp64_contents": [1.5]}}],
    )
    sent = framed(gzip.compress(plain), compressed=1)
    assert call(sent, request_headers={"grpc-encoding": "gzip"}).inputs["x"].tolist() == [1.5]
    bomb = framed(gzip.compress(b"\0" * (64 << 20)), compressed=1)
    assert call(bomb, request_headers={"grpc-encoding": "gzip"}).reason == "expands_too_far"


@pytest.mark.parametrize(
    "body",
    [b"", b"\0\0", b"\0\0\0\0\5ab", b"\0\0\0\0\1ab", b"\2\0\0\0\0", struct.pack(">BI", 0, 2**32 - 1), framed(OK) * 2],
)
def test_frames_that_lie(body):
    assert call(body) == Undecodable("bad_frame")


def test_what_is_no_inference():
    for path in (
        "/inference.GRPCInferenceService/ServerLive",
        "/grpc.health.v1.Health/Check",
        "/tensorflow.serving.ModelService/GetModelStatus",
    ):
        assert decode(grpc(path, b"", b"")) == Undecodable("not_inference", False)
    assert call(framed(b""), b"", grpc_status=5) == Undecodable("error_response", False)
    assert decode(grpc("/my.Service/Do", b"", b"")) == Undecodable("unknown_protocol")
    assert decode(grpc("/inference.Another/Method", b"", b"")) == Undecodable("unknown_protocol")
