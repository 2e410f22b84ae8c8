import numpy as np

from sentinel.decode import Decoded
from sentinel.features import Extractor, Vocabulary
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
    assert found["label"].tolist() == [1, 0]


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


def test_features_derived_from_texts_pictures_and_vectors():
    rows = Decoded(
        2,
        {
            "comment": ["a short one", "and a rather longer one, with more words"],
            "photo": np.zeros((2, 8, 8, 3), dtype=np.uint8),
            "vector": np.ones((2, 600)),
            "at": ["2026-11-22T18:30:00Z", "no date"],
        },
        kinds={"comment": "text", "at": "datetime"},
    )
    names = (
        "comment.length",
        "comment.unseen",
        "photo.brightness",
        "vector.norm",
        "at.hour",
        "at.weekday",
        "gone.length",
    )
    vocabulary = Vocabulary.of([["a", "short", "one"]])
    found = Extractor([FeatureSpec(name, "numeric") for name in names], vocabularies={"comment": vocabulary}).columns(
        rows
    )
    assert list(found) == list(names)
    assert found["comment.length"] == [11.0, 40.0]
    assert found["comment.unseen"][0] == 0
    assert found["comment.unseen"][1] > 0.5
    assert found["photo.brightness"] == [0.0, 0.0]
    assert found["vector.norm"].tolist() == [np.float32(np.sqrt(600))] * 2
    assert found["at.hour"] == [18.5, None]
    assert found["at.weekday"] == ["sun", None]
    assert found["gone.length"] == [None, None]
    everything = Extractor(None).columns(rows)
    assert {"comment.script", "photo.detail", "vector.projection_0", "at.hour"} <= set(everything)
    assert not {"comment", "photo", "vector", "at"} & set(everything)


def test_a_feature_that_merely_has_a_dot_is_none_of_a_column():
    rows = Decoded(1, {"x": ["y"]}, {"probs.class": ["1"], "probs.confidence": np.array([0.75])})
    schema = [
        FeatureSpec("probs.class", "categorical", "prediction"),
        FeatureSpec("probs.confidence", "numeric", "prediction"),
    ]
    assert set(Extractor(schema).columns(rows)) == {"probs.class", "probs.confidence"}


def test_fields_that_the_schema_does_not_know():
    rows = Decoded(1, {"age": np.array([1.0]), "agee": np.array([1.0]), "comment": ["x"]}, {"label": ["1"]})
    schema = (*SCHEMA, FeatureSpec("comment.length", "numeric"))
    assert Extractor(schema).unexpected(rows) == ["agee"]
    assert Extractor(None).unexpected(rows) == []


def test_no_raw_text_or_bytes_pass():
    secret = "the quick brown fox jumps over the lazy dog"
    rows = Decoded(
        1, {"note": [secret], "blob": [b"\x00" + secret.encode()], "jpeg": [b"\xff\xd8\xff" + secret.encode()]}
    )
    found = Extractor(None).columns(rows)
    assert "quick" not in repr(found)
    assert found["blob.bytes"] == [44]
    short = Decoded(1, {"prompt": ["hi"]}, kinds={"prompt": "text"})
    assert Extractor(None, rename={"prompt": "question"}).columns(short)["question.length"] == [2]
