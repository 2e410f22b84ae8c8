"""Seldon Core's own protocol (V0): `data` with `names` and `ndarray` or `tensor`, in request and answer alike."""

from collections.abc import Mapping
from typing import Any

from sentinel.decode import jsontext, outputs, plain
from sentinel.decode.call import Call
from sentinel.decode.loosely import mapping
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Decoded
from sentinel.decode.tables import Table, check_rows, from_split
from sentinel.decode.tensors import shaped
from sentinel.decode.values import Block, block, column, split


def decode(call: Call) -> Decoded:
    """One predictions call; bodies without `data` (`jsonData`, say) are read as plain JSON."""
    request = mapping(jsontext.parse(call.request))
    if "data" not in request:
        return plain.decode(call)
    table = _table(mapping(request["data"]), call)
    if call.response is None:
        return call.decoded(table)
    response = mapping(jsontext.parse(call.response))
    return call.decoded(
        table,
        [(outputs.UNNAMED, _values(mapping(response.get("data"))))],
        request_id=mapping(response.get("meta")).get("puid"),
    )


def _table(data: Mapping[str, Any], call: Call) -> Table:
    """Named columns, of one type each where rows are listed; else numbered ones."""
    names = data.get("names")
    if names and "ndarray" in data:
        return from_split({"columns": names, "data": data["ndarray"]}, call.options)
    values = _values(data)
    titles = tuple(map(str, names)) if isinstance(names, list) else call.options.columns
    check_rows(values.rows, call.options)
    return Table(values.rows, split("input", values, titles, call.options.max_columns))


def _values(data: Mapping[str, Any]) -> Block:
    """Refused: no_rows, bad_tensor."""
    listed, tensor = data.get("ndarray"), mapping(data.get("tensor"))
    if isinstance(listed, list) and listed:
        return block(listed)
    shape, values = tensor.get("shape"), tensor.get("values")
    if not isinstance(shape, list) or not isinstance(values, list) or not values:
        raise Refused(Reason.NO_ROWS)
    if not all(type(size) is int for size in shape):
        raise Refused(Reason.BAD_TENSOR)
    return shaped(column(values), shape)
