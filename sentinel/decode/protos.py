"""Minimal protobuf descriptors of the inference services, built once from a table, read by protobuf's own runtime.

Only the fields that are read are declared; protobuf skips the others. It is imported with the first gRPC message: most
sidecars never see one, and it takes 3 MB. Sources: open-inference-protocol's
`grpc_predict_v2.proto`, TensorFlow's `tensor.proto` and `example.proto`, TensorFlow Serving's `predict.proto`,
`classification.proto`, `regression.proto`, `input.proto` and `model.proto`.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from sentinel.decode.reasons import Reason, Refused

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message

PACKAGE = "sentinel_wire"

_V2_TENSOR = "name=1:string datatype=2:string shape=3:*int64 contents=5:InferTensorContents"

# message: fields as name=number:type, * repeated, {} a map from string
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

_SCALARS = frozenset({"bool", "int32", "int64", "uint32", "uint64", "float", "double", "bytes", "string"})


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
    from google.protobuf import message_factory

    found: type[Message] = message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{PACKAGE}.{kind}"))
    return found


@cache
def _pool() -> "DescriptorPool":
    """A pool of our own: the process's default one may hold the originals."""
    from google.protobuf import descriptor_pool
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto(name="sentinel_wire.proto", package=PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields.split():
            _add_field(message, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _add_field(message: "DescriptorProto", text: str) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

    name, _, rest = text.partition("=")
    number, _, kind = rest.partition(":")
    field = message.field.add(name=name, number=int(number), label=Field.LABEL_OPTIONAL)
    if kind.startswith(("*", "{}")):
        field.label = Field.LABEL_REPEATED
    if kind.startswith("{}"):
        kind = _add_map_entry(message, name, kind.removeprefix("{}"))
    kind = kind.removeprefix("*")
    if kind in _SCALARS:
        field.type = Field.Type.Value(f"TYPE_{kind.upper()}")
    else:
        field.type, field.type_name = Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"


def _add_map_entry(message: "DescriptorProto", name: str, kind: str) -> str:
    """A map field is a repeated nested message of key and value, whose name protobuf prescribes."""
    entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
    entry.options.map_entry = True
    _add_field(entry, "key=1:string")
    _add_field(entry, f"value=2:{kind}")
    return f"{message.name}.{entry.name}"
