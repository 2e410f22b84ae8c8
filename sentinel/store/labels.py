"""Predictions that wait for their labels, and labels that wait for their predictions: the contract and its SQL.

Exactly once: every change is one transaction together with the counts of what became of each label, so after a kill
`received = joined + late + duplicate + corrected + outdated + ambiguous + orphan + refused + waiting` holds as before.
Idempotency: a prediction is known by (model, request id, row), and a second one of that name changes nothing; a label
said again is a duplicate. Bounds: `forget` by age and number; a label waits for its prediction no longer than `settle`
is told. Races: labels are only matched in `settle`, against what is committed, so a label and a prediction that come at
the same moment through two processes find each other at the next look.
Errors: as `sentinel.store.contract`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, text

from sentinel.labels.values import Answered, KeptPrediction, Label, Outcome, Report, Span
from sentinel.store.engine import Database
from sentinel.store.label_matching import Counts, Joining, Missed, wait
from sentinel.store.once import add_to, insert_many_once, put
from sentinel.store.schema import (
    label_counts,
    labelled_versions,
    labels,
    predictions,
    quality,
    quality_due,
    settings,
)

AT_ONCE = 500
"""Rows of one statement, far below what either database can take."""
MOST_MATCHED = 2_000
"""Labels joined in one transaction: some tens of milliseconds."""
MOST_WAITING = 100_000
"""Labels that wait; the oldest beyond them are orphans before their time."""
MOST_FORGOTTEN = 5_000
"""Predictions deleted in one transaction."""

_LOCK = 7303  # any number of ours, beside those of the audit, of migrations and of the leader

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Due:
    """A window to be scored (again): since the last time it got predictions or labels."""

    span: Span
    marks: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file was loaded: written with the labels themselves. rows None: to its end, forget it."""

    name: str
    rows: int | None


