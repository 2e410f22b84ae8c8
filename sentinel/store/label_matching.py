"""Labels and predictions find each other, inside a transaction of `sentinel.store.labels`.

A label names a call by an id: that of the body first, then an alias (x-request-id), then a trace. Where the first of
these that fits names several predictions of the row, the label is ambiguous and is never guessed. A label that names
no model may be about any.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from sentinel.labels.values import Label, Outcome, Span
from sentinel.store.once import put
from sentinel.store.schema import labels, predictions

Counts = Counter[tuple[str, Outcome]]
Version = tuple[str, str]
Place = tuple[str, str, int]
"""(model, request id, row)."""
Row = Mapping[str, Any]
Missed = Callable[[str | None, float | None, str], bool | None]
"""Whether a prediction (class, or number) missed a truth; None where the truth says nothing of it."""

_WAYS = ("request_id", "alias", "trace")
"""Columns of `predictions` that a label's id may name, the best first."""
_KEY = ("model", "request_id", "row_index")


def wait(connection: Connection, given: Sequence[Label], now: float) -> Counts:
    """Put labels among those that wait. Some repeat or correct one that waits already; those are counted here.

    Nobody else may do so at the same time: the caller holds the lock.
    """
    counts: Counts = Counter()
    known = _waiting(connection, given)
    new: dict[Place, Row] = {}
    for label in given:
        place = (label.model, label.request_id, label.row)
        row = _label_row(label, now)
        before = new.get(place) or known.get(place)
        if before is None:
            new[place] = row
            continue
        outcome = _against(before["label"], before["truth_at"], label.truth, label.truth_at)
        counts[label.model, outcome] += 1
        if outcome == "corrected" and place in new:
            new[place] = row
        elif outcome == "corrected":
            known[place] = row
            put(connection, labels, row)
    if new:
        connection.execute(insert(labels), [dict(row) for row in new.values()])
    return counts


def _waiting(connection: Connection, given: Iterable[Label]) -> dict[Place, Row]:
    query = select(labels).where(labels.c.request_id.in_({label.request_id for label in given}))
    return {_place(row): row for row in map(dict, connection.execute(query).mappings())}


def _label_row(label: Label, now: float) -> Row:
    return {
        "model": label.model,
        "request_id": label.request_id,
        "row_index": label.row,
        "at": now,
        "label": label.truth,
        "truth_at": label.truth_at,
    }


def _against(known: str, known_at: float | None, truth: str, truth_at: float | None) -> Outcome:
    """What a truth is to the one that is known: ties go to the later arrival."""
    if truth == known:
        return "duplicate"
    older = truth_at is not None and known_at is not None and truth_at < known_at
    return "outdated" if older else "corrected"


class Joining:
    """What the labels of one transaction led to.

    counts: by (model, outcome). spans: windows with a new truth. first: (model, version) -> first truths, of which
    missed by the prediction.
    """

    def __init__(self, missed: Missed) -> None:
        self.counts: Counts = Counter()
        self.spans: set[Span] = set()
        self.first: defaultdict[Version, Counter[str]] = defaultdict(Counter)
        self._missed = missed
        self._truths: dict[Place, Row] = {}

    def join(self, connection: Connection, limit: int) -> bool:
        """Give predictions the truths of up to `limit` labels that wait, which then wait no longer.

        Whether these were all that have a prediction.
        """
        matches, all_of_them = _matches(connection, limit)
        for found in matches:
            self._take(found)
            connection.execute(delete(labels).where(*_is(labels, _place(found[0], "label_"))))
        for place, truth in self._truths.items():
            connection.execute(update(predictions).where(*_is(predictions, place)).values(**truth))
        return all_of_them

    def expire(self, connection: Connection, before: float, most: int) -> None:
        """Give up labels that came before `before`, and the oldest beyond `most`."""
        beyond = connection.execute(select(labels.c.at).order_by(labels.c.at.desc()).offset(most).limit(1)).scalar()
        until = before if beyond is None else max(before, beyond)
        gone = connection.execute(delete(labels).where(labels.c.at <= until).returning(labels.c.model)).scalars()
        self.counts.update((model, "orphan") for model in gone)

    def _take(self, found: Sequence[Row]) -> None:
        match: Row = {**found[0], **self._truths.get(_place(found[0]), {})}
        outcome: Outcome = "ambiguous" if len(found) > 1 else _outcome(match)
        self.counts[match["label_model"], outcome] += 1
        if outcome in ("joined", "late", "corrected"):
            self._learn(match, first=outcome != "corrected")

    def _learn(self, match: Row, *, first: bool) -> None:
        missed = self._missed(match["predicted"], match["value"], match["label"])
        self._truths[_place(match)] = {
            "truth": match["label"],
            "truth_at": match["label_truth_at"],
            "labelled_at": match["label_at"],
            "wrong": None if missed is None else int(missed),
        }
        self.spans.add(Span(match["model"], match["version"], match["started_at"], match["ended_at"]))
        if first and missed is not None:
            self.first[match["model"], match["version"]].update(labelled=1, wrong=int(missed))


def _outcome(match: Row) -> Outcome:
    if match["truth"] is not None:
        return _against(match["truth"], match["truth_at"], match["label"], match["label_truth_at"])
    return "late" if match["label_at"] >= match["ended_at"] else "joined"


def _place(row: Row, prefix: str = "") -> Place:
    return row[f"{prefix}model"], row[f"{prefix}request_id"], row[f"{prefix}row_index"]


def _is(table: Table, place: Place) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in zip(_KEY, place, strict=True)]


def _matches(connection: Connection, limit: int) -> tuple[list[list[Row]], bool]:
    """Labels that wait, oldest first, each with the predictions that it names best; and whether these are all."""
    every = union_all(*(_way(place, name) for place, name in enumerate(_WAYS))).subquery()
    order = (every.c.label_at, every.c.label_request_id, every.c.label_row_index, every.c.label_model, every.c.way)
    rows = [dict(row) for row in connection.execute(select(every).order_by(*order).limit(limit)).mappings()]
    found: dict[Place, list[Row]] = {}
    for row in rows:
        of_label = found.setdefault(_place(row, "label_"), [])
        if not of_label or of_label[0]["way"] == row["way"]:
            of_label.append(row)
    matches = list(found.values())
    if len(rows) < limit:
        return matches, True
    return matches[: max(1, len(matches) - 1)], False  # the limit may have cut the last one


def _way(place: int, name: str) -> Select[Any]:
    """Labels with the predictions whose column `name` is their id."""
    own = [labels.c[key].label(f"label_{key}") for key in _KEY]
    said = [labels.c.at.label("label_at"), labels.c.label, labels.c.truth_at.label("label_truth_at")]
    columns = ("version", "started_at", "ended_at", "predicted", "value", "truth", "truth_at", *_KEY)
    chosen = select(literal(place).label("way"), *own, *said, *(predictions.c[column] for column in columns))
    same = and_(
        or_(labels.c.model == predictions.c.model, labels.c.model == ""),
        predictions.c.row_index == labels.c.row_index,
        predictions.c[name] == labels.c.request_id,
    )
    return chosen.join(predictions, same)
