"""Open Inference Protocol V2 over gRPC: `ModelInfer` and `ModelStreamInfer`, with typed or raw contents."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sentinel.decode import grpc_frames, joined, precision, protos, tensors
from sentinel.decode.call import Call
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column, Decoded
from sentinel.decode.values import Block, stacked

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


def stream(call: Call) -> Decoded:
    """One ModelStreamInfer call: as many rows as all its requests together have.

    Requests and answers are paired by id, without ids by order; a request that was answered with an error is left out.
    Refused: row_mismatch where a model answers a request several times or not at all, error_response where all failed.
    """
    limit, sides = call.options.max_decompressed_bytes, (call.exchange.request, call.exchange.response)
    asked, answered = (grpc_frames.messages(side.headers, side.body, limit) for side in sides)
    requests = [protos.read("ModelInferRequest", message) for message in asked]
    if call.response is None:
        return call.decoded(joined.table(_stacked(requests, "inputs"), call.options))
    pairs = _paired(requests, [protos.read("ModelStreamInferResponse", message) for message in answered])
    requests, responses = [request for request, _ in pairs], [response for _, response in pairs]
    return call.decoded(
        joined.table(_stacked(requests, "inputs"), call.options),
        _stacked(responses, "outputs"),
        model=requests[0].model_name,
        version=responses[0].model_version or requests[0].model_version,
        request_id=requests[0].id,
    )


def _paired(requests: Sequence[Any], answers: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Each request with its answer. Triton's mark of a stream's end, an answer without outputs, is none."""
    said = [answer for answer in answers if answer.error_message or answer.infer_response.outputs]
    if len(said) != len(requests):
        raise Refused(Reason.ROW_MISMATCH)
    by_id = {answer.infer_response.id: answer for answer in said}
    if by_id.keys() == {request.id for request in requests} and len(by_id) == len(requests):
        said = [by_id[request.id] for request in requests]
    pairs = [(q, a.infer_response) for q, a in zip(requests, said, strict=True) if not a.error_message]
    if not pairs:
        raise Refused(Reason.ERROR_RESPONSE if said else Reason.NO_ROWS)
    return pairs


def _stacked(messages: Sequence[Any], side: str) -> list[tuple[str, Block]]:
    """The tensors of several messages, one after the other along the batch. Refused: row_mismatch if they differ."""
    read = [dict(_read(getattr(message, side), getattr(message, f"raw_{side[:-1]}_contents"))) for message in messages]
    if any(tensors.keys() != read[0].keys() for tensors in read):
        raise Refused(Reason.ROW_MISMATCH)
    return [(name, stacked([tensors[name] for tensors in read])) for name in (read[0] if read else ())]


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
