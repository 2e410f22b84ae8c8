"""ModelStreamInfer: many requests and answers in one call, as Triton's own client sends them."""

import struct

import pytest

from sentinel.decode import Decoded, Undecodable, decode
from tests.support.decode_grpc import message
from tests.support.decode_wire import framed, made

PATH = "/inference.GRPCInferenceService/ModelStreamInfer"


def request(name="1", values=(1.5, 2.5), column="x"):
    tensor = {"name": column, "datatype": "FP32", "shape": [1, len(values)]}
    raw = struct.pack(f"<{len(values)}f", *values)
    return message("ModelInferRequest", model_name="m", id=name, inputs=[tensor], raw_input_contents=[raw])


def answer(name="1", label=7):
    output = {"name": "y", "datatype": "INT64", "shape": [1], "contents": {"int64_contents": [label]}}
    inside = {"model_name": "m", "model_version": "2", "id": name, "outputs": [output]}
    return message("ModelStreamInferResponse", infer_response=inside)


ERROR = message("ModelStreamInferResponse", error_message="out of memory")
END = message("ModelStreamInferResponse", infer_response={"model_name": "m", "id": "1"})


def streamed(requests, answers):
    sent, got = (b"".join(map(framed, messages)) for messages in (requests, answers))
    return decode(made("POST", PATH, sent, got, protocol="grpc", grpc_status=0))


def test_requests_become_rows_in_their_order():
    found = streamed([request("1"), request("2", (3.5, 4.5))], [answer("1", 7), answer("2", 8)])
    assert isinstance(found, Decoded)
    assert (found.rows, found.model, found.version) == (2, "m", "2")
    assert {name: list(values) for name, values in found.inputs.items()} == {"x_0": [1.5, 3.5], "x_1": [2.5, 4.5]}
    assert list(found.predictions["y"]) == [7, 8]


def test_answers_are_paired_by_id():
    found = streamed([request("1"), request("2")], [answer("2", 8), answer("1", 7)])
    assert list(found.predictions["y"]) == [7, 8]


def test_answers_without_ids_are_paired_by_order():
    found = streamed([request(""), request("")], [answer("", 8), answer("", 7)])
    assert list(found.predictions["y"]) == [8, 7]


def test_what_failed_is_left_out():
    found = streamed([request(""), request("", (3.5, 4.5))], [ERROR, answer("", 8)])
    assert (found.rows, list(found.inputs["x_0"]), list(found.predictions["y"])) == (1, [3.5], [8])


def test_the_mark_of_the_end_is_no_answer():
    assert streamed([request()], [answer(), END]).rows == 1


@pytest.mark.parametrize(
    ("requests", "answers", "reason"),
    [
        ([request()], [answer(), answer()], "row_mismatch"),
        ([request(), request()], [answer()], "row_mismatch"),
        ([request(column="x"), request(column="z")], [answer(), answer()], "row_mismatch"),
        ([request(values=(1,)), request(values=(1, 2))], [answer(), answer()], "bad_tensor"),
        ([request()], [ERROR], "error_response"),
        ([], [], "no_rows"),
        ([b"\xff\xff"], [answer()], "bad_protobuf"),
    ],
)
def test_what_cannot_be_paired_says_why(requests, answers, reason):
    found = streamed(requests, answers)
    assert isinstance(found, Undecodable)
    assert found.reason == reason
