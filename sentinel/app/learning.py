"""References from live traffic: learned from kept rows where there was none, or grown by windows that were normal.

Both give a new reference and change nothing: it takes effect when an operator names it in `reference.path`.
"""

from dataclasses import dataclass, replace
from random import Random

from sentinel.judge.verdict import State
from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from sentinel.store import SqlStore
from sentinel.store.contract import Selection
from sentinel.store.history import judged_windows
from sentinel.windows.closed import MANY, NOTHING, ClosedWindow
from sentinel.windows.growing import grown
from sentinel.windows.kept import thinned
from sentinel.windows.window import WindowKey

HOUR = 3600.0
_SEED = 20_261_122
"""Fixes which rows are taken: the same rows give the same reference."""
MOST_ROWS = 1_000_000
ABNORMAL = (State.BREACH, State.BLIND)


class NothingToLearn(Exception):
    """There are no rows or windows to take; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A new reference. windows: taken; left_out: those in breach or blind."""

    reference: FrozenReference
    windows: int
    since: float
    until: float
    left_out: int = 0


def learn(store: SqlStore, chosen: Selection, hours: float, *, name: str, version: str) -> Learned:
    """A reference from the rows kept in the first `hours` of the chosen range. Raises NothingToLearn."""
    first = next(iter(store.kept_rows(chosen)), None)
    if first is None:
        raise NothingToLearn(
            "no rows were kept in this range: set capture.keep_rows, let traffic pass, and learn from it then"
        )
    until = min(chosen.until, first.start + hours * HOUR)
    samples = list(store.kept_rows(replace(chosen, until=until)))
    models = sorted({sample.key.model for sample in samples})
    if len(models) > 1:
        raise NothingToLearn(f"rows of {', '.join(models)} were kept: name one with --model")
    rows = thinned(samples, MOST_ROWS, Random(_SEED))
    names = dict.fromkeys(column for row in rows for column in row)
    columns = {column: [row.get(column) for row in rows] for column in names}
    predictions = {column for sample in samples for column in sample.predictions}
    built = build(
        columns,
        name=name or models[0],
        version=version,
        predictions=[column for column in names if column in predictions],
    )
    return Learned(built, len(samples), first.start, samples[-1].end)


def accept(store: SqlStore, chosen: Selection, reference: FrozenReference, *, abnormal: bool) -> Learned:
    """The reference grown by the chosen windows; those in breach or blind only if `abnormal`. Raises NothingToLearn."""
    bad = set() if abnormal else _bad_starts(store, chosen)
    taken, count, left_out = NOTHING, 0, 0
    for window, _verdict in judged_windows(store.database, chosen):
        if window.key.replica == MANY or window.reference_id != reference.fingerprint or not window.rows:
            continue
        if window.start in bad:
            left_out += 1
            continue
        taken |= _anyones(window)
        count += 1
    if not count:
        why = f": {left_out} windows were in breach or blind" if left_out else ""
        raise NothingToLearn(f"no window in this range was counted against {reference.name} {reference.version}{why}")
    return Learned(grown(reference, taken), count, taken.start, taken.end, left_out)


def _bad_starts(store: SqlStore, chosen: Selection) -> set[float]:
    found = judged_windows(store.database, chosen)
    return {window.start for window, verdict in found if verdict is not None and verdict.state in ABNORMAL}


def _anyones(window: ClosedWindow) -> ClosedWindow:
    """The window under a common key: rows of every version and replica are rows."""
    return replace(window, key=WindowKey(window.key.model, "", ""))
