"""The library on what notebooks hold; the examples of its page run."""

import doctest
import subprocess
import sys

import numpy as np
import pytest

import sentinel
from sentinel import Reference
from tests.support.windows_frames import columns


def test_build_window_score_save_and_load(tmp_path):
    reference = Reference.build(columns(2000), name="fraud", version="1")
    window = reference.window(start=100.0, seconds=60)
    window.add(columns(500, seed=1, shift=0.5))
    closed = window.close()
    assert (closed.start, closed.end, closed.key.model) == (100.0, 160.0, "fraud")
    assert reference.score(closed)["score"].distances["wasserstein"] == pytest.approx(0.5, abs=0.1)
    reference.save(tmp_path / "r.sentinel")
    again = Reference.load(tmp_path / "r.sentinel")
    assert again.score(closed) == reference.score(closed)


def test_arrow_tables_give_the_same_reference():
    pyarrow = pytest.importorskip("pyarrow")
    data = columns(500)
    built = Reference.build(pyarrow.table(data), name="m", version="1")
    assert built.fingerprint == Reference.build(data, name="m", version="1").fingerprint
    nulls = pyarrow.table({**data, "score": [None, *data["score"][1:].tolist()]})
    window = built.window()
    window.add(nulls)
    assert built.score(window.close())["score"].missing_ratio == 1 / 500


def test_dictionary_columns_count_like_the_texts_they_stand_for():
    pyarrow = pytest.importorskip("pyarrow")
    data = columns(500)
    data["country"][7] = None
    coded = pyarrow.table({**data, "country": pyarrow.array(data["country"]).dictionary_encode()})
    built = Reference.build(coded, name="m", version="1")
    assert built.fingerprint == Reference.build(data, name="m", version="1").fingerprint
    windows = [built.window(), built.window()]
    for window, batch in zip(windows, (coded, data), strict=True):
        window.add(batch)
    assert windows[0].close() == windows[1].close()


class Series:
    def __init__(self, values):
        self._values = np.asarray(values)

    def to_numpy(self):
        return self._values


class DataFrame:
    """What pandas and polars frames have in common."""

    def __init__(self, data):
        self._data = data
        self.columns = list(data)

    def __getitem__(self, name):
        return Series(self._data[name])


def test_data_frames_give_the_same_reference():
    data = columns(500)
    built = Reference.build(DataFrame(data), name="m", version="1")
    assert built.fingerprint == Reference.build(data, name="m", version="1").fingerprint


def test_texts_and_vectors_are_judged_by_what_is_said_of_them(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rng = np.random.default_rng(0)
    comments = ["a comment of quite a few words " + "very " * int(k) for k in rng.integers(0, 9, 600)]
    table = pyarrow.table(
        {"comment": comments, "vector": rng.normal(size=(600, 8)).tolist(), "x": rng.normal(size=600)}
    )
    built = Reference.build(table, name="m", version="1")
    assert {"comment.length", "vector.norm", "x"} <= set(built.names)
    parquet.write_table(table, tmp_path / "t.parquet")
    assert Reference.from_file(tmp_path / "t.parquet", name="m", version="1").fingerprint == built.fingerprint
    window = built.window()
    window.add(table)
    closed = window.close()
    assert max(max(s.distances.values()) for s in built.score(closed).values()) < 1e-6
    assert closed.features.unexpected == {}


def test_kinds_of_texts_are_declared_and_their_role_given_by_the_column(tmp_path):
    answers = [f"{word} it is" for word in ("yes", "no", "maybe")] * 100
    table = {"note": ["ok", "no", "so"] * 100, "answer": answers}
    reference = Reference.build(
        table, name="m", version="1", kinds={"note": "text", "answer": "text"}, predictions=["answer"]
    )
    assert reference.specs["note.length"].role == "input"
    assert reference.specs["answer.unseen"].role == "prediction"
    reference.save(tmp_path / "r")
    again = Reference.load(tmp_path / "r")
    assert again.fingerprint == reference.fingerprint
    window = again.window()
    window.add({"note": ["fine words"] * 60, "answer": ["yes it is"] * 60})
    scores = again.score(window.close())
    assert scores["note.unseen"].distances["psi"] > 1
    assert scores["answer.unseen"].distances["psi"] < 0.1
    with pytest.raises(ValueError, match="predictions names 'answers'"):
        Reference.build(table, name="m", version="1", predictions=["answers"])


def test_what_is_no_table_says_so():
    with pytest.raises(TypeError, match="cannot be read from int"):
        Reference.build(3, name="m", version="1")


def test_the_package_imports_no_numpy_until_it_is_needed():
    code = "import sys, sentinel; print('numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = sentinel.nonsense


def test_docstring_examples_run():
    import sentinel.library

    assert doctest.testmod(sentinel.library).failed == 0
