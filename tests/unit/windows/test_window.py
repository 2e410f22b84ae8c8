"""What a window counts, above all of dirty columns: everything, without raising."""

import datetime
import decimal

import numpy as np
import pytest

from sentinel.reference.build import build
from sentinel.reference.codec import from_bytes, to_bytes
from sentinel.windows import NOTHING, ClosedWindow, TrafficCounts, Window, WindowKey, coarse
from tests.support.windows_frames import KEY, closed, columns, reference

NUMBERS = build({"x": np.linspace(0, 10, 1000)}, name="m", version="1")
WORDS = build({"x": ["a"] * 600 + ["b"] * 390 + ["rare"] * 5 + [None] * 5}, name="m", version="1")


def numeric_cells(column):
    """below, inside, above, missing, wrong type"""
    cells = closed(NUMBERS, {"x": column}).features.numeric[0]
    m = int(NUMBERS.numeric.bins[0])
    return [int(cells[0]), int(cells[1 : m + 1].sum()), int(cells[m + 1]), int(cells[-2]), int(cells[-1])]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ([], [0, 0, 0, 0, 0]),
        ([5.0] * 700 + [None] * 300 + ["x"] * 24, [0, 700, 0, 300, 24]),
        ([5.0], [0, 1, 0, 0, 0]),
        ([0.0, 10.0], [0, 2, 0, 0, 0]),
        ([-0.1, 10.1], [1, 0, 1, 0, 0]),
        ([None, float("nan")], [0, 0, 0, 2, 0]),
        ([None] * 3, [0, 0, 0, 3, 0]),
        ([float("inf"), float("-inf")], [1, 0, 1, 0, 0]),
        (["5.0", "abc", b"5", ""], [0, 0, 0, 0, 4]),
        ([True, False], [0, 2, 0, 0, 0]),
        ([10**400, -(10**400), 2**53 + 1], [1, 0, 2, 0, 0]),
        ([[1], {"a": 1}, (1,), object()], [0, 0, 0, 0, 4]),
        ([datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1)], [0, 0, 0, 0, 2]),
        ([decimal.Decimal("5.5"), np.float32(5), np.int64(5), 1j], [0, 3, 0, 0, 1]),
        (np.array([5, 6], dtype="int8"), [0, 2, 0, 0, 0]),
        (np.array([5, 6], dtype="float16"), [0, 2, 0, 0, 0]),
        (np.array([True, False]), [0, 2, 0, 0, 0]),
        (np.array(["5", "6"]), [0, 0, 0, 0, 2]),
        (np.array([5, None, "6"], dtype=object), [0, 1, 0, 1, 1]),
        (np.array([5 + 1j]), [0, 0, 0, 0, 1]),
        (np.array(["2026-01-01", "NaT"], dtype="datetime64[ns]"), [0, 0, 0, 1, 1]),
        (np.ma.masked_array([5.0, 6.0], [True, False]), [0, 1, 0, 1, 0]),
        (np.array([np.finfo("f4").max, np.finfo("f4").tiny, -np.finfo("f8").max]), [1, 1, 1, 0, 0]),
        (np.array([[5.0], [6.0]]), [0, 0, 0, 0, 2]),
        ((5.0, 6.0), [0, 2, 0, 0, 0]),
        ("a bare text", [0, 0, 0, 0, 1]),
        (5.0, [0, 1, 0, 0, 0]),
        (None, [0, 0, 0, 1, 0]),
        ({"a": 1}, [0, 0, 0, 0, 1]),
        (np.float64(5), [0, 1, 0, 0, 0]),
    ],
)
def test_every_value_of_a_numeric_column_is_counted_as_what_it_is(column, cells):
    assert numeric_cells(column) == cells


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        (["a", "b", "rare"], {"a": 1, "b": 1, "other": 1}),
        (["new", "newer"], {"new": 2}),
        ([None, float("nan"), np.datetime64("NaT")], {"missing": 3}),
        ([["a"], {"b": 1}, ("a",)], {"wrong": 3}),
        ([1, 1.0, "1", True], {"new": 4}),
        (["", "x" * 10_000], {"new": 2}),
        ([b"a", np.str_("b")], {"a": 1, "b": 1}),
        (np.array(["a", "b"]), {"a": 1, "b": 1}),
        (np.array(["a", None, 3.5], dtype=object), {"a": 1, "missing": 1, "new": 1}),
        ([10**5000, -(10**5000)], {"new": 2}),
        ([float("inf"), 1e300], {"new": 2}),
        ([datetime.date(2026, 1, 1)], {"new": 1}),
        ("a", {"a": 1}),
        ([], {}),
    ],
)
def test_every_value_of_a_categorical_column_is_counted_as_what_it_is(column, cells):
    counts = closed(WORDS, {"x": column}).features.categorical[0].tolist()
    names = ["a", "b", "other", "new", "missing", "wrong"]
    assert {name: count for name, count in zip(names, counts, strict=True) if count} == cells


def test_numbers_and_texts_of_one_value_are_one_category():
    codes = build({"x": [1, 2] * 100}, name="m", version="1")
    counts = closed(codes, {"x": [1, "1", 1.0, np.int8(1), 2, True]}).features.categorical[0]
    assert counts.tolist() == [4, 1, 0, 1, 0, 0]


def test_booleans_are_told_from_one_and_zero():
    flags = build({"x": [True, False] * 100}, name="m", version="1")
    counts = closed(flags, {"x": [True, 1, 0, False, "true"]}).features.categorical[0]
    assert flags.categorical.categories == (("false", "true"),)
    assert counts.tolist() == [1, 2, 0, 2, 0, 0]


