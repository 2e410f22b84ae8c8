"""Answers in JSON become named output blocks: lists of values, of scores, of objects; or one object for one row."""

from collections.abc import Mapping, Sequence
from typing import Any

from sentinel.decode.options import DecodeOptions
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.values import Block, block, column, flat_record

UNNAMED = "prediction"
"""Name of an output that has none."""

ROUNDING = 1e-2
"""How far a sum of rounded probabilities may be beyond 1."""

NO_OUTPUTS = frozenset(
    {"id", "request_id", "requestid", "trace_id", "model", "model_name", "modelname", "model_version", "version"}
    | {"deployedmodelid", "modelversionid", "modeldisplayname"}
    | {"created", "created_at", "timestamp", "time", "latency", "latency_ms", "duration", "duration_ms", "elapsed"}
    | {"object", "status", "success", "message"}
)
"""Keys of an answer that say something about the call and nothing about a row."""


def from_rows(values: Sequence[Any], options: DecodeOptions, name: str = UNNAMED) -> list[tuple[str, Block]]:
    """One item per row: a value, a list of scores, an object of outputs, or labels with their scores.

    Other lists of objects, and lists of differing lengths (boxes found in an image, say), are counted: `name.count`.
    """
    if values and all(type(item) is dict for item in values):
        return _from_objects(values, options, "" if name == UNNAMED else f"{name}.")
    if values and all(map(is_ranking, values)):
        return _ranked([max(item, key=lambda one: one["score"]) for item in values], name)
    if any(type(cell) is dict for item in values if type(item) is list for cell in item):
        return _counted(values, name)
    try:
        return [(name, block(values))]
    except Refused as refusal:
        if refusal.reason is not Reason.BAD_TENSOR:
            raise
    return _counted(values, name)


def is_ranking(item: Any) -> bool:
    """Whether an item is a list of {"label": …, "score": number}, as Hugging Face's pipelines answer."""
    return type(item) is list and bool(item) and all(map(_is_ranked, item))


def _is_ranked(one: Any) -> bool:
    return type(one) is dict and type(one.get("label")) is str and type(one.get("score")) in (int, float)


def _ranked(best: Sequence[Mapping[str, Any]], name: str) -> list[tuple[str, Block]]:
    shape = (len(best),)
    return [
        (f"{name}.class", Block([one["label"] for one in best], shape)),
        (f"{name}.confidence", Block(column([one["score"] for one in best]), shape)),
    ]


def _counted(values: Sequence[Any], name: str) -> list[tuple[str, Block]]:
    return [(f"{name}.count", block([len(item) if type(item) is list else 0 for item in values]))]


def _from_objects(items: Sequence[Mapping[str, Any]], options: DecodeOptions, prefix: str) -> list[tuple[str, Block]]:
    """Outputs by key, nested objects by dotted key."""
    flat = [flat_record(item, options.max_columns) for item in items]
    names = dict.fromkeys(key for item in flat for key in item)
    if len(names) > options.max_columns:
        raise Refused(Reason.TOO_MANY_COLUMNS)
    by_name = ((f"{prefix}{name}", [item.get(name) for item in flat]) for name in names)
    return [output for name, values in by_name for output in from_rows(values, options, name)]


def from_object(answer: Mapping[str, Any], rows: int, options: DecodeOptions) -> list[tuple[str, Block]]:
    """An object of named outputs: lists of one item per row, or, for a single row, its values themselves.

    Refused: row_mismatch when none fits the number of rows.
    """
    if len(answer) > options.max_columns:
        raise Refused(Reason.TOO_MANY_COLUMNS)
    named = {name: value for name, value in answer.items() if name.lower() not in NO_OUTPUTS}
    if rows == 1:
        named = {name: value if _is_batch_of_one(value) else [value] for name, value in named.items()}
    fitting = {name: value for name, value in named.items() if type(value) is list and len(value) == rows}
    if not fitting:
        raise Refused(Reason.ROW_MISMATCH)
    return [output for name, value in fitting.items() for output in from_rows(value, options, name)]


def _is_batch_of_one(value: Any) -> bool:
    return type(value) is list and len(value) == 1


def bare(body: bytes) -> Any:
    """A body that is no JSON: the number or the text that it is, None where it is neither."""
    try:
        text = body.decode().strip()
    except UnicodeDecodeError:
        return None
    try:
        return float(text)
    except ValueError:
        return text


def scalar(value: Any) -> list[tuple[str, Block]]:
    """A bare value as the answer to one row."""
    return [(UNNAMED, Block(column([value]), (1,)))]
