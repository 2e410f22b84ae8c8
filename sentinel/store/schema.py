"""The tables, once, for every database: names, columns, keys. What they mean to people is told in docs/sql.md.

Only data definitions live here; nothing connects, reads or writes. `HEAD` names the newest migration, whose result
these tables must equal (a test compares the two).

Two column types keep hostile values from failing a transaction, the same way on every database: `Words` replaces NUL
and lone surrogates, which PostgreSQL and SQLite refuse in text; `Real` stores NaN as NULL, which SQLite does by itself.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.engine import Dialect

HEAD = "0006"
VERSION_TABLE = "sentinel_schema"

SCORES = ("psi", "jensen_shannon", "ks", "wasserstein", "chi2", "total_variation")
"""Distances with a column of their own in window_features; others are kept in its `more`."""

CODES = ("1xx", "2xx", "3xx", "4xx", "5xx")
"""Status classes with a column of their own in windows; exchanges without an answer are in `code_none`."""

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
"""Suffix of a latency column -> quantile."""


LLM_COUNTS = ("calls", "streamed", "aborted", "input_tokens", "output_tokens", "cached_tokens", "estimated_tokens")
"""Counts of analysed calls of a language model with a column in windows."""

LLM_TIMES = ("first_token", "per_token")
LLM_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def clean(text: str) -> str:
    """The text with what no database takes (NUL, lone surrogates) replaced."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


class Words(TypeDecorator[str]):
    """Text as it may come out of hostile traffic, cleaned."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else clean(str(value))


class Real(TypeDecorator[float]):
    """A double in which NaN is NULL."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None or value != value else float(value)


Serial = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only for INTEGER keys
metadata = MetaData()


def _words(name: str) -> Column[str]:
    return Column(name, Words, nullable=False)


def _real(name: str) -> Column[float]:
    return Column(name, Real)


