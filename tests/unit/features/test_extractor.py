import numpy as np

from sentinel.decode import Decoded
from sentinel.features import Extractor
from sentinel.features.categories import texts
from sentinel.reference.schema import FeatureSpec

SCHEMA = (
    FeatureSpec("age", "numeric"),
    FeatureSpec("country", "categorical"),
    FeatureSpec("label", "categorical", "prediction"),
    FeatureSpec("truth", "categorical", "label"),
)
ROWS = Decoded(2, {"age": np.array([41.0, 37.0]), "country": ["NZ", None]}, {"label": np.array([1, 0])})


def test_columns_of_a_schema():
    found = Extractor(SCHEMA).columns(ROWS)
    assert list(found) == ["age", "country", "label"]
    assert found["age"].tolist() == [41.0, 37.0]
    assert found["country"] == ["NZ", None]
    assert found["label"] == ["1", "0"]


def test_without_a_schema_everything_is_a_column():
    assert set(Extractor(None).columns(ROWS)) == {"age", "country", "label"}


def test_a_feature_that_traffic_lacks_is_missing():
    found = Extractor(SCHEMA).columns(Decoded(2, {"age": np.array([1.0, 2.0])}))
    assert found["country"] == [None, None]


def test_a_role_of_which_nothing_was_seen_is_left_out():
    assert set(Extractor(SCHEMA).columns(Decoded(2, ROWS.inputs))) == {"age", "country"}
    assert set(Extractor(SCHEMA).columns(Decoded(2, {"x_0": np.zeros(2)}, ROWS.predictions))) == {"label"}


def test_rename_and_ignore():
    rows = Decoded(1, {"Age (y)": np.array([41.0]), "id": ["u-1"]}, {"label": np.array([1])})
    found = Extractor(SCHEMA, ignore=("id", "label"), rename={"Age (y)": "age"}).columns(rows)
    assert found["age"].tolist() == [41.0]
    assert "label" not in found
    assert set(Extractor(None, ignore=("id",)).columns(rows)) == {"Age (y)", "label"}


def test_categories_read_alike_however_they_were_typed():
    assert texts([3, 3.0, "3", b"3"]) == ["3"] * 4
    assert texts(np.array([3.0, np.nan, np.inf])) == ["3", None, "inf"]
    assert texts([True, np.True_, None]) == ["true", "true", None]
    assert texts(np.array([True, False])) == ["true", "false"]
    assert texts(["x" * 1000]) == ["x" * 64]
