"""`/invocations`: MLflow's scoring server and SageMaker's containers share the path, not the bodies.

MLflow: `dataframe_split`, `dataframe_records`, `instances`, `inputs`, CSV with a header. SageMaker: CSV without one,
JSON lines, JSON of the container's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sentinel.decode import delimited, jsontext, outputs, plain, v1
from sentinel.decode.call import Call
from sentinel.decode.options import DecodeOptions
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Decoded
from sentinel.decode.tables import Table, from_columns, from_rows, from_split
from sentinel.decode.values import Block

SAGEMAKER_MODEL = "x-amzn-sagemaker-target-model"
SAGEMAKER_VARIANT = "x-amzn-invoked-production-variant"


def decode(call: Call) -> Decoded:
    """One scoring call."""
    media_type = call.header("content-type").lower()
    answer = None if call.response is None else _answer(call, call.response)
    if media_type.startswith(delimited.CSV_TYPES):
        table = _from_csv(delimited.csv_rows(call.request, call.options), answer, call.options)
    elif media_type.startswith(delimited.JSON_LINES_TYPES):
        table = _from_json_lines(delimited.json_lines(call.request, call.options), call.options)
    else:
        request = jsontext.parse(call.request)
        named = _dataframe(request, call.options) if isinstance(request, dict) else None
        if named is None:
            return plain.decode(call)
        table = named
    return call.decoded(
        table,
        () if answer is None else _outputs(answer, table.rows, call.options),
        model=call.header(SAGEMAKER_MODEL),
        version=call.response_header(SAGEMAKER_VARIANT),
    )


def _dataframe(request: Mapping[str, Any], options: DecodeOptions) -> Table | None:
    """MLflow's forms; None for another."""
    split = request.get("dataframe_split", request if "columns" in request else None)
    if isinstance(split, dict):
        return from_split(split, options)
    if "dataframe_records" in request:
        return from_rows(request["dataframe_records"], v1.UNNAMED, options)
    return v1.read_request(dict(request), options) if request.keys() & {"instances", "inputs"} else None


def _from_csv(rows: list[list[Any]], answer: Any, options: DecodeOptions) -> Table:
    """With a header if its first line can be one and the answer does not have as many rows as there are lines."""
    if (
        len(rows) > 1
        and delimited.looks_like_header(rows[0])
        and not (isinstance(answer, list) and len(answer) == len(rows))
    ):
        names, rows = rows[0], rows[1:]
        return from_columns(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)), options)
    return from_rows(rows, v1.UNNAMED, options)


def _from_json_lines(lines: list[Any], options: DecodeOptions) -> Table:
    """SageMaker wraps rows as {"features": […]}; others are bare."""
    wrapped = bool(lines) and all(isinstance(line, dict) and line.keys() == {"features"} for line in lines)
    return from_rows([line["features"] for line in lines] if wrapped else lines, v1.UNNAMED, options)


def _answer(call: Call, body: bytes) -> Any:
    """The rows of an answer in any of the formats."""
    media_type = call.response_header("content-type").lower()
    if media_type.startswith(delimited.JSON_LINES_TYPES):
        return delimited.json_lines(body, call.options)
    if media_type.startswith(delimited.CSV_TYPES):
        rows = delimited.csv_rows(body, call.options)
        return rows[0] if len(rows) == 1 else [row[0] if len(row) == 1 else row for row in rows]
    return plain.answer_of(jsontext.parse(body), call.options)


def _outputs(answer: Any, rows: int, options: DecodeOptions) -> Sequence[tuple[str, Block]]:
    if isinstance(answer, list) and rows > 1 and len(answer) != rows:
        raise Refused(Reason.ROW_MISMATCH)
    return plain.read_answer(answer, rows, options) if not isinstance(answer, str) else outputs.scalar(answer)