def test_missing_extra_and_uneven_columns_are_counted():
    frozen = reference()
    window = closed(frozen, {"amount": [1.0, 2.0, 3.0], "score": [0.0], "surprise": [1, 2, 3]})
    counts = dict(zip(frozen.names, coarse(frozen, window.features), strict=True))
    missing = {name: int(row[cells - 1]) for (name, row), cells in zip(counts.items(), frozen.book.cells, strict=True)}
    assert window.rows == 3
    assert missing == {"amount": 0, "score": 2, "clicks": 3, "age": 3, "prediction": 0, "country": 3}
    assert {name: int(row.sum()) for name, row in counts.items() if row.sum() != 3} == {"prediction": 0}
    assert window.features.unexpected == {"surprise": 3}


def test_names_of_unknown_columns_are_bounded():
    window = closed(NUMBERS, {"x": [1.0], **{f"u{i}": [1] for i in range(500)}})
    assert len(window.features.unexpected) == 101
    assert sum(window.features.unexpected.values()) == 500


def test_names_and_texts_that_cannot_be_stored_do_no_harm():
    half = "\ud800"
    frozen = build({"x": [half] * 50 + ["a"] * 50}, name="m", version="1")
    window = closed(frozen, {"x": [half, "a"], half: [1, 2], 7: [1, 2], "long" * 1000: [1, 2]})
    assert from_bytes(to_bytes(frozen)).fingerprint == frozen.fingerprint
    assert ClosedWindow.from_bytes(window.to_bytes()) == window
    assert window.features.categorical[0].tolist() == [1, 1, 0, 0, 0]
    assert set(window.features.unexpected) == {"?", "7", "long" * 50}


def test_keys_that_cannot_be_stored_are_made_so():
    key = WindowKey("m\ud800", "v" * 999, "pod-é")
    assert (key.model, len(key.version), key.replica) == ("m?", 200, "pod-é")
    window = Window(key, 0.0, 60.0, None).close()
    assert ClosedWindow.from_bytes(window.to_bytes()) == window


def test_absent_labels_are_not_missing_rows():
    frozen = build({"x": np.arange(100.0), "y": np.arange(100.0), "z": ["a", "b"] * 50}, name="m", version="1",
                   labels=["y", "z"])  # fmt: skip
    window = closed(frozen, {"x": [1.0, 2.0]}, {"x": [1.0], "y": [None], "z": ["a"]})
    assert window.features.numeric.sum(axis=1).tolist() == [3, 1]
    assert window.features.categorical.sum(axis=1).tolist() == [1]


@pytest.mark.parametrize("rows", [3, 300])
def test_a_role_that_was_not_observed_gets_no_rows(rows):
    data = columns(rows)
    inputs = {name: column for name, column in data.items() if name != "prediction"}
    frozen = reference()
    window = closed(frozen, inputs, {"prediction": data["prediction"]}, {"surprise": [1] * rows})
    counted = dict(zip(frozen.names, coarse(frozen, window.features).sum(axis=1).tolist(), strict=True))
    assert window.rows == 3 * rows
    assert set(counted.values()) == {rows}


def test_batching_does_not_change_the_counts():
    frozen, data = reference(), columns(5000, seed=3)
    whole = closed(frozen, data)
    parts = closed(frozen, *({name: column[i : i + 7] for name, column in data.items()} for i in range(0, 5000, 7)))
    lists = closed(frozen, {name: list(column) for name, column in data.items()})
    for other in (parts, lists):
        assert np.array_equal(other.features.numeric, whole.features.numeric)
        assert np.array_equal(other.features.categorical, whole.features.categorical)
        assert np.array_equal(other.features.extremes, whole.features.extremes)
        assert np.allclose(other.features.sums, whole.features.sums, rtol=0, atol=32)


def test_without_a_reference_rows_and_traffic_are_kept():
    window = Window(KEY, 60.0, 30.0, None)
    window.add({"x": [1, 2, 3]})
    end = window.close(TrafficCounts(received=5, analysed=3, sampled_out=2))
    assert (end.rows, end.reference_id, end.start, end.end, end.traffic.received) == (3, "", 60.0, 90.0, 5)


def test_a_window_closes_once():
    window = Window(KEY, 0.0, 60.0, NUMBERS)
    window.close()
    with pytest.raises(ValueError, match="closed already"):
        window.close()
    with pytest.raises(ValueError, match="open another"):
        window.add({"x": [1.0]})


def test_an_empty_window_counts_nothing():
    empty = closed(NUMBERS)
    assert empty.rows == 0
    assert empty.features.numeric.sum() == 0


def test_windows_of_different_references_models_or_versions_do_not_merge():
    one, two = closed(NUMBERS, {"x": [1.0]}), closed(WORDS, {"x": ["a"]})
    with pytest.raises(ValueError, match="different references"):
        one | two
    other = Window(type(KEY)("fraud", "2", "pod-1"), 0.0, 60.0, NUMBERS).close()
    with pytest.raises(ValueError, match="one model and version"):
        one | other
    assert (one | NOTHING) == one == (NOTHING | one)


def test_stored_features_are_small():
    rng = np.random.default_rng(0)
    frozen = build({f"f{i}": rng.normal(size=20_000) for i in range(50)}, name="m", version="1")
    window = closed(frozen, {f"f{i}": rng.normal(size=10_000) for i in range(50)})
    assert len(window.to_bytes()) <= 128 * 50


def test_two_thousand_features_work():
    rng = np.random.default_rng(0)
    data = {f"f{i}": rng.normal(size=200) for i in range(2000)}
    frozen = build(data, name="m", version="1")
    assert closed(frozen, data).features.numeric.sum() == 200 * 2000
