"""kill -9 at any moment: what is found afterwards is whole, and the writer goes on from there."""

import multiprocessing
import os
import random
import signal
import time
from dataclasses import replace

from sqlalchemy import text

from sentinel.judge.verdict import State
from sentinel.store import SqlStore, open_store
from tests.support import store_values as some

ROUNDS = 30
LONGEST_LIFE_SECONDS = 0.08  # some ten commits


def write_on(url: str, started: int) -> None:
    """Commit window after window, each with an incident, an intent and an audit record, until killed."""
    store = open_store(url)
    number = int(store.judge_state("fraud") or b"-1")
    while True:
        number += 1
        opened = some.incident(number)
        closed = some.window(number)
        judged = some.verdict(closed, State.BREACH, opened=(opened,))
        intents = (some.intent(f"intent-{number}", incident_id=opened.id),)
        features = {name: replace(some.scores(), feature=name) for name in ("amount", "score")}
        store.commit_window(
            some.record(number, verdict=judged, scores=features, intents=intents, state=str(number).encode())
        )
        os.write(started, b".")


def test_a_killed_writer_leaves_whole_windows(url: str) -> None:
    moments = random.Random(7)
    open_store(url).close()
    context = multiprocessing.get_context("fork")
    for _ in range(ROUNDS):
        heard, started = os.pipe()
        child = context.Process(target=write_on, args=(url, started))
        child.start()
        os.close(started)
        assert os.read(heard, 1) == b"."
        time.sleep(moments.uniform(0, LONGEST_LIFE_SECONDS))  # the random moment is what is tested
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        os.close(heard)
        assert_whole(url)


def assert_whole(url: str) -> None:
    store = open_store(url)
    count = len(list(store.windows(limit=100_000)))
    assert count == int(store.judge_state("fraud") or b"-1") + 1
    for table, rows_per_window in {
        "window_features": 2,
        "verdicts": 1,
        "incidents": 1,
        "intents": 1,
        "audit": 1,
    }.items():
        assert rows(store, table) == count * rows_per_window, table
    assert store.verify_audit() == ""
    store.close()


def rows(store: SqlStore, table: str) -> int:
    with store.database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
