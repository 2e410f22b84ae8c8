"""Named tensors of a request become one table: several tensors of one batch side by side."""

from collections.abc import Sequence

from sentinel.decode.options import DecodeOptions
from sentinel.decode.reasons import Reason, Refused
from sentinel.decode.rows import Column
from sentinel.decode.tables import Table, check_rows
from sentinel.decode.values import Block, split


def table(tensors: Sequence[tuple[str, Block]], options: DecodeOptions) -> Table:
    """All tensors share their first axis, the batch. Refused: no_rows, row_mismatch, too_many_columns …

    A single tensor takes the configured column names where their number fits its second axis; a single vector of
    exactly that many values is one row.
    """
    if not tensors:
        raise Refused(Reason.NO_ROWS)
    if len(tensors) > options.max_columns:
        raise Refused(Reason.TOO_MANY_COLUMNS)
    names: Sequence[str] = ()
    if len(tensors) == 1:
        names = options.columns
        name, single = tensors[0]
        if len(single.shape) == 1 and single.shape[0] == len(names) > 1:
            tensors = ((name, Block(single.flat, (1, *single.shape))),)
    rows = tensors[0][1].rows
    check_rows(rows, options)
    columns: dict[str, Column] = {}
    for name, tensor in tensors:
        if tensor.rows != rows:
            raise Refused(Reason.ROW_MISMATCH)
        columns.update(split(name, tensor, names, options.max_columns))
        if len(columns) > options.max_columns:
            raise Refused(Reason.TOO_MANY_COLUMNS)
    return Table(rows, columns, numbers=all(tensor.few for _, tensor in tensors))
