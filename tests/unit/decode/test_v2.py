import gzip
import json

import numpy as np
import pytest

from sentinel.decode import Decoded, DecodeOptions, Undecodable, decode
from tests.support.decode_wire import exchange, made, posted

PATH = "/v2/models/m/infer"
OK = {"model_name": "m", "outputs": [{"name": "y", "shape": [1], "datatype": "FP64", "data": [1.0]}]}


def decoded(found):
    assert isinstance(found, Decoded), found
    return found


def asked(*tensors, response=OK, **options):
    return decode(posted(PATH, {"inputs": list(tensors)}, response), DecodeOptions(**options))


def tensor(data, shape, datatype="FP32", name="x", **more):
    return {"name": name, "shape": shape, "datatype": datatype, "data": data, **more}


@pytest.mark.parametrize(
    "name", ["infer-json", "infer-json-flat", "infer-gzip-req", "infer-gzip-accept", "infer-version"]
)
def test_mlserver_flat_nested_and_compressed_alike(name):
    found = decoded(decode(exchange(f"mlserver/{name}"), DecodeOptions(columns=("sl", "sw", "pl", "pw"))))
    assert (found.rows, found.model, found.version) == (2, "iris", "v1.0.0")
    assert {name: list(values) for name, values in found.inputs.items()} == {
        "sl": [5.1, 6.7],
        "sw": [3.5, 3.0],
        "pl": [1.4, 5.2],
        "pw": [0.2, 2.3],
    }
    assert found.predictions["predict"].tolist() == [0, 2]
    assert found.predictions["predict_proba.class"] == ["0", "2"]
    assert found.request_id in ("req-1", "req-2")
    assert found.event_time == 1_795_304_000.0


@pytest.mark.parametrize("name", ["infer-binary", "infer-binary-in-json-out", "infer-json"])
def test_triton_binary_and_json_give_the_same_rows(name):
    found = decoded(decode(exchange(f"triton/{name}")))
    assert list(found.inputs["x_3"]) == pytest.approx([0.2, 2.3])
    assert found.predictions["label"] == ["cls0", "cls0"]
    assert found.predictions["probs.confidence"] == pytest.approx([0.99347, 0.99997], abs=1e-5)
    assert found.version == "2"


def test_the_path_names_the_version_where_the_body_does_not():
    found = decoded(decode(posted("/v2/models/m/versions/9/infer", {"inputs": [tensor([1.0], [1])]}, OK)))
    assert (found.model, found.version) == ("m", "9")


def test_a_configured_header_wins():
    sent = posted(
        PATH, {"inputs": [tensor([1.0], [1])]}, {**OK, "model_version": "1"}, response_headers={"x-model": "7"}
    )
    assert decoded(decode(sent, DecodeOptions(version_header="X-Model"))).version == "7"


def test_one_tensor_per_feature():
    found = decoded(asked(tensor([41], [1, 1], "INT32", "age"), tensor(["NZ"], [1], "BYTES", "country")))
    assert list(found.inputs["age"]) == [41]
    assert found.inputs["country"] == ["NZ"]


def test_a_vector_of_the_configured_width_is_one_row():
    assert decoded(asked(tensor([1, 2, 3], [3]), columns=("a", "b", "c"))).rows == 1


def test_an_image_stays_whole():
    image = np.zeros((1, 8, 8, 3)).tolist()
    assert decoded(asked(tensor(image, [1, 8, 8, 3]))).inputs["x"].shape == (1, 8, 8, 3)


@pytest.mark.parametrize(
    ("datatype", "data", "expected"),
    [
        ("BOOL", [True, False], [True, False]),
        ("UINT8", [0, 255], [0, 255]),
        ("INT64", [-(2**63), 2**63 - 1], [-(2**63), 2**63 - 1]),
        ("UINT64", [0, 2**64 - 1], [0.0, float(2**64 - 1)]),
        ("FP16", [1.5, 2], [1.5, 2.0]),
        ("FP64", [1.5, None], [1.5, float("nan")]),
        ("BYTES", ["a", "ü"], ["a", "ü"]),
    ],
)
def test_every_datatype_in_json(datatype, data, expected):
    two = {"outputs": [tensor([0.0, 0.0], [2], "FP32", "y")]}
    values = decoded(asked(tensor(data, [2], datatype), response=two)).inputs["x"]
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("datatype", ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"])
def test_every_whole_datatype_in_binary(datatype):
    dtype = "?" if datatype == "BOOL" else datatype.lower()
    values = np.array([[1, 0, 1]], dtype=dtype)
    assert decoded(binary(datatype, values.shape, values.tobytes())).inputs["x_0"].tolist() == [1]


@pytest.mark.parametrize(("datatype", "dtype"), [("FP16", "<f2"), ("FP32", "<f4"), ("FP64", "<f8")])
def test_every_float_datatype_in_binary(datatype, dtype):
    raw = np.array([[1.5, -2.0]], dtype=dtype).tobytes()
    assert decoded(binary(datatype, (1, 2), raw)).inputs["x_1"].tolist() == [-2.0]


def test_bfloat16_in_binary():
    upper_halves = np.array([1.5, -2.0], dtype="<f4").view("<u4") >> 16
    raw = upper_halves.astype("<u2").tobytes()
    assert decoded(binary("BF16", (1, 2), raw)).inputs["x_0"].tolist() == [1.5]


def test_bytes_in_binary_are_text_or_stay_bytes():
    raw = b"\x02\0\0\0hi" + b"\x02\0\0\0\xff\xd8"
    found = decoded(binary("BYTES", (1, 2), raw))
    assert (found.inputs["x_0"], found.inputs["x_1"]) == (["hi"], [b"\xff\xd8"])


def binary(datatype, shape, raw, size=None):
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "x",
                    "shape": list(shape),
                    "datatype": datatype,
                    "parameters": {"binary_data_size": len(raw) if size is None else size},
                }
            ]
        }
    ).encode()
    sent = made(
        "POST",
        PATH,
        head + raw,
        json.dumps(OK).encode(),
        request_headers={"inference-header-content-length": str(len(head))},
    )
    return decode(sent)


