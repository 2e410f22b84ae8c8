"""Minimal protobuf descriptors, built from a table of messages and read by protobuf's own runtime.

A message's fields are written `name=number:type`, with `*` before the type of a repeated one and `{}` before that of a
map from strings. Only what is read need be declared; protobuf skips the rest. It is imported with the first message:
most sidecars never see one, and it takes 3 MB.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto
    from google.protobuf.message import Message

_SCALARS = frozenset({"bool", "int32", "int64", "uint32", "uint64", "float", "double", "bytes", "string"})


def classes_of(package: str, messages: Mapping[str, str]) -> "Mapping[str, type[Message]]":
    """A class for each message, in a pool of its own: the process's default one may hold the originals."""
    from google.protobuf import descriptor_pool, message_factory
    from google.protobuf.descriptor_pb2 import FileDescriptorProto

    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field in fields.split():
            _add_field(package, message, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}


def _add_field(package: str, message: "DescriptorProto", text: str) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

    name, _, rest = text.partition("=")
    number, _, kind = rest.partition(":")
    field = message.field.add(name=name, number=int(number), label=Field.LABEL_OPTIONAL)
    if kind.startswith(("*", "{}")):
        field.label = Field.LABEL_REPEATED
    if kind.startswith("{}"):
        kind = _add_map_entry(package, message, name, kind.removeprefix("{}"))
    kind = kind.removeprefix("*")
    if kind in _SCALARS:
        field.type = Field.Type.Value(f"TYPE_{kind.upper()}")
    else:
        field.type, field.type_name = Field.TYPE_MESSAGE, f".{package}.{kind}"


def _add_map_entry(package: str, message: "DescriptorProto", name: str, kind: str) -> str:
    """A map field is a repeated nested message of key and value, whose name protobuf prescribes."""
    entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
    entry.options.map_entry = True
    _add_field(package, entry, "key=1:string")
    _add_field(package, entry, f"value=2:{kind}")
    return f"{message.name}.{entry.name}"
