"""TensorFlow Serving's `PredictionService` over gRPC: Predict with tensors, Classify and Regress with examples."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from sentinel.decode import joined, precision, protos, tensors
from sentinel.decode.call import Call
from sentinel.decode.outputs import UNNAMED
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Decoded
from sentinel.decode.tables import Table, check_rows, from_columns
from sentinel.decode.values import Block

_DTYPES = {
    1: ("FP32", "float_val"),
    2: ("FP64", "double_val"),
    3: ("INT32", "int_val"),
    4: ("UINT8", "int_val"),
    5: ("INT16", "int_val"),
    6: ("INT8", "int_val"),
    9: ("INT64", "int64_val"),
    10: ("BOOL", "bool_val"),
    14: ("BF16", "half_val"),
    17: ("UINT16", "int_val"),
    19: ("FP16", "half_val"),
    22: ("UINT32", "uint32_val"),
    23: ("UINT64", "uint64_val"),
}
"""tensorflow.DataType -> datatype of V2, whose little-endian layout tensor_content shares, and the typed field."""

_VALUE_TYPES: Mapping[str, np.dtype[Any]] = {
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
    "BOOL": np.dtype(np.bool_),
    "UINT64": np.dtype(np.uint64),
}
"""numpy's type of the typed field's values, where 64-bit integers would not do."""

_STRING = 7

MAX_FILLED_VALUES = 1 << 20
"""Typed values may be fewer than the shape declares, the last one filling the rest: so many are filled at most."""


def predict(call: Call) -> Decoded:
    """One Predict call."""
    request = protos.read("PredictRequest", call.request)
    table = joined.table(_read(request.inputs), call.options)
    if call.response is None:
        return _decoded(call, table, [], request.model_spec, request.model_spec)
    response = protos.read("PredictResponse", call.response)
    return _decoded(call, table, _read(response.outputs), request.model_spec, response.model_spec)


def classify(call: Call) -> Decoded:
    """One Classify call: the class with the highest score is the prediction."""
    request = protos.read("ExamplesRequest", call.request)
    table = _examples(request.input, call)
    if call.response is None:
        return _decoded(call, table, [], request.model_spec, request.model_spec)
    response = protos.read("ClassificationResponse", call.response)
    rows = [row.classes for row in response.result.classifications]
    if not all(rows):
        raise Refused(Reason.ROW_MISMATCH)
    best = [max(classes, key=lambda one: one.score) for classes in rows]
    outputs = [
        (f"{UNNAMED}.class", Block([one.label for one in best], (len(best),))),
        (f"{UNNAMED}.confidence", Block(np.array([one.score for one in best]), (len(best),))),
    ]
    return _decoded(call, table, outputs, request.model_spec, response.model_spec)


def regress(call: Call) -> Decoded:
    """One Regress call."""
    request = protos.read("ExamplesRequest", call.request)
    table = _examples(request.input, call)
    if call.response is None:
        return _decoded(call, table, [], request.model_spec, request.model_spec)
    response = protos.read("RegressionResponse", call.response)
    values = np.array([one.value for one in response.result.regressions])
    return _decoded(call, table, [(UNNAMED, Block(values, values.shape))], request.model_spec, response.model_spec)


def _decoded(call: Call, table: Table, outputs: Sequence[tuple[str, Block]], asked: Any, answered: Any) -> Decoded:
    return call.decoded(
        table, outputs, model=asked.name or answered.name, version=_version(answered) or _version(asked)
    )


def _version(spec: Any) -> str:
    return str(spec.version.value) if spec.HasField("version") else spec.version_label


def _read(named: Any) -> list[tuple[str, Block]]:
    """A map's tensors, by name: protobuf keeps no order."""
    return [(name, _tensor(named[name])) for name in sorted(named)]


def _tensor(tensor: Any) -> Block:
    shape = tensors.checked_shape([dim.size for dim in tensor.tensor_shape.dim])
    if tensor.dtype == _STRING:
        return tensors.shaped([tensors.text_or_bytes(value) for value in tensor.string_val], shape)
    if tensor.dtype not in _DTYPES:
        raise Refused(Reason.BAD_TENSOR)
    datatype, field = _DTYPES[tensor.dtype]
    if tensor.tensor_content:
        return tensors.from_raw(datatype, shape, tensor.tensor_content)
    values = _filled(_typed(datatype, getattr(tensor, field)), prod(shape))
    return tensors.shaped(precision.decimals(values) if values.dtype.kind == "f" else values, shape)


def _typed(datatype: str, values: Any) -> np.ndarray[Any, Any]:
    """Typed values; halves come as the bits of 16-bit floats in integers."""
    if datatype not in ("FP16", "BF16"):
        return np.fromiter(values, dtype=_VALUE_TYPES.get(datatype, np.dtype(np.int64)), count=len(values))
    bits = np.array(values, dtype=np.int64)
    if bits.size and (bits.min() < 0 or bits.max() > np.iinfo(np.uint16).max):
        raise Refused(Reason.BAD_TENSOR)
    flat = tensors.from_raw(datatype, bits.shape, bits.astype("<u2").tobytes()).flat
    return np.asarray(flat)


def _filled(values: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    if len(values) == size or len(values) == 0:
        return values
    if len(values) > size or size > MAX_FILLED_VALUES:
        raise Refused(Reason.BAD_TENSOR)
    return np.concatenate((values, np.repeat(values[-1:], size - len(values))))


def _examples(given: Any, call: Call) -> Table:
    """tf.Example rows as columns; a context's features hold for every row."""
    listed = given.example_list if given.example_list.examples else given.example_list_with_context
    context = _features(given.example_list_with_context.context)
    check_rows(len(listed.examples), call.options)
    rows = [{**context, **_features(example)} for example in listed.examples]
    names = dict.fromkeys(name for row in rows for name in sorted(row))
    return from_columns({name: [row.get(name) for row in rows] for name in names}, call.options)


def _features(example: Any) -> dict[str, Any]:
    return {name: _cell(feature) for name, feature in example.features.feature.items()}


def _cell(feature: Any) -> Any:
    """A feature's one value, its list of several, or None for none."""
    values: list[Any] = [
        *map(tensors.text_or_bytes, feature.bytes_list.value),
        *feature.float_list.value,
        *feature.int64_list.value,
    ]
    return values if len(values) > 1 else next(iter(values), None)
