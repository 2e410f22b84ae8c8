"""Files of rows and bodies, and two tables joined."""

import json
from pathlib import Path

import numpy as np
import pytest

from sentinel.shadow.sides import account_of_tables
from sentinel.shadow.tables import Layout, body_for, read_bodies, read_table

CSV = "age,city\n41,Bonn\n,Kiel\n37,\n"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(CSV)
    return path


def test_rows_become_bodies_of_each_protocol(rows: Path) -> None:
    (first, second) = map(json.loads, read_bodies(rows, Layout("v2", batch_rows=2)))
    assert first["inputs"] == [
        {"name": "age", "shape": [2, 1], "datatype": "FP32", "data": [41.0, None]},
        {"name": "city", "shape": [2, 1], "datatype": "BYTES", "data": ["Bonn", "Kiel"]},
    ]
    assert second["inputs"][0]["shape"] == [1, 1]
    (v1,) = map(json.loads, read_bodies(rows, Layout("v1")))
    assert v1["instances"][0] == {"age": 41.0, "city": "Bonn"}
    (plain,) = map(json.loads, read_bodies(rows, Layout("rows")))
    assert plain[2] == {"age": 37.0, "city": None}


def test_lines_are_bodies_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "bodies.ndjson"
    path.write_text('{"a": 1}\n\n[2]\n')
    assert list(read_bodies(path, Layout("v2"))) == [b'{"a": 1}', b"[2]"]


@pytest.mark.parametrize(
    ("url", "body"),
    [("http://h/v2/models/m/infer", "v2"), ("http://h/v1/models/m:predict", "v1"), ("http://h/predict", "rows")],
)
def test_the_address_says_what_rows_are_made_into(url: str, body: str) -> None:
    assert body_for(url) == body


def test_tables_of_every_kind_read_the_same(rows: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines, parquet = tmp_path / "rows.jsonl", tmp_path / "rows.parquet"
    lines.write_text('{"age": 41, "city": "Bonn"}\n{"city": "Kiel"}\n{"age": 37, "city": null}\n')
    pq.write_table(pa.table({"age": [41.0, None, 37.0], "city": ["Bonn", "Kiel", None]}), parquet)
    for path in (rows, lines, parquet):
        table = read_table(path)
        assert list(table) == ["age", "city"]
        assert np.array_equal(np.asarray(table["age"], dtype=float), [41.0, np.nan, 37.0], equal_nan=True)
        assert list(table["city"]) == ["Bonn", "Kiel", None]


@pytest.mark.parametrize("text", ["", "{\n", "[1]\n"])
def test_lines_that_are_no_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"no rows|no JSON"):
        read_table(path)


def test_tables_are_joined_on_a_key_and_rows_of_one_side_are_unanswered() -> None:
    mine = {"id": ["a", "b", "c"], "y": np.array([1.0, 2.0, 3.0])}
    theirs = {"y": np.array([3.0, 9.0, 1.0, 7.0]), "id": ["c", "b", "a", "z"]}
    account = account_of_tables(mine, theirs, 0.1, "id")
    assert (account.rows, account.differing_rows, account.pairs.unanswered) == (3, 1, 0)
    fewer = account_of_tables(mine, {"id": ["c"], "y": np.array([3.0])}, 0.1, "id")
    assert (fewer.rows, fewer.pairs.unanswered) == (1, 2)


@pytest.mark.parametrize(
    ("candidate", "key", "words"),
    [
        ({"y": [1.0]}, "", "2 rows and the other 1"),
        ({"y": [1.0, 2.0]}, "id", "second table has no column 'id'"),
        ({"id": ["a", "a"], "y": [1.0, 2.0]}, "id", "has a id twice"),
    ],
)
def test_tables_that_cannot_be_joined(candidate: dict[str, list[object]], key: str, words: str) -> None:
    reference = {"id": ["a", "b"], "y": [1.0, 2.0]} if key else {"y": [1.0, 2.0]}
    with pytest.raises(ValueError, match=words):
        account_of_tables(reference, candidate, 0.1, key)
