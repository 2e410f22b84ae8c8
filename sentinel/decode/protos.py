"""The messages of the inference services, as a table: only the fields that are read.

Sources: open-inference-protocol's
`grpc_predict_v2.proto`, TensorFlow's `tensor.proto` and `example.proto`, TensorFlow Serving's `predict.proto`,
`classification.proto`, `regression.proto`, `input.proto` and `model.proto`.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from sentinel.decode.descriptors import classes_of
from sentinel.decode.reasons import Reason, Refused

if TYPE_CHECKING:
    from google.protobuf.message import Message

_V2_TENSOR = "name=1:string datatype=2:string shape=3:*int64 contents=5:InferTensorContents"

_MESSAGES: Mapping[str, str] = {
    "InferTensorContents": "bool_contents=1:*bool int_contents=2:*int32 int64_contents=3:*int64 uint_contents=4:*uint32"
    " uint64_contents=5:*uint64 fp32_contents=6:*float fp64_contents=7:*double bytes_contents=8:*bytes",
    "InferTensor": _V2_TENSOR,
    "ModelInferRequest": "model_name=1:string model_version=2:string id=3:string inputs=5:*InferTensor"
    " raw_input_contents=7:*bytes",
    "ModelInferResponse": "model_name=1:string model_version=2:string id=3:string outputs=5:*InferTensor"
    " raw_output_contents=6:*bytes",
    "ModelStreamInferResponse": "error_message=1:string infer_response=2:ModelInferResponse",
    "Dim": "size=1:int64",
    "TensorShapeProto": "dim=2:*Dim unknown_rank=3:bool",
    "TensorProto": "dtype=1:int32 tensor_shape=2:TensorShapeProto tensor_content=4:bytes float_val=5:*float"
    " double_val=6:*double int_val=7:*int32 string_val=8:*bytes int64_val=10:*int64 bool_val=11:*bool"
    " half_val=13:*int32 uint32_val=16:*uint32 uint64_val=17:*uint64",
    "Int64Value": "value=1:int64",
    "ModelSpec": "name=1:string version=2:Int64Value signature_name=3:string version_label=4:string",
    "PredictRequest": "model_spec=1:ModelSpec inputs=2:{}TensorProto",
    "PredictResponse": "outputs=1:{}TensorProto model_spec=2:ModelSpec",
    "BytesList": "value=1:*bytes",
    "FloatList": "value=1:*float",
    "Int64List": "value=1:*int64",
    "Feature": "bytes_list=1:BytesList float_list=2:FloatList int64_list=3:Int64List",
    "Features": "feature=1:{}Feature",
    "Example": "features=1:Features",
    "ExampleList": "examples=1:*Example",
    "ExampleListWithContext": "examples=1:*Example context=2:Example",
    "Input": "example_list=1:ExampleList example_list_with_context=2:ExampleListWithContext",
    "ExamplesRequest": "model_spec=1:ModelSpec input=2:Input",
    "Class": "label=1:string score=2:float",
    "Classifications": "classes=1:*Class",
    "ClassificationResult": "classifications=1:*Classifications",
    "ClassificationResponse": "result=1:ClassificationResult model_spec=2:ModelSpec",
    "Regression": "value=1:float",
    "RegressionResult": "regressions=1:*Regression",
    "RegressionResponse": "result=1:RegressionResult model_spec=2:ModelSpec",
}


def read(kind: str, data: bytes) -> Any:
    """A message of the named kind. Refused: bad_protobuf."""
    from google.protobuf.message import DecodeError

    message = message_class(kind)()
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise Refused(Reason.BAD_PROTOBUF) from None
    return message


@cache
def message_class(kind: str) -> "type[Message]":
    """The class of a message named in the table."""
    return _classes()[kind]


@cache
def _classes() -> "Mapping[str, type[Message]]":
    return classes_of("sentinel_wire", _MESSAGES)
