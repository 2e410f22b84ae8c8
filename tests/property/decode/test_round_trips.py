"""What a client writes is what is read: tensors of every datatype and shape, by JSON, raw bytes and protobuf."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sentinel.decode import Decoded, decode
from sentinel.decode.tensors import WIRE_TYPES
from tests.support.decode_grpc import PREDICT, V2, message
from tests.support.decode_wire import grpc, made, posted

TENSORFLOW = {"FP32": 1, "FP64": 2, "INT32": 3, "UINT8": 4, "INT16": 5, "INT8": 6, "INT64": 9, "BOOL": 10, "FP16": 19}


@st.composite
def tensors(draw: st.DrawFn) -> tuple[str, np.ndarray]:
    datatype = draw(st.sampled_from(sorted(WIRE_TYPES)))
    shape = draw(arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5))
    return datatype, draw(
        arrays.arrays(
            WIRE_TYPES[datatype], shape, elements={"allow_subnormal": False} if datatype.startswith("FP") else None
        )
    )


def check(found: object, datatype: str, values: np.ndarray) -> None:
    """Every value, in the precision of its datatype, or of float64, in which windows count."""
    assert isinstance(found, Decoded), found
    assert found.rows == len(values)
    read = np.stack([np.asarray(column) for column in found.inputs.values()], axis=1)
    precision = WIRE_TYPES[datatype] if datatype.startswith("FP") else np.float64
    np.testing.assert_array_equal(read.astype(precision), values.astype(precision))


def answer(rows: int) -> dict:
    return {"outputs": [{"name": "y", "shape": [rows], "datatype": "FP32", "data": [0.5] * rows}]}


@given(tensors())
@settings(max_examples=300, deadline=None)
def test_v2_json(given_tensor):
    datatype, values = given_tensor
    tensor = {"name": "x", "shape": list(values.shape), "datatype": datatype, "data": values.tolist()}
    check(decode(posted("/v2/models/m/infer", {"inputs": [tensor]}, answer(len(values)))), datatype, values)


@given(tensors())
@settings(max_examples=300, deadline=None)
def test_v2_binary(given_tensor):
    datatype, values = given_tensor
    raw = values.tobytes()
    tensor = {
        "name": "x",
        "shape": list(values.shape),
        "datatype": datatype,
        "parameters": {"binary_data_size": len(raw)},
    }
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {"inference-header-content-length": str(len(head))}
    body = json.dumps(answer(len(values))).encode()
    check(decode(made("POST", "/v2/models/m/infer", head + raw, body, request_headers=headers)), datatype, values)


@given(tensors())
@settings(max_examples=300, deadline=None)
def test_v2_grpc(given_tensor):
    datatype, values = given_tensor
    tensor = {"name": "x", "shape": list(values.shape), "datatype": datatype}
    request = message("ModelInferRequest", inputs=[tensor], raw_input_contents=[values.tobytes()])
    output = {
        "name": "y",
        "shape": [len(values)],
        "datatype": "FP64",
        "contents": {"fp64_contents": [0.5] * len(values)},
    }
    check(decode(grpc(V2, request, message("ModelInferResponse", outputs=[output]))), datatype, values)


@given(tensors().filter(lambda tensor: tensor[0] in TENSORFLOW))
@settings(max_examples=300, deadline=None)
def test_tensorflow_content(given_tensor):
    datatype, values = given_tensor
    dims = [{"size": size} for size in values.shape]
    tensor = {"dtype": TENSORFLOW[datatype], "tensor_shape": {"dim": dims}, "tensor_content": values.tobytes()}
    output = {"dtype": 1, "tensor_shape": {"dim": [{"size": len(values)}]}, "float_val": [0.5]}
    response = message("PredictResponse", outputs={"y": output})
    check(decode(grpc(PREDICT, message("PredictRequest", inputs={"x": tensor}), response)), datatype, values)
