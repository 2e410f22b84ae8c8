"""Samples of rows, for those who asked for them: packed by column, bounded in size, deleted by their age.

Body: zlib of msgpack [predictions, names, one list of values per name].
"""

import zlib
from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, insert, select

from sentinel.store.contract import Selection
from sentinel.store.engine import Database
from sentinel.store.errors import StoreCorrupt
from sentinel.store.schema import kept_rows
from sentinel.windows.kept import KeptRows
from sentinel.windows.window import WindowKey

MOST_BYTES = 4 << 20
"""Of one window's rows, unpacked; of a larger sample half the rows are left out until it fits."""
_PAGE = 100

_Content = tuple[list[str], list[str], list[list[float | int | str | None]]]


def add(connection: Connection, sample: KeptRows) -> None:
    """Write a sample within the caller's transaction."""
    key = sample.key
    body, kept = _pack(sample)
    named = {"model": key.model, "version": key.version, "replica": key.replica}
    values = {"started_at": sample.start, "ended_at": sample.end, "seen": sample.seen, "kept": kept, "body": body}
    connection.execute(insert(kept_rows).values(**named, **values))


def read(database: Database, chosen: Selection) -> Iterator[KeptRows]:
    """The chosen samples, oldest first. Raises StoreCorrupt at one that cannot be read."""
    named = [kept_rows.c[n] == value for n in ("model", "version", "replica") if (value := getattr(chosen, n))]
    query = select(kept_rows).where(kept_rows.c.started_at >= chosen.since, kept_rows.c.started_at < chosen.until)
    query = query.where(*named).order_by(kept_rows.c.id).limit(_PAGE)
    last = 0
    while True:
        with database.read() as connection:
            page = connection.execute(query.where(kept_rows.c.id > last)).mappings().all()
        for row in page:
            yield KeptRows(
                WindowKey(row["model"], row["version"], row["replica"]),
                row["started_at"],
                row["ended_at"],
                row["seen"],
                *_unpack(row["id"], row["body"]),
            )
        if len(page) < _PAGE:
            return
        last = page[-1]["id"]


def _pack(sample: KeptRows) -> tuple[bytes, int]:
    """Packed rows and how many. Any part of a uniform sample is one too."""
    kept = len(sample.rows)
    while True:
        rows = sample.rows[:kept]
        names = list(dict.fromkeys(name for row in rows for name in row))
        content: _Content = (list(sample.predictions), names, [[row.get(name) for row in rows] for name in names])
        packed = msgspec.msgpack.encode(content)
        if len(packed) <= MOST_BYTES or not kept:
            return zlib.compress(packed), kept
        kept //= 2


def _unpack(number: int, body: bytes) -> tuple[tuple[dict[str, float | int | str | None], ...], tuple[str, ...]]:
    try:
        predictions, names, columns = msgspec.msgpack.decode(zlib.decompress(body), type=_Content)
        rows = tuple(dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
    except (zlib.error, msgspec.MsgspecError, ValueError) as error:
        raise StoreCorrupt(f"kept rows {number} of the store cannot be read: {error}") from error
    return rows, tuple(predictions)
