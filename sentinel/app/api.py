"""What the read-only HTTP interface answers from the store."""

import asyncio
from collections.abc import Mapping
from typing import Any

from sentinel.store.contract import StoredWindow
from sentinel.store.writer import Writer

MOST_WINDOWS = 1000


async def list_windows(writer: Writer, query: Mapping[str, str]) -> dict[str, Any]:
    """Windows for GET /v1/windows, oldest first. Raises ValueError for a parameter that cannot be read."""
    since, until = _number(query, "from", 0.0), _number(query, "to", 1e18)
    limit = int(_number(query, "limit", 100))
    if not 1 <= limit <= MOST_WINDOWS:
        raise ValueError(f"limit must be from 1 to {MOST_WINDOWS}")
    names = {name: query.get(name, "") for name in ("model", "version", "replica")}
    future = writer.call(lambda store: list(store.windows(**names, since=since, until=until, limit=limit)))
    return {"windows": [_row(stored) for stored in await asyncio.wrap_future(future)]}


def _number(query: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(query.get(name, default))
    except ValueError:
        raise ValueError(f"{name} must be a number (seconds since the epoch for from and to)") from None


def _row(stored: StoredWindow) -> dict[str, Any]:
    window = stored.window
    return {
        "model": window.key.model,
        "version": window.key.version,
        "replica": window.key.replica,
        "start": window.start,
        "end": window.end,
        "rows": window.rows,
        "received": window.traffic.received,
        "analysed": window.traffic.analysed,
        "sampled_out": window.traffic.sampled_out,
        "dropped": dict(window.traffic.dropped),
        "undecodable": dict(window.traffic.undecodable),
        "codes": dict(window.traffic.codes),
        "verdict": stored.state,
        "explanation": stored.explanation,
    }
