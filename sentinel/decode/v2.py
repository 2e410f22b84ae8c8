"""Open Inference Protocol V2 over REST: JSON tensors, flat or nested, and the binary tensor extension, mixed at will.

Servers differ: data may be nested or flat; a binary answer may lack a Content-Type (KServe) and is told by its
`Inference-Header-Content-Length` alone; null stands for absent (KServe).
"""

from collections.abc import Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec

from sentinel.decode import joined, jsontext, tensors
from sentinel.decode.call import Call
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Decoded
from sentinel.decode.values import Block

HEADER_LENGTH = "inference-header-content-length"


class Tensor(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    data: Any = None
    parameters: dict[str, Any] | None = None


class FloatTensor(msgspec.Struct):
    """A flat tensor of floats, as most calls carry: read as such, its values need no other look."""

    name: str
    shape: list[int]
    datatype: Literal["FP16", "FP32", "FP64", "BF16"]
    data: list[float]
    parameters: dict[str, Any] | None = None


T = TypeVar("T", Tensor, FloatTensor)


class Request(msgspec.Struct, Generic[T]):
    inputs: list[T]
    id: str | None = None


class Response(msgspec.Struct, Generic[T]):
    outputs: list[T]
    id: str | None = None
    model_name: str | None = None
    model_version: str | None = None


class _Reader:
    """Reads JSON as tensors of floats where it is that, else as any."""

    def __init__(self, floats: Any, anything: Any) -> None:
        self._floats = msgspec.json.Decoder(floats)
        self._any = msgspec.json.Decoder(anything)

    def read(self, text: bytes) -> Any:
        if len(text) > jsontext.COUNTED_FROM_BYTES:
            return jsontext.parse(text, self._any)
        try:
            return self._floats.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return jsontext.parse(text, self._any)


_request = _Reader(Request[FloatTensor], Request[Tensor])
_response = _Reader(Response[FloatTensor], Response[Tensor])


def decode(call: Call) -> Decoded:
    """One infer call. Refused: bad_json, bad_tensor and the reasons of rows."""
    text, raw = _halves(call.request, call.header(HEADER_LENGTH))
    request: Request[Tensor] = _request.read(text)
    table = joined.table(read(request.inputs, raw), call.options)
    if call.response is None:
        return call.decoded(table, request_id=request.id)
    text, raw = _halves(call.response, call.response_header(HEADER_LENGTH))
    response: Response[Tensor] = _response.read(text)
    return call.decoded(
        table,
        read(response.outputs, raw),
        model=response.model_name,
        version=response.model_version,
        request_id=request.id or response.id,
    )


def _halves(body: bytes, header_length: str) -> tuple[bytes, memoryview]:
    """The JSON part and the raw tensors behind it."""
    if not header_length:
        return body, memoryview(b"")
    if not (header_length.isascii() and header_length.isdecimal() and len(header_length) < 12):
        raise Refused(Reason.BAD_TENSOR)
    end = int(header_length)
    if end > len(body):
        raise Refused(Reason.BAD_TENSOR)
    return body[:end], memoryview(body)[end:]


def read(named: Sequence[Tensor | FloatTensor], raw: memoryview) -> list[tuple[str, Block]]:
    """Tensors in order; those with a `binary_data_size` take their bytes from `raw`, one after the other."""
    found = []
    for tensor in named:
        size = tensor.parameters.get("binary_data_size") if tensor.parameters else None
        if size is None:
            values = tensors.from_floats if type(tensor) is FloatTensor else tensors.from_values
            block = values(tensor.datatype, tensor.shape, tensor.data)
        elif type(size) is not int or not 0 <= size <= len(raw):
            raise Refused(Reason.BAD_TENSOR)
        else:
            block = tensors.from_raw(tensor.datatype, tensor.shape, raw[:size])
            raw = raw[size:]
        found.append((tensor.name, block))
    return found