class LabelStore:
    """See the module. One per database; any threads may share it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A write transaction that no other of these runs beside: two processes must not join the same labels."""
        with self.database.write() as connection:
            if not self.database.is_sqlite:  # where writers come one after the other anyway
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection

    # -- in ------------------------------------------------------------------------------------------------------

    def keep(self, kept: Sequence[KeptPrediction]) -> int:
        """Remember predictions; how many were new."""
        with self.database.write() as connection:
            new = sum(insert_many_once(connection, predictions, map(_row, part)) for part in _parts(kept))
            _mark(connection, {Span(p.model, p.version, p.start, p.end) for p in kept})
        return new

    def put(self, given: Sequence[Label], now: float, *, refused: int = 0, progress: Progress | None = None) -> Counts:
        """Take labels in; `settle` finds their predictions. refused: rows beside them that could not be read.

        What became of them so far, by (model, outcome).
        """
        counts: Counts = Counter((label.model, "received") for label in given)
        if refused:
            counts["", "received"] = counts["", "refused"] = refused
        with self._alone() as connection:
            for part in _parts(given):
                counts.update(wait(connection, part, now))
            _count(connection, counts)
            if progress is not None:
                _note(connection, progress)
        return counts

    # -- matching ------------------------------------------------------------------------------------------------

    def settle(self, now: float, wait_seconds: float, missed: Missed) -> Counts:
        """Join labels that wait with their predictions, and give up those that waited longer than `wait_seconds`.

        What became of them, by (model, outcome). One transaction each time; call again while it gives something.
        """
        joining = Joining(missed)
        with self._alone() as connection:
            if joining.join(connection, MOST_MATCHED):
                joining.expire(connection, now - wait_seconds, MOST_WAITING)
            _mark(connection, joining.spans)
            for (model, version), first in joining.first.items():
                add_to(connection, labelled_versions, {"model": model, "version": version}, first)
            _count(connection, joining.counts)
        return joining.counts

    # -- scoring -------------------------------------------------------------------------------------------------

    def due(self, until: float, limit: int = 100) -> list[Due]:
        """Windows that ended before `until` and have something new to be scored, the newest first."""
        query = select(quality_due).where(quality_due.c.ended_at <= until).order_by(quality_due.c.started_at.desc())
        with self.database.read() as connection:
            found = connection.execute(query.limit(limit)).mappings().all()
        return [Due(Span(r["model"], r["version"], r["started_at"], r["ended_at"]), r["marks"]) for r in found]

    def answered(self, model: str, version: str, since: float, until: float, limit: int = 100_000) -> list[Answered]:
        """Kept predictions of the windows that begin in [since, until), the newest first."""
        columns = (predictions.c.predicted, predictions.c.value, predictions.c.scores, predictions.c.truth)
        query = select(*columns).where(predictions.c.model == model, predictions.c.version == version)
        query = query.where(predictions.c.started_at >= since, predictions.c.started_at < until)
        with self.database.read() as connection:
            found = connection.execute(query.order_by(predictions.c.started_at.desc(), predictions.c.at).limit(limit))
            return [Answered(p, v, msgspec.json.decode(s) if s else {}, t) for p, v, s, t in found]

    def newest(
        self, model: str, version: str, seconds: float, limit: int, *, labelled: bool
    ) -> tuple[Span, list[Answered]]:
        """Up to `limit` predictions of the last `seconds` up to the newest (that has a truth, where `labelled`)."""
        own = [predictions.c.model == model, predictions.c.version == version]
        known = [*own, predictions.c.truth.is_not(None)] if labelled else own
        last = select(predictions.c.started_at, predictions.c.ended_at).where(*known)
        with self.database.read() as connection:
            found = connection.execute(last.order_by(predictions.c.started_at.desc()).limit(1)).first()
        if found is None:
            return Span(model, version, 0.0, 0.0), []
        start = found.ended_at - seconds
        return Span(model, version, start, found.ended_at), self.answered(model, version, start, found.ended_at, limit)

    def score(self, due: Due, reports: Iterable[Report], now: float) -> None:
        """Write what a window's quality is now, in place of what it was. What came meanwhile keeps it due."""
        span = due.span
        with self._alone() as connection:
            connection.execute(delete(quality).where(*_of_span(quality, span)))
            rows = [row for report in reports for row in _quality_rows(report, now)]
            if rows:
                connection.execute(insert(quality), rows)
            connection.execute(
                delete(quality_due).where(*_of_span(quality_due, span), quality_due.c.marks == due.marks)
            )

    # -- out -----------------------------------------------------------------------------------------------------

    def counts(self) -> Counter[tuple[str, str]]:
        """Labels by (model, outcome) since the database was made; "waiting" are those that wait now."""
        waiting = select(labels.c.model, func.count()).group_by(labels.c.model)
        with self.database.read() as connection:
            found = Counter({(m, o): n for m, o, n in connection.execute(select(label_counts))})
            found.update({(m, "waiting"): n for m, n in connection.execute(waiting)})
        return found

    def labelled(self, model: str, version: str) -> tuple[int, int]:
        """(predictions labelled, of which wrong) of a version, by the first truth of each; these only grow."""
        query = select(labelled_versions.c.labelled, labelled_versions.c.wrong).where(
            labelled_versions.c.model == model, labelled_versions.c.version == version
        )
        with self.database.read() as connection:
            found = connection.execute(query).first()
        return (found[0], found[1]) if found else (0, 0)

    def wrong_by_window(self, model: str, version: str, since: float) -> dict[float, tuple[int, int]]:
        """Start of a window -> (labelled, wrong), for windows from `since` on; corrections included."""
        sums = (func.count(predictions.c.truth), func.sum(predictions.c.wrong))
        query = (
            select(predictions.c.started_at, *sums)
            .where(predictions.c.model == model, predictions.c.version == version)
            .where(predictions.c.started_at >= since, predictions.c.wrong.is_not(None))
            .group_by(predictions.c.started_at)
        )
        with self.database.read() as connection:
            return {start: (labelled, int(wrong)) for start, labelled, wrong in connection.execute(query)}

    def qualities(self, model: str = "", since: float = 0.0, limit: int = 1000) -> list[dict[str, object]]:
        """Rows of the table `quality`, the newest window first."""
        query = select(quality).where(quality.c.started_at >= since)
        if model:
            query = query.where(quality.c.model == model)
        order = (quality.c.started_at.desc(), quality.c.version, quality.c.kind, quality.c.metric, quality.c["class"])
        with self.database.read() as connection:
            return [dict(row) for row in connection.execute(query.order_by(*order).limit(limit)).mappings()]

    def progress(self, name: str) -> int:
        """Rows of a file that were loaded before; 0 for one that is new or was finished."""
        with self.database.read() as connection:
            found = connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar()
        return int(found or 0)

    # -- forgetting ----------------------------------------------------------------------------------------------

    def forget(self, before: float, most: int, scores_before: float) -> int:
        """Delete some of the predictions older than `before`, or beyond the newest `most`; and qualities older than
        `scores_before`. How many went; call again while it is not 0.
        """
        with self.database.write() as connection:
            connection.execute(delete(quality).where(quality.c.started_at < scores_before))
            beyond = connection.execute(
                select(predictions.c.at).order_by(predictions.c.at.desc()).offset(most).limit(1)
            ).scalar()
            until = max(before, beyond + 1e-9 if beyond is not None else before)
            old = select(predictions.c.at).where(predictions.c.at < until).order_by(predictions.c.at)
            last = connection.execute(old.offset(MOST_FORGOTTEN - 1).limit(1)).scalar()
            bound = predictions.c.at < until if last is None else predictions.c.at <= last
            return connection.execute(delete(predictions).where(bound)).rowcount


