"""Every query of docs/sql.md runs on every database, and says what it promises."""

import re
from pathlib import Path

from sqlalchemy import text

from sentinel.judge.verdict import State
from sentinel.store import SqlStore
from sentinel.store.schema import metadata
from tests.support import store_values as some

DOCUMENT = (Path(__file__).parents[3] / "docs" / "sql.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)


def fill(store: SqlStore) -> None:
    opened = some.incident(1)
    for number in range(3):
        judged = some.verdict(some.window(number), State.BREACH, opened=(opened,))
        store.commit_window(some.record(number, verdict=judged))
    store.commit_decision(intents=(some.intent(incident_id=opened.id),))
    store.record_delivery(some.delivery(1), "pending", 0.0)
    store.record_delivery(some.delivery(2, "delivered"), "delivered", 0.0)
    store.commit_window(some.record(30, window=some.window(30, replica="b")))


def test_the_documented_queries(store: SqlStore) -> None:
    assert len(QUERIES) == 10
    fill(store)
    with store.database.read() as connection:
        answers = [[dict(row) for row in connection.execute(text(query)).mappings()] for query in QUERIES]
    hours, broken, unseen, features, feature, states, incidents, retried, silent, trail = answers
    assert broken == []
    assert all(answer for answer in answers if answer is not broken)
    assert float(hours[0]["error_ratio"]) == 0.1
    assert float(unseen[0]["sampled_out"]) == 0.3
    assert features[0]["feature"] == "amount"
    assert len(feature) == 4
    assert {(row["state"], row["windows"]) for row in states} == {("breach", 3), ("ok", 1)}
    assert (incidents[0]["rollback_requests"], incidents[0]["request_state"]) == (1, "delivered")
    assert [row["result"] for row in retried] == ["http_5xx", "delivered"]
    assert [row["replica"] for row in silent] == ["a"]
    assert trail[0]["action"] == "page"


def test_every_table_is_documented() -> None:
    described = DOCUMENT.split("## Tables")[1].split("## Ten queries")[0]
    assert all(f"`{name}`" in described for name in metadata.tables)
