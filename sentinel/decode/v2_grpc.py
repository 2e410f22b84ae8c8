"""Open Inference Protocol V2 over gRPC: `ModelInfer`, with typed or raw contents."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sentinel.decode import joined, precision, protos, tensors
from sentinel.decode.call import Call
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column, Decoded
from sentinel.decode.values import Block

_CONTENTS: Mapping[str, tuple[str, np.dtype[Any]]] = {
    "BOOL": ("bool_contents", np.dtype("?")),
    "UINT8": ("uint_contents", np.dtype("u4")),
    "UINT16": ("uint_contents", np.dtype("u4")),
    "UINT32": ("uint_contents", np.dtype("u4")),
    "UINT64": ("uint64_contents", np.dtype("u8")),
    "INT8": ("int_contents", np.dtype("i4")),
    "INT16": ("int_contents", np.dtype("i4")),
    "INT32": ("int_contents", np.dtype("i4")),
    "INT64": ("int64_contents", np.dtype("i8")),
    "FP32": ("fp32_contents", np.dtype("f4")),
    "FP64": ("fp64_contents", np.dtype("f8")),
}
"""Datatype -> its typed field and numpy's type of that field's values."""


def decode(call: Call) -> Decoded:
    """One ModelInfer call. Refused: bad_protobuf, bad_tensor and the reasons of rows."""
    request = protos.read("ModelInferRequest", call.request)
    table = joined.table(_read(request.inputs, request.raw_input_contents), call.options)
    response = None if call.response is None else protos.read("ModelInferResponse", call.response)
    return call.decoded(
        table,
        () if response is None else _read(response.outputs, response.raw_output_contents),
        model=request.model_name,
        version=(response.model_version if response is not None else "") or request.model_version,
        request_id=request.id or (response.id if response is not None else ""),
    )


def _read(named: Any, raw: Any) -> list[tuple[str, Block]]:
    """Tensors in order; raw contents, if any, hold one item for each."""
    if len(raw) == 0:
        return [(tensor.name, _typed(tensor)) for tensor in named]
    if len(raw) != len(named):
        raise Refused(Reason.BAD_TENSOR)
    pairs = zip(named, raw, strict=True)
    return [(tensor.name, tensors.from_raw(tensor.datatype, tensor.shape, content)) for tensor, content in pairs]


def _typed(tensor: Any) -> Block:
    if tensor.datatype == "BYTES":
        values: Column = [tensors.text_or_bytes(value) for value in tensor.contents.bytes_contents]
    elif tensor.datatype in _CONTENTS:
        field, dtype = _CONTENTS[tensor.datatype]
        contents = getattr(tensor.contents, field)
        typed = np.fromiter(contents, dtype=dtype, count=len(contents))
        values = precision.decimals(typed) if dtype.kind == "f" else typed
    else:
        raise Refused(Reason.BAD_TENSOR)
    return tensors.shaped(values, tensor.shape)