def _parts(items: Sequence[Item]) -> Iterable[Sequence[Item]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


def _row(kept: KeptPrediction) -> dict[str, object]:
    """One row of `predictions`, without a truth."""
    names = ("model", "version", "request_id", "alias", "trace", "at", "predicted", "value")
    scores = msgspec.json.encode(dict(kept.scores)).decode() if kept.scores else None
    return {
        **{name: getattr(kept, name) for name in names},
        "row_index": kept.row,
        "started_at": kept.start,
        "ended_at": kept.end,
        "scores": scores,
    }


def _mark(connection: Connection, spans: Iterable[Span]) -> None:
    for span in sorted(spans, key=lambda span: (span.model, span.version, span.start)):  # one order: no deadlocks
        key = {"model": span.model, "version": span.version, "started_at": span.start}
        add_to(connection, quality_due, key, {"marks": 1}, {"ended_at": span.end})


def _count(connection: Connection, counts: Mapping[tuple[str, Outcome], int]) -> None:
    for (model, outcome), number in sorted(counts.items()):
        add_to(connection, label_counts, {"model": model, "outcome": outcome}, {"labels": number})


def _note(connection: Connection, progress: Progress) -> None:
    if progress.rows is None:
        connection.execute(delete(settings).where(settings.c.name == progress.name))
    else:
        put(connection, settings, {"name": progress.name, "value": str(progress.rows)})


def _of_span(table: Table, span: Span) -> tuple[ColumnElement[bool], ...]:
    return (table.c.model == span.model, table.c.version == span.version, table.c.started_at == span.start)


def _quality_rows(report: Report, now: float) -> list[dict[str, object]]:
    span = report.span
    common = {
        "model": span.model,
        "version": span.version,
        "started_at": span.start,
        "ended_at": span.end,
        "kind": report.kind,
        "rows": report.rows,
        "labelled": report.labelled,
        "trusted": int(report.trusted),
        "why_not": report.why_not,
        "scored_at": now,
    }
    return [
        {**common, "metric": q.metric, "class": q.of, "value": q.value, "low": q.low, "high": q.high}
        for q in report.qualities
    ]
