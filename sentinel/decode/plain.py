"""JSON of no particular protocol (FastAPI, BentoML, LitServe, Ray Serve, TorchServe): rows by pointer or by shape.

With pointers (RFC 6901) the operator says where rows and predictions are. Without, only obvious shapes are read:

    [row, …]  {"inputs": [row, …]}                rows under a key that means rows
    {"age": 41, "income": 5}                      one row
    {"age": [41, 37], "income": [5, 6]}           columns

One list of numbers is several rows if the answer has as many values, else one row.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sentinel.decode import jsontext, outputs, pointer, sse
from sentinel.decode.call import Call
from sentinel.decode.options import DecodeOptions
from sentinel.decode.predictions import is_distribution
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Decoded
from sentinel.decode.tables import Table, from_columns, from_records, from_rows, from_split
from sentinel.decode.values import Block, column

UNNAMED = "input"

ROW_KEYS = (
    "instances",
    "inputs",
    "Inputs",
    "input",
    "rows",
    "records",
    "data",
    "features",
    "items",
    "x",
    "X",
    "dataframe_records",
    "dataframe_split",
    "input_data",
)
PREDICTION_KEYS = ("predictions", "prediction", "outputs", "output", "results", "Results", "result", "data")


def decode(call: Call) -> Decoded:
    """One call with a JSON body and, where seen, a JSON answer."""
    options = call.options
    request = jsontext.parse(call.request)
    response = None if call.response is None else _said(call.response, call.exchange.response.headers)
    values = pointer.resolve(request, options.rows_pointer) if options.rows_pointer else _rows_of(request)
    answer = answer_of(response, options)
    table = _table(values, answer, options)
    said = response if isinstance(response, dict) else {}
    return call.decoded(
        table,
        () if call.response is None else read_answer(answer, table.rows, options),
        model=said.get("model_name") or said.get("modelDisplayName"),
        version=said.get("model_version") or said.get("modelVersionId"),
        request_id=(request.get("request_id") or request.get("id")) if isinstance(request, dict) else "",
    )


def _said(body: bytes, headers: Mapping[str, str]) -> Any:
    """The JSON of an answer; of a stream the last event, which holds the result where others hold pieces of it.

    A plain text is a value of its own; JSON that was written as a string within JSON is read (Azure ML's scripts).
    """
    if sse.is_stream(headers, body):
        return sse.read(body).events[-1]
    if headers.get("content-type", "").lower().startswith("text/plain") and body[:1] not in (b"{", b"["):
        return outputs.bare(body)
    said = jsontext.parse(body)
    return jsontext.parse(said.encode()) if isinstance(said, str) and said[:1] in ("{", "[") else said


def _rows_of(request: Any) -> Any:
    """What stands under the first key that means rows, or under the only key if it is a batch; else the whole body."""
    if not isinstance(request, dict):
        return request
    named = next((request[key] for key in ROW_KEYS if type(request.get(key)) in (list, dict)), request)
    return _only_batch(request) or _only_batch(named) or named


def _only_batch(values: Any) -> list[Any] | None:
    """The batch that is all there is in an object."""
    only = next(iter(values.values())) if isinstance(values, dict) and len(values) == 1 else None
    return only if isinstance(only, list) and not _is_flat(only) else None


def answer_of(response: Any, options: DecodeOptions) -> Any:
    """The part of an answer that holds predictions. Refused: error_response, pointer_missed, too_many_columns."""
    if options.predictions_pointer and response is not None:
        return pointer.resolve(response, options.predictions_pointer)
    if isinstance(response, dict):
        if len(response) > options.max_columns:
            raise Refused(Reason.TOO_MANY_COLUMNS)
        if response.keys() == {"error"} or response.keys() == {"detail"}:
            raise Refused(Reason.ERROR_RESPONSE)
        only = [key for key in PREDICTION_KEYS if key in response]
        others = {key.lower() for key in response.keys() - set(only)} - outputs.NO_OUTPUTS
        if len(only) == 1 and not others:
            return response[only[0]]
    return response


def _table(values: Any, answer: Any, options: DecodeOptions) -> Table:
    if isinstance(values, list) and values:
        one_row = _is_flat(values) and not _one_value_per_item(values, answer)
        return from_rows([values] if one_row else values, UNNAMED, options)
    if isinstance(values, dict) and values:
        return _from_object(values, options)
    raise Refused(Reason.NO_ROWS)


def _is_flat(values: list[Any]) -> bool:
    return not any(type(item) in (list, dict) for item in values)


def _one_value_per_item(values: list[Any], answer: Any) -> bool:
    """Whether the answer has one value for each of several bare values: then they are rows."""
    found = _lists_in(answer)
    if len(values) == 1 or not found:
        return len(values) == 1
    return all(len(given) == len(values) and not (_is_flat(given) and _is_distribution(given)) for given in found)


def _lists_in(answer: Any) -> list[list[Any]]:
    if isinstance(answer, list):
        return [answer]
    if not isinstance(answer, dict):
        return []
    named = [value for name, value in answer.items() if name.lower() not in outputs.NO_OUTPUTS]
    return [value for value in named if type(value) is list] if all(type(value) is list for value in named) else []


def _is_distribution(values: list[Any]) -> bool:
    scores = column(values)
    return isinstance(scores, np.ndarray) and is_distribution(scores[None])


def _from_object(values: Mapping[str, Any], options: DecodeOptions) -> Table:
    """Columns if all its values are equally long lists, else one row."""
    lengths = {len(value) if type(value) is list else -1 for value in values.values()}
    if values.keys() >= {"columns", "data"}:
        return from_split(values, options)
    if lengths == {-1} or len(lengths) > 1 or len(values) == 1:
        return from_records([values], options)
    return from_columns(values, options)


def read_answer(answer: Any, rows: int, options: DecodeOptions) -> list[tuple[str, Block]]:
    """Outputs of an answer, whatever of the obvious shapes it has."""
    if isinstance(answer, dict):
        return outputs.from_object(answer, rows, options)
    if not isinstance(answer, list):
        return outputs.scalar(answer)
    one_row_of_scores = rows == 1 and len(answer) > 1 and (_is_flat(answer) or outputs.is_ranking(answer))
    return outputs.from_rows([answer] if one_row_of_scores else answer, options)