def test_a_binary_answer_needs_no_content_type():
    """KServe answers so."""
    raw = np.array([0.5], dtype="<f4").tobytes()
    head = b'{"outputs":[{"name":"y","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}}]}'
    sent = made(
        "POST",
        PATH,
        json.dumps({"inputs": [tensor([1.0], [1])]}).encode(),
        head + raw,
        response_headers={"inference-header-content-length": str(len(head)), "transfer-encoding": "chunked"},
    )
    assert decoded(decode(sent)).predictions["y"].tolist() == [0.5]


def test_nan_and_infinity_as_python_servers_write_them():
    sent = posted(PATH, b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[NaN,-Infinity]}]}', OK)
    values = decoded(decode(sent)).inputs
    assert np.isnan(values["x_0"][0])
    assert values["x_1"][0] == -np.inf


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ([tensor([1.0], [2])], "bad_tensor"),
        ([tensor([1.0], [50_000, 50_000])], "bad_tensor"),  # declares 10 GB
        ([tensor([1.0], [-1])], "bad_tensor"),
        ([tensor([1.0], [1], "FP31")], "bad_tensor"),
        ([tensor("text", [1])], "bad_tensor"),
        ([tensor([[1.0], 2.0], [2])], "bad_tensor"),
        ([tensor([{}], [1], "BYTES")], "bad_value"),
        ([tensor([1.0], [1] * 40)], "too_deep"),
        ([tensor([], [0])], "no_rows"),
        ([], "no_rows"),
        ([tensor([1.0], [1]), tensor([1.0, 2.0], [2], name="z")], "row_mismatch"),
        ([tensor([1.0, 2.0], [2])], "row_mismatch"),
        ([tensor([0.0] * 10_001, [10_001])], "too_many_rows"),
        ([tensor([1.0], [1], name=f"x{i}") for i in range(600)], "too_many_columns"),
        ([tensor(["a"] * 600, [1, 600], "BYTES")], "too_many_columns"),
        ([{"name": "x", "shape": ["1"], "datatype": "FP32", "data": [1]}], "bad_json"),
    ],
)
def test_what_cannot_be_right_has_a_reason(tensors, reason):
    assert asked(*tensors) == Undecodable(reason, True, "m", "")


@pytest.mark.parametrize("size", [3, 5, -1, 10**12, "4", True])
def test_lying_sizes_are_refused(size):
    assert binary("FP32", (1,), b"\0\0\0\0", size=size) == Undecodable("bad_tensor", True, "m", "")


@pytest.mark.parametrize("length", ["999999", "-1", "x", "9" * 5000, "1.5", "²"])
def test_lying_header_lengths_are_refused(length):
    sent = posted(PATH, {}, OK, request_headers={"inference-header-content-length": length})
    assert decode(sent) == Undecodable("bad_tensor", True, "m", "")


@pytest.mark.parametrize("raw", [b"\xff\xff\xff\xffab", b"\x01\0\0", b"\x05\0\0\0ab"])
def test_lying_lengths_of_elements_are_refused(raw):
    assert binary("BYTES", (1,), raw) == Undecodable("bad_tensor", True, "m", "")


def test_what_is_no_sign_of_blindness():
    error = decode(exchange("mlserver/infer-404"))
    assert error == Undecodable("error_response", False, "nope", "")
    assert decode(exchange("triton/model-meta")) == Undecodable("not_inference", False)
    assert decode(made("POST", PATH, b"{}", b"", status=0)) == Undecodable("no_response", False, "m", "")


def test_a_mirrored_request_without_an_answer_gives_inputs_alone():
    sent = made("POST", PATH, json.dumps({"inputs": [tensor([1.0], [1])]}).encode(), b"", status=0, protocol="push")
    found = decoded(decode(sent))
    assert (found.rows, dict(found.predictions)) == (1, {})


def test_a_bomb_is_refused():
    body = gzip.compress(b" " * (64 << 20))
    assert (
        decode(made("POST", PATH, body, b"{}", request_headers={"content-encoding": "gzip"})).reason
        == "expands_too_far"
    )
