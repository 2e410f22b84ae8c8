"""The audit trail: records chained by hashes, so that changing, removing or reordering one is seen.

hash = SHA-256 of the previous record's hash and this record as canonical JSON; the first follows GENESIS. What the
chain cannot show is the loss of its newest records: for that, compare the last hash with a copy kept elsewhere.
Only this chain lives here; transactions are the caller's.
"""

import hashlib

from sqlalchemy import Connection, insert, select, text

from sentinel.store.codec import read_audit, to_json
from sentinel.store.contract import AuditRecord
from sentinel.store.schema import audit, clean

GENESIS = "0" * 64
_LOCK = 7301  # any number of ours: PostgreSQL's advisory lock that puts writers of the chain in a row


def append(connection: Connection, records: tuple[AuditRecord, ...]) -> None:
    """Add records at the end of the chain, within the caller's transaction."""
    if not records:
        return
    lock(connection)
    previous = connection.execute(select(audit.c.hash).order_by(audit.c.id.desc()).limit(1)).scalar() or GENESIS
    for record in records:
        row = _row(record)
        digest = link(previous, row)
        connection.execute(insert(audit).values(**row, previous_hash=previous, hash=digest))
        previous = digest


def lock(connection: Connection) -> None:
    """Wait for others that write decisions, until the transaction ends; on SQLite writers take turns anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def newest(connection: Connection, limit: int) -> list[AuditRecord]:
    rows = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(limit)).mappings()
    return [read_audit(row) for row in rows]


def first_break(connection: Connection) -> str:
    """The first record that does not follow the one before it, as a sentence; "" when the chain is whole."""
    previous = GENESIS
    for row in connection.execution_options(yield_per=500).execute(select(audit).order_by(audit.c.id)).mappings():
        fields = {name: row[name] for name in AuditRecord.__dataclass_fields__}
        if row["previous_hash"] != previous:
            return f"audit record {row['id']} does not follow the one before it: records were removed or reordered"
        if row["hash"] != link(previous, fields):
            return f"audit record {row['id']} ({row['action']} {row['subject']}) was changed after it was written"
        previous = row["hash"]
    return ""


def link(previous: str, fields: dict[str, object]) -> str:
    """The hash of a record that follows `previous`."""
    return hashlib.sha256(f"{previous}{to_json(fields)}".encode()).hexdigest()


def _row(record: AuditRecord) -> dict[str, object]:
    words = {name: clean(getattr(record, name)) for name in ("actor", "action", "subject", "outcome", "sentence")}
    return {"at": float(record.at), **words, "inputs": clean(to_json(dict(record.inputs)))}
