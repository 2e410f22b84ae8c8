"""Reference files, and tables read in chunks."""

import json

import numpy as np
import pytest

from sentinel.reference.build import build
from sentinel.reference.describe import describe, diff
from sentinel.reference.files import ReferenceFileError, build_from_file, load, save
from sentinel.reference.tables import parsed
from tests.support.windows_frames import columns, reference


def write_csv(path, data):
    names = list(data)
    lines = [",".join(names)]
    lines += [",".join("" if v is None else str(v) for v in row) for row in zip(*data.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n")


def test_a_saved_reference_loads_as_the_same(tmp_path):
    built = reference()
    save(built, tmp_path / "r.sentinel")
    assert load(tmp_path / "r.sentinel").fingerprint == built.fingerprint
    assert [p.name for p in tmp_path.iterdir()] == ["r.sentinel"]


def damaged(data: bytes) -> dict[str, bytes]:
    return {
        "is not a sentinel reference": b"PK\x03\x04 some other file entirely, long enough",
        "is not a sentinel reference; build": b"",
        "newer than 1": data[:8] + b"\x63\x00" + data[10:],
        "cut short": data[: len(data) // 2],
        "was damaged": data[:100] + bytes([data[100] ^ 1]) + data[101:],
        "damaged": data + b"trailing",
    }


@pytest.mark.parametrize("sentence", list(damaged(b"0" * 200)))
def test_files_that_cannot_be_used_say_why_in_one_sentence(tmp_path, sentence):
    save(reference(200), tmp_path / "good")
    path = tmp_path / "bad"
    path.write_bytes(damaged((tmp_path / "good").read_bytes())[sentence])
    with pytest.raises(ReferenceFileError, match=sentence) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_say_so(tmp_path):
    with pytest.raises(ReferenceFileError, match="No such file"):
        load(tmp_path / "none")
    with pytest.raises(ReferenceFileError, match="directory"):
        load(tmp_path)
    with pytest.raises(ReferenceFileError, match="cannot write"):
        save(reference(100), tmp_path / "none" / "r")


@pytest.mark.parametrize("cut", range(0, 400, 13))
def test_no_truncation_loads(tmp_path, cut):
    save(reference(100), tmp_path / "good")
    (tmp_path / "bad").write_bytes((tmp_path / "good").read_bytes()[:cut])
    with pytest.raises(ReferenceFileError):
        load(tmp_path / "bad")


def test_csv_gives_the_reference_of_its_columns(tmp_path):
    data = columns(3000)
    data["country"][10] = None
    data["age"] = data["age"].tolist()
    data["age"][4] = None
    write_csv(tmp_path / "train.csv", data)
    shares = []
    built = build_from_file(tmp_path / "train.csv", name="fraud", version="1", progress=shares.append)
    assert built.fingerprint == build(data, name="fraud", version="1").fingerprint
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_parquet_gives_the_reference_of_its_columns(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    data = columns(45_000)
    data["country"][10] = None
    parquet.write_table(pyarrow.table(data), tmp_path / "train.parquet")
    built = build_from_file(tmp_path / "train.parquet", name="fraud", version="1")
    whole = build(data, name="fraud", version="1")
    assert np.array_equal(built.numeric.counts, whole.numeric.counts)
    assert np.array_equal(built.categorical.counts, whole.categorical.counts)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "header line is missing"),
        ("a,b\n", "at least one row|hold none"),
        ("a,a\n1,2\n", "names 'a' twice"),
        ("a,\n1,2\n", "unnamed column"),
        ("a,b\n1,2\n1,2,3\n", "a line has 3 fields where the header has 2"),
        ("a,b\n1\n", "a line has 1 fields"),
        ("a\n\xff\n", "cannot build a reference"),
    ],
)
def test_csv_that_is_none_says_why(tmp_path, content, sentence):
    path = tmp_path / "x.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ReferenceFileError, match=sentence):
        build_from_file(path, name="m", version="1")


def test_a_file_that_is_not_parquet_says_so(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    path.write_bytes(b"not parquet at all")
    with pytest.raises(ReferenceFileError, match=r"x\.parquet"):
        build_from_file(path, name="m", version="1")


def test_csv_values_are_read_as_people_write_them():
    assert parsed(["1", "2.5", "", "NA"]).tolist()[:2] == [1.0, 2.5]
    assert np.isnan(parsed(["1", "", "NA"])[1:]).all()
    assert parsed(["007", "12"]) == ["007", "12"]
    assert parsed(["1_000", "12"]) == ["1_000", "12"]
    assert parsed(["1"] * 199 + ["oops"])[-2:] == [1.0, "oops"]
    assert parsed(["a", "1"]) == ["a", "1"]


def test_a_description_is_plain_json_in_schema_order():
    told = describe(reference())
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert [feature["name"] for feature in told["features"]] == list(columns(10))
    clicks = next(feature for feature in told["features"] if feature["name"] == "clicks")
    assert clicks["own_bins"] == [0.0]


def test_a_diff_names_what_changed():
    before = build({"a": ["x", "y"] * 100, "b": np.arange(200.0)}, name="m", version="1")
    after = build({"a": ["x", "x", "y"] * 100, "c": np.arange(300.0)}, name="m", version="2")
    told = {(difference.feature, difference.what) for difference in diff(before, after)}
    assert {("", "version"), ("", "rows"), ("a", "categories"), ("b", "presence"), ("c", "presence")} <= told
    assert diff(before, before) == []
