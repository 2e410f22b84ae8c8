"""Windows out: listed, merged over any range, exported, asked for over HTTP."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from pyarrow import parquet

from sentinel.store import Retention, Selection, SqlStore
from sentinel.store.export import write
from sentinel.store.history import (
    count,
    each_feature,
    each_listed,
    extents,
    judged_windows,
    last_replica,
    plain,
    series,
)
from sentinel.store.query import windows_json
from sentinel.store.retention import DAY
from sentinel.windows.closed import NOTHING
from tests.support import store_values as some


@pytest.fixture
def filled(store: SqlStore) -> SqlStore:
    for number in range(6):
        for replica in "ab":
            store.commit_window(some.record(0, window=some.window(number, replica=replica)))
    store.commit_window(some.record(0, window=some.window(2, replica="*")))
    store.commit_window(some.record(0, window=some.window(2, version="2")))
    return store


def test_listing_has_plain_columns_and_the_verdict(filled: SqlStore) -> None:
    rows = filled.list_windows(Selection(version="1", since=60.0, until=180.0))
    assert [(row["started_at"], row["replica"]) for row in rows] == [
        (60.0, "a"),
        (60.0, "b"),
        (120.0, "a"),
        (120.0, "b"),
    ]
    assert rows[0]["state"] == "ok"
    assert "sketch" not in rows[0]
    assert len(filled.list_windows(Selection(), limit=3)) == 3


def test_the_fleets_windows_are_chosen_by_name(filled: SqlStore) -> None:
    assert [row["replica"] for row in filled.list_windows(Selection(replica="*"))] == ["*"]


def test_a_range_merges_to_the_sum_of_its_windows(filled: SqlStore) -> None:
    expected = NOTHING
    for number in range(1, 5):
        for replica in "ab":
            expected = expected | some.window(number, replica=replica)
    [merged] = filled.merge_windows(Selection(version="1", since=60.0, until=300.0))
    assert (merged.rows, merged.start, merged.end) == (expected.rows, 60.0, 300.0)
    assert merged.traffic == expected.traffic
    assert plain(merged)["received"] == 80


def test_a_range_over_windows_and_rollups(filled: SqlStore) -> None:
    before = filled.merge_windows(Selection())
    while filled.forget(8 * DAY, Retention()):
        pass
    filled.commit_window(some.record(0, window=some.window(int(8 * DAY / 60))))
    after = filled.merge_windows(Selection(until=8 * DAY))
    assert [window.traffic for window in after] == [window.traffic for window in before]
    assert {row["grain"] for row in filled.list_windows(Selection())} == {"hour", "window"}


def test_paging_of_merges(store: SqlStore) -> None:
    for number in range(450):
        store.commit_window(some.record(0, window=some.window(number // 3, replica="abc"[number % 3])))
    [merged] = store.merge_windows(Selection())
    assert merged.traffic.received == 4500


def test_a_listing_has_the_newest_and_an_export_all(store: SqlStore) -> None:
    for number in range(450):
        store.commit_window(some.record(number, scores={"amount": some.scores(), "score": some.scores("score")}))
    assert [row["started_at"] for row in store.list_windows(Selection(), 2)] == [448 * 60.0, 449 * 60.0]
    assert list(each_listed(store.database, Selection())) == store.list_windows(Selection())
    features = list(each_feature(store.database, Selection()))
    assert len(features) == 900
    assert features[-2:] == store.list_features(Selection(), 2)


def test_features_of_windows(filled: SqlStore) -> None:
    rows = filled.list_features(Selection(version="2"))
    assert [(row["feature"], row["psi"], row["evidence"]) for row in rows] == [("amount", 0.1, 0.7)]
    assert json.loads(rows[0]["more"]) == {"energy": 0.5}


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_exports(filled: SqlStore, tmp_path: Path, kind: str) -> None:
    rows = filled.list_windows(Selection())
    path = tmp_path / f"windows.{kind}"
    assert write(iter(rows), path, kind) == 13  # type: ignore[arg-type]
    if kind == "parquet":
        read = parquet.read_table(path).to_pylist()
    else:
        read = [json.loads(line) for line in path.read_text().splitlines()]
    assert read == rows
    assert [found.name for found in tmp_path.iterdir() if found.name.startswith("windows")] == [path.name]


def test_an_empty_export(store: SqlStore, tmp_path: Path) -> None:
    assert write([], tmp_path / "x.parquet", "parquet") == 0
    assert write([], tmp_path / "x.json", "json") == 0


def ask(store: SqlStore, **parameters: str) -> Mapping[str, object]:
    return windows_json(store, parameters, float)


def test_the_http_answer(filled: SqlStore) -> None:
    answer = ask(filled, version="1", replica="a", limit="2", features="true", **{"from": "60"})
    assert [row["started_at"] for row in answer["windows"]] == [240.0, 300.0]  # type: ignore[attr-defined]
    assert len(answer["features"]) == 5  # type: ignore[arg-type]
    [merged] = ask(filled, version="1", merge="true")["windows"]  # type: ignore[misc,attr-defined]
    assert merged["received"] == 120
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"modle": "x"}, "unknown parameter 'modle'"),
        ({"limit": "-1"}, "use a number from 1 to"),
        ({"limit": "9" * 400}, "use a number from 1 to"),
        ({"limit": "²"}, "use a number from 1 to"),
        ({"grain": "year"}, "use window, hour or day"),
        ({"merge": "perhaps"}, "use true or false"),
        ({"from": "yesterday"}, "could not convert"),
    ],
)
def test_questions_that_cannot_be_answered(store: SqlStore, parameters: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ask(store, **parameters)


def test_windows_come_with_their_verdicts_and_the_fleets_besides(filled: SqlStore) -> None:
    found = list(judged_windows(filled.database, Selection(version="1", since=120.0, until=180.0)))
    assert [(window.key.replica, verdict is not None) for window, verdict in found] == [
        ("a", True),
        ("b", True),
        ("*", True),
    ]
    verdict = found[0][1]
    assert verdict is not None
    assert (verdict.findings, verdict.state) == (some.record(0).verdict.findings, "ok")  # type: ignore[union-attr]
    while filled.forget(8 * DAY, Retention()):
        pass
    assert [verdict for _, verdict in judged_windows(filled.database, Selection())] == [None] * 2, "roll-ups have none"


def test_windows_are_counted_and_their_extent_is_known(filled: SqlStore) -> None:
    filled.commit_window(some.record(0, window=some.window(9, model="other")))
    assert count(filled.database, Selection()) == 14, "the fleet's window repeats others"
    assert count(filled.database, Selection(model="other")) == 1
    assert extents(filled.database, Selection()) == {"fraud": (0.0, 360.0), "other": (540.0, 600.0)}
    assert extents(filled.database, Selection(since=1e6)) == {}
    assert last_replica(filled.database, "fraud") == "a"
    assert last_replica(filled.database, "unknown") == ""


def test_the_distances_of_some_features_over_time(filled: SqlStore) -> None:
    found = series(filled.database, Selection(version="1", since=0.0, until=120.0), ["amount"])
    assert [row["started_at"] for row in found] == [0.0, 0.0, 60.0, 60.0]
    assert {row["jensen_shannon"] for row in found} == {0.2}
    assert series(filled.database, Selection(), ["unknown"]) == []
