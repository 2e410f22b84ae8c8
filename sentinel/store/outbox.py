"""Intents and their deliveries inside a transaction: claimed by one process at a time, never sent again once delivered.

The claim is a lease: `claimed_until` moves ahead in the same transaction that reads the intent. On PostgreSQL rows that
another process is claiming are skipped; on SQLite write transactions come one after the other anyway.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.sql import ColumnElement

from sentinel.store.codec import delivery_row, intent_row, read_delivery, read_intent
from sentinel.store.contract import Delivery, Intent, IntentState, RequestLimits
from sentinel.store.errors import StoreError
from sentinel.store.once import insert_once
from sentinel.store.schema import deliveries, intents

HOUR_SECONDS, DAY_SECONDS = 3600.0, 86400.0


def add(connection: Connection, new: Sequence[Intent]) -> None:
    """Write intents; one whose id is known stays as it is."""
    for intent in new:
        insert_once(connection, intents, intent_row(intent))


def beyond(connection: Connection, new: Intent, limits: RequestLimits) -> bool:
    """Whether a limit leaves no room for this request. Others of the same version are the same request."""
    others = (intents.c.model != new.model) | (intents.c.from_version != new.from_version)
    same_model = others & (intents.c.model == new.model)

    def requests(seconds: float, which: ColumnElement[bool]) -> int:
        recent = select(intents.c.model, intents.c.from_version).where(intents.c.created_at > new.created_at - seconds)
        return len(connection.execute(recent.where(which).distinct()).all())

    return (
        requests(HOUR_SECONDS, others) >= limits.most_per_hour
        or requests(DAY_SECONDS, same_model) >= limits.most_per_day
        or requests(limits.quiet_seconds, same_model) > 0
    )


def claim_due(connection: Connection, now: float, limit: int, lease_seconds: float) -> list[Intent]:
    """Pending intents that are due and that nobody holds, oldest first; held until now + lease_seconds."""
    due = (
        select(intents)
        .where(intents.c.state == "pending", intents.c.next_attempt_at <= now, intents.c.claimed_until <= now)
        .order_by(intents.c.next_attempt_at, intents.c.created_at, intents.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = [read_intent(row) for row in connection.execute(due).mappings()]
    ids = [intent.id for intent in claimed]
    connection.execute(update(intents).where(intents.c.id.in_(ids)).values(claimed_until=now + lease_seconds))
    return claimed


def record(connection: Connection, delivery: Delivery, state: IntentState, next_attempt_at: float) -> None:
    """Write an attempt and what the intent became. StoreError when there is no such intent."""
    known = connection.execute(select(intents.c.id).where(intents.c.id == delivery.intent_id)).scalar()
    if known is None:
        raise StoreError(f"there is no intent {delivery.intent_id!r}: deliveries belong to committed intents")
    insert_once(connection, deliveries, delivery_row(delivery))
    values = {"state": state, "attempts": delivery.attempt, "last_result": delivery.result}
    _change(connection, delivery.intent_id, values | {"next_attempt_at": next_attempt_at})


def settle(
    connection: Connection,
    intent_id: str,
    state: IntentState,
    result: str,
    *,
    next_attempt_at: float,
    expires_at: float,
) -> bool:
    """Change an intent without an attempt; False when it is unknown or delivered."""
    values: dict[str, Any] = {"state": state, "last_result": result, "next_attempt_at": next_attempt_at}
    return _change(connection, intent_id, values | ({"expires_at": expires_at} if expires_at else {}))


def _change(connection: Connection, intent_id: str, values: dict[str, Any]) -> bool:
    undelivered: ColumnElement[bool] = (intents.c.id == intent_id) & (intents.c.state != "delivered")
    changed = connection.execute(update(intents).where(undelivered).values(**values, claimed_until=0.0))
    return changed.rowcount > 0


def newest(connection: Connection, state: IntentState | None, limit: int) -> list[Intent]:
    query = select(intents).order_by(intents.c.created_at.desc(), intents.c.id).limit(limit)
    if state is not None:
        query = query.where(intents.c.state == state)
    return [read_intent(row) for row in connection.execute(query).mappings()]


def attempts(connection: Connection, intent_id: str) -> list[Delivery]:
    query = select(deliveries).where(deliveries.c.intent_id == intent_id).order_by(deliveries.c.attempt)
    return [read_delivery(row) for row in connection.execute(query).mappings()]
