"""KServe and TensorFlow Serving V1 REST: `instances` (rows), `inputs` (columns); classify and regress."""

from typing import Any

from sentinel.decode import jsontext, outputs
from sentinel.decode.call import Call
from sentinel.decode.options import DecodeOptions
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Decoded
from sentinel.decode.tables import Table, from_columns, from_rows
from sentinel.decode.values import Block, column

UNNAMED = "input"
"""Name of the column, or the stem of the columns, of rows that have no names."""


def decode(call: Call) -> Decoded:
    """One predict, classify or regress call."""
    request = jsontext.parse(call.request)
    if not isinstance(request, dict):
        raise Refused(Reason.BAD_JSON)
    table = read_request(request, call.options)
    if call.response is None:
        return call.decoded(table, request_id=request.get("id"))
    response = jsontext.parse(call.response)
    return call.decoded(
        table,
        read_response(response, table.rows, call.options),
        model=response.get("model_name"),
        version=response.get("model_version"),
        request_id=request.get("id"),
    )


def read_request(request: dict[str, Any], options: DecodeOptions) -> Table:
    """`instances` or `examples` by row, `inputs` by column."""
    for key in ("instances", "examples"):
        if key in request:
            return from_rows(request[key], UNNAMED, options)
    columns = request.get("inputs")
    return from_columns(columns, options) if isinstance(columns, dict) else from_rows(columns, UNNAMED, options)


def read_response(response: Any, rows: int, options: DecodeOptions) -> list[tuple[str, Block]]:
    """`predictions` by row, `outputs` by column, `results` of classify (label and score pairs) and regress.

    Refused: error_response (an error with status 200), bad_json.
    """
    if not isinstance(response, dict):
        raise Refused(Reason.BAD_JSON)
    for key in ("predictions", "outputs", "results", "result"):
        value = response.get(key)
        if isinstance(value, dict):
            return outputs.from_object(value, rows, options)
        if isinstance(value, list):
            return _classified(value, options) if key.startswith("result") else outputs.from_rows(value, options)
    raise Refused(Reason.ERROR_RESPONSE if "error" in response else Reason.BAD_JSON)


def _classified(results: list[Any], options: DecodeOptions) -> list[tuple[str, Block]]:
    """Classify gives each row a list of [label, score], of which the best is the prediction; regress gives a number."""
    if not all(type(row) is list and row and all(map(_is_label_and_score, row)) for row in results):
        return outputs.from_rows(results, options)
    best = [max(row, key=lambda pair: pair[1]) for row in results]
    shape = (len(best),)
    return [
        (f"{outputs.UNNAMED}.class", Block([str(label) for label, _ in best], shape)),
        (f"{outputs.UNNAMED}.confidence", Block(column([score for _, score in best]), shape)),
    ]


def _is_label_and_score(pair: Any) -> bool:
    return type(pair) is list and len(pair) == 2 and type(pair[1]) in (int, float)