def _time(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


windows = Table(
    "windows",
    metadata,
    Column("id", Serial, primary_key=True),
    _words("model"),
    _words("version"),
    _words("replica"),
    _words("grain"),  # window, or the roll-ups hour and day
    _time("started_at"),
    _time("ended_at"),
    _words("standing"),  # waiting (for the fleet), judged, late (after its period was judged), unreadable
    _words("reference_id"),
    *(_count(name) for name in ("rows", "received", "analysed", "sampled_out", "dropped", "undecodable")),
    *(_count(f"code_{name}") for name in (*CODES, "none")),
    *(_real(f"latency_{name}") for name in QUANTILES),
    _real("latency_sum_seconds"),
    Column("sketch", LargeBinary, nullable=False),  # ClosedWindow.to_bytes: everything, mergeable
    *(Column(f"llm_{name}", BigInteger) for name in LLM_COUNTS),  # NULL where no language model was called
    *(_real(f"llm_{name}_{quantile}") for name in LLM_TIMES for quantile in LLM_QUANTILES),
    Column("exemplars", Words),  # JSON: array of failed and slowest exchanges; NULL where none was told of
    Index("windows_by_time", "grain", "started_at"),
)
is_window = windows.c.grain == text("'window'")
is_waiting = windows.c.standing == text("'waiting'")
_key = (windows.c.model, windows.c.version, windows.c.replica, windows.c.started_at)
_waiting_key = (windows.c.started_at, windows.c.model, windows.c.version)
_rollup_key = (windows.c.grain, *_key, windows.c.reference_id)  # counted against different references: not to be merged
_PARTIAL = {
    Index("one_window", *_key, unique=True, sqlite_where=is_window): is_window,
    Index("waiting_windows", *_waiting_key, sqlite_where=is_waiting): is_waiting,
    Index("one_rollup", *_rollup_key, unique=True, sqlite_where=~is_window): ~is_window,
}


@event.listens_for(metadata, "before_create")
def _partial_on_postgresql(_metadata: MetaData, connection: Connection, **_: Any) -> None:
    """Indexes of some rows only, in the words of PostgreSQL's dialect: they load 3 MB, so only where it is used."""
    if connection.dialect.name == "postgresql":
        for index, condition in _PARTIAL.items():
            index.dialect_kwargs["postgresql_where"] = condition


window_features = Table(
    "window_features",
    metadata,
    Column("window_id", Serial, ForeignKey("windows.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("feature", Words, primary_key=True),
    _words("role"),
    _count("rows"),
    *(_real(name) for name in ("missing_ratio", "mean", "q05", "q25", "q50", "q75", "q95")),
    *(_real(name) for name in SCORES),
    _real("evidence"),
    _words("change"),
    _words("more"),  # JSON: other distances by name
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("window_id", Serial, ForeignKey("windows.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _words("state"),
    _words("explanation"),
    *(_real(name) for name in ("evidence", "rollback_evidence", "budget_spent_ratio")),
    _count("rows"),
    _words("findings"),  # JSON: array of {feature, role, cause, evidence, change, score, method}, best first
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Words, primary_key=True),
    *(_words(name) for name in ("model", "version", "cause")),
    _time("opened_at"),
    Column("resolved_at", Double),
    _real("evidence"),
    _words("features"),  # JSON: array of names
    _words("explanation"),
    _real("rollback_evidence"),
    Index("incidents_by_time", "opened_at"),
)

intents = Table(
    "intents",
    metadata,
    Column("id", Words, primary_key=True),
    *(_words(name) for name in ("incident_id", "target", "model", "from_version", "to_version")),
    _time("created_at"),
    _time("expires_at"),
    Column("body", LargeBinary, nullable=False),  # the exact bytes that are signed and sent
    _words("state"),
    _count("attempts"),
    _time("next_attempt_at"),
    _time("claimed_until"),  # a process that claimed the intent may send it until then
    _words("last_result"),
    Index("intents_by_state", "state", "next_attempt_at"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("intent_id", Words, ForeignKey("intents.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    _time("at"),
    _words("result"),
    Column("status", Integer, nullable=False),
    _real("seconds"),
)

predictions = Table(
    "predictions",
    metadata,
    Column("request_id", Words, primary_key=True),  # first: a label may come without its model
    Column("row_index", Integer, primary_key=True),  # place in the batch
    Column("model", Words, primary_key=True),
    Column("alias", Words),  # other ids under which a label may name the same call
    Column("trace", Words),
    _words("version"),
    _time("at"),
    _time("started_at"),  # the window that the row counts in
    _time("ended_at"),
    Column("predicted", Words),  # a class; null for numbers
    _real("value"),  # a number; null for classes
    Column("scores", Words),  # JSON: class -> probability
    Column("truth", Words),  # from here on null until a label came
    _real("truth_at"),
    _real("labelled_at"),
    Column("wrong", Integer),  # 1 where the prediction missed
    Index("predictions_by_window", "model", "version", "started_at"),
    Index("predictions_by_time", "at"),
    Index("predictions_by_alias", "alias"),
    Index("predictions_by_trace", "trace"),
)

labels = Table(
    "labels",
    metadata,
    Column("model", Words, primary_key=True),  # "" where the sender names none
    Column("request_id", Words, primary_key=True),
    Column("row_index", Integer, primary_key=True),
    _time("at"),
    _words("label"),  # a truth that waits for its prediction; written only where the operator asked for it
    _real("truth_at"),
    Index("labels_by_time", "at"),
)

label_counts = Table(
    "label_counts",
    metadata,
    *(Column(name, Words, primary_key=True) for name in ("model", "outcome")),
    _count("labels"),
)

labelled_versions = Table(
    "labelled_versions",
    metadata,
    *(Column(name, Words, primary_key=True) for name in ("model", "version")),
    _count("labelled"),
    _count("wrong"),
)

quality = Table(
    "quality",
    metadata,
    *(Column(name, Words, primary_key=True) for name in ("model", "version")),
    Column("started_at", Double, primary_key=True),
    *(Column(name, Words, primary_key=True) for name in ("kind", "metric", "class")),  # kind: realised or estimate
    _time("ended_at"),
    *(_real(name) for name in ("value", "low", "high")),
    _count("rows"),
    _count("labelled"),
    Column("trusted", Integer, nullable=False),
    _words("why_not"),
    _time("scored_at"),
)

quality_due = Table(
    "quality_due",
    metadata,
    *(Column(name, Words, primary_key=True) for name in ("model", "version")),
    Column("started_at", Double, primary_key=True),
    _time("ended_at"),
    _count("marks"),
)

kept_rows = Table(
    "kept_rows",
    metadata,
    Column("id", Serial, primary_key=True),
    *(_words(name) for name in ("model", "version", "replica")),
    _time("started_at"),
    _time("ended_at"),
    _count("seen"),  # rows of the window
    _count("kept"),  # how many of them are here; only where capture.keep_rows asks for it
    Column("body", LargeBinary, nullable=False),
    Index("kept_rows_by_time", "started_at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    _time("at"),
    *(_words(name) for name in ("actor", "action", "subject", "outcome", "sentence", "inputs")),
    _words("previous_hash"),
    _words("hash"),
    UniqueConstraint("previous_hash", name="one_chain"),  # two records can never follow the same one
)

judge_state = Table(
    "judge_state",
    metadata,
    *(Column(name, Words, primary_key=True) for name in ("model", "replica")),
    _time("as_of"),  # start of the last window that the state has seen
    Column("state", LargeBinary, nullable=False),
)

SIBLINGS = "* siblings"
"""In place of a replica's name in `judge_state`: the fleet's evidence on the odd replica."""

settings = Table(
    "settings",
    metadata,
    Column("name", Words, primary_key=True),
    _words("value"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Words, primary_key=True),
    _words("holder"),
    _time("until"),
)

schema_version = Table(
    VERSION_TABLE,
    MetaData(),  # Alembic's own table: it is not part of what migrations make
    Column("version_num", String(32), primary_key=True),
)
