"""Two sides asked the same, for `sentinel compare`: two endpoints, or two tables of predictions."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from sentinel.decode import Decoded, DecodeOptions, decode
from sentinel.decode.rows import Column
from sentinel.rollback.egress import Egress, EgressError
from sentinel.shadow.account import CANDIDATE, REFERENCE, Account
from sentinel.shadow.answers import Scale, compare
from sentinel.shadow.asking import answered, call_of
from sentinel.shadow.line import Line, http_session
from sentinel.traffic import Exchange, Message

Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Asking:
    """How two endpoints are asked. headers: sent to both. outputs: those to compare; all, where none are named."""

    options: DecodeOptions
    egress: Egress
    timeout_seconds: float = 5.0
    concurrency: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What one endpoint said: predictions and the seconds they took; or why there are none, in a word and in words."""

    predictions: Columns = field(default_factory=dict)
    seconds: float = 0.0
    why: str = ""
    detail: str = ""


Pair = tuple[Said, Said]
"""What the reference and the candidate said."""


async def ask_both(
    urls: tuple[str, str], bodies: Iterable[bytes], asking: Asking, progress: Callable[[], None]
) -> list[Pair]:
    """Send every body to both, `concurrency` bodies at a time. progress: called after each."""
    waiting = enumerate(bodies)
    pairs: list[Pair] = []

    async def work() -> None:
        lines = [Line(partial(http_session, asking.egress, url), asking.timeout_seconds) for url in urls]
        try:
            for number, body in waiting:  # shared by all workers: each takes the next
                pairs.append(await _both(lines, urls, body, asking, first=number % 2))
                progress()
        finally:
            for line in lines:
                await line.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(asking.concurrency):
            group.create_task(work())
    return pairs


def account_of(pairs: Sequence[Pair], tolerance_sd: float, *, each_row: bool) -> Account:
    """What pairs add up to, by the spread of all the reference's values. Requests it did not answer are left out.

    each_row: rows of one body have no more in common than rows of two, so each counts for itself.
    """
    account, told = Account(), [(mine, theirs) for mine, theirs in pairs if not mine.why]
    scale = _scale([mine.predictions for mine, _ in told])
    for mine, theirs in told:
        if theirs.why:
            account.miss(theirs.why, _rows(mine.predictions) if each_row else 1)
            continue
        account.add(compare(mine.predictions, theirs.predictions, scale, tolerance_sd), each_row=each_row)
        account.time(REFERENCE, mine.seconds)
        account.time(CANDIDATE, theirs.seconds)
    return account


def account_of_tables(reference: Columns, candidate: Columns, tolerance_sd: float, key: str = "") -> Account:
    """Two tables of predictions for the same rows: in the same order, or joined on the column `key`.

    Rows that only the reference has count as unanswered. Raises ValueError for tables that cannot be joined.
    """
    account = Account()
    mine, theirs = (reference, candidate) if not key else _joined(reference, candidate, key)
    if _rows(mine) != _rows(theirs):
        raise ValueError(f"one has {_rows(mine):,} rows and the other {_rows(theirs):,}; name a key to join them on")
    account.add(compare(mine, theirs, _scale([reference]), tolerance_sd), each_row=True)
    if missing := _rows(reference) - _rows(mine):
        account.miss("no_answer", missing)
    return account


def _joined(reference: Columns, candidate: Columns, key: str) -> tuple[Columns, Columns]:
    """The rows that both have, in the order of the reference, without the key."""
    for name, table in (("first", reference), ("second", candidate)):
        if key not in table:
            raise ValueError(f"the {name} table has no column {key!r}")
        if len(set(table[key])) != len(table[key]):
            raise ValueError(f"the {name} table has a {key} twice; a key names one row")
    places = {value: place for place, value in enumerate(candidate[key])}
    mine = [place for place, value in enumerate(reference[key]) if value in places]
    theirs = [places[value] for value in reference[key] if value in places]
    return _taken(reference, mine, key), _taken(candidate, theirs, key)


def _taken(table: Columns, places: list[int], without: str) -> Columns:
    return {
        name: column[places] if isinstance(column, np.ndarray) else [column[place] for place in places]
        for name, column in table.items()
        if name != without
    }


def _scale(answers: Sequence[Columns]) -> Scale:
    """The spread of the reference's values over all its answers."""
    scale = Scale(sum(_rows(columns) for columns in answers))
    for columns in answers:
        scale.learn(columns)
    return scale


def _rows(columns: Columns) -> int:
    return max((len(column) for column in columns.values()), default=0)


async def _both(lines: Sequence[Line], urls: tuple[str, str], body: bytes, asking: Asking, first: int) -> Pair:
    """One body to both sides, beginning with side `first`: neither always finds caches that the other warmed."""
    said: dict[int, Said] = {}
    for side in (first, 1 - first):
        said[side] = await _ask(lines[side], urls[side], body, asking)
    return said[0], said[1]


async def _ask(line: Line, url: str, body: bytes, asking: Asking) -> Said:
    headers = {"content-type": "application/json", **asking.headers}
    question = Exchange("http/1.1", "POST", "/", 0, Message(headers, body), Message(), time.time(), 0.0, 0.0)
    try:
        timed = await line.send(call_of(question, url, tuple(headers), {}))
    except TimeoutError:
        return Said(why="no_answer", detail=f"no answer within {asking.timeout_seconds:g} s")
    except EgressError as error:
        return Said(why="no_answer", detail=error.detail)
    if not 200 <= timed.reply.status < 300:
        return Said(why="error", detail=f"HTTP {timed.reply.status}")
    decoded = decode(answered(question, timed, url), asking.options)
    if not isinstance(decoded, Decoded):
        return Said(why="undecodable", detail=f"an answer that cannot be read: {decoded.reason}")
    kept = {name: column for name, column in decoded.predictions.items() if name in (asking.outputs or (name,))}
    return Said(kept, timed.seconds)
