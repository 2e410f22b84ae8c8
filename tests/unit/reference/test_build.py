"""What is inferred and counted when a reference is built."""

import datetime

import numpy as np
import pytest

from sentinel.reference.build import Survey, build, frozen, laid_out
from sentinel.reference.counting import counted
from sentinel.reference.declared import Declared
from tests.support.windows_frames import columns, reference


def kind_of(column: object) -> str:
    return build({"x": column}, name="m", version="1").schema[0].kind


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (np.linspace(0, 1, 500), "numeric"),
        (list(range(500)), "numeric"),
        ([0, 1] * 250, "categorical"),
        ([0.0, 1.0, 2.0] * 100, "categorical"),
        ([1, 2, 3], "numeric"),
        (["a", "b"] * 100, "categorical"),
        ([True, False] * 100, "categorical"),
        (np.array([True, False] * 100), "categorical"),
        ([datetime.date(2026, 1, 1 + i % 28) for i in range(300)], "categorical"),
        (np.arange(300).astype("datetime64[D]"), "categorical"),
        ([None] * 300, "numeric"),
        ([*np.linspace(0, 1, 999).tolist(), "n/a"], "numeric"),
        ([*np.linspace(0, 1, 500).tolist(), *["n/a"] * 100], "categorical"),
        (np.linspace(0, 1, 500).astype("float32"), "numeric"),
        (np.full(500, 7.5), "numeric"),
    ],
)
def test_kind_is_inferred_from_the_values(column, kind):
    assert kind_of(column) == kind


def test_a_kind_that_is_told_is_not_inferred():
    built = build({"x": [0, 1] * 50, "y": ["a"] * 100}, name="m", version="1", kinds={"x": "numeric"})
    assert [spec.kind for spec in built.schema] == ["numeric", "categorical"]


def test_roles_come_from_names_and_lists():
    data = {name: np.arange(100.0) for name in ("age", "prediction", "prediction_proba", "output", "truth")}
    built = build(data, name="m", version="1", predictions=["output"], labels=["truth"])
    assert [spec.role for spec in built.schema] == ["input", "prediction", "prediction", "prediction", "label"]


def test_every_row_falls_into_exactly_one_cell():
    data = columns(3000)
    data["score"][::7] = np.nan
    data["amount"][5] = np.inf
    data["country"][3] = None
    built = build(data, name="m", version="1")
    assert (built.numeric.counts.sum(axis=1) == 3000).all()
    assert (built.categorical.counts.sum(axis=1) == 3000).all()
    assert (built.book.counts.sum(axis=1) == 3000).all()
    assert built.rows == 3000


def test_coarse_cells_are_unions_of_fine_ones_of_about_a_tenth_each_with_the_outer_ones_divided():
    book = reference(50_000).book
    row = book.names.index("score")
    inside = book.counts[row, 1 : book.ordered[row] - 1]
    assert len(inside) == 12
    tenths = np.array([inside[:2].sum(), *inside[2:-2], inside[-2:].sum()])
    assert tenths.min() > 50_000 * 0.08
    assert tenths.max() < 50_000 * 0.12
    assert inside[[0, -1]].max() < 50_000 * 0.02


def test_a_small_reference_gives_no_cell_of_fewer_rows_than_are_worth_one():
    book = reference(200).book
    row = book.names.index("score")
    assert book.counts[row, 1 : book.ordered[row] - 1].min() >= 10


def test_an_atom_has_bins_of_its_own():
    built = reference(5000)
    row = built.numeric.names.index("clicks")
    zeros = int(np.count_nonzero(columns(5000)["clicks"] == 0.0))
    assert zeros in built.numeric.counts[row]
    assert zeros in built.book.counts[row]


def test_values_between_frequent_ones_have_a_cell_apart():
    built = build({"x": [1.0, 2.0, 3.0] * 100}, name="m", version="1", kinds={"x": "numeric"})
    book = built.book
    assert book.cells[0] == book.ordered[0] + 2  # elsewhere, missing
    assert book.counts[0, : book.cells[0]].tolist() == [0, 100, 100, 100, 0, 0, 0]


def test_rare_categories_are_pooled_and_remembered():
    values = ["a"] * 500 + ["b"] * 300 + ["rare"] * 9
    table = build({"x": values}, name="m", version="1").categorical
    assert table.categories == (("a", "b"),)
    assert table.pooled == (frozenset({"rare"}),)
    assert table.counts[0].tolist() == [500, 300, 9, 0, 0, 0]


def test_a_million_categories_stay_bounded():
    rows = 1_000_000
    values = [f"user {i}" for i in range(rows - 200_000)] + ["frequent"] * 200_000
    built = build({"x": values}, name="m", version="1")
    table = built.categorical
    assert table.categories == (("frequent",),)
    assert len(table.pooled[0]) <= 4096
    assert table.complete == (False,)
    assert table.counts.sum() == rows


def test_chunks_give_the_same_reference_as_the_whole():
    data = columns(5000)
    chunks = [{name: column[i : i + 700] for name, column in data.items()} for i in range(0, 5000, 700)]
    survey = Survey()
    for chunk in chunks:
        survey.look(chunk)
    declared = Declared("m", "1")
    plan = laid_out(survey, declared)
    parts = frozen(plan, counted(plan, declared, chunks))
    whole = build(data, name="m", version="1")
    assert np.array_equal(parts.numeric.counts, whole.numeric.counts)
    assert np.array_equal(parts.numeric.edges, whole.numeric.edges)
    assert np.array_equal(parts.categorical.counts, whole.categorical.counts)
    assert np.allclose(parts.numeric.sums, whole.numeric.sums, rtol=0, atol=100)


def test_a_long_column_is_sampled_for_its_bins_and_counted_whole():
    values = np.random.default_rng(1).normal(size=400_000)
    built = build({"x": values}, name="m", version="1")
    counts = built.numeric.counts[0]
    assert counts.sum() == 400_000
    assert built.numeric.quantiles[0, 0] == values.min()
    assert built.numeric.quantiles[0, -1] == values.max()
    inside = counts[1 : built.numeric.bins[0] + 1]
    assert inside.min() > 0.8 * 400_000 / 64
    assert inside.max() < 1.2 * 400_000 / 64


def test_equal_columns_give_equal_fingerprints_and_others_do_not():
    assert reference().fingerprint == reference().fingerprint
    assert reference().fingerprint != build(columns(5000), name="fraud", version="2").fingerprint
    assert reference().fingerprint != build(columns(5000, seed=1), name="fraud", version="1").fingerprint


@pytest.mark.parametrize(
    ("given", "options", "sentence"),
    [
        ({}, {}, "at least one column"),
        ({"x": []}, {}, "at least one row"),
        ({"x": [1], "y": [1, 2]}, {}, "columns 'x' and 'y' have 1 and 2 rows"),
        ({"x": [1]}, {"predictions": ["y"]}, "predictions names 'y', which is no column; columns are x"),
        ({"x": [1]}, {"kinds": {"z": "numeric"}}, "kinds names 'z'"),
        ({"x": [1]}, {"kinds": {"x": "text"}}, "column 'x' cannot be 'text'; its kind is numeric or categorical"),
    ],
)
def test_what_cannot_be_a_reference_is_refused_in_a_sentence(given, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(given, name="m", version="1", **options)


@pytest.mark.parametrize("rows", [1, 2, 7, 60, 500])
def test_references_smaller_than_their_bins_work(rows):
    built = build({"x": np.random.default_rng(0).normal(size=rows)}, name="m", version="1")
    assert built.numeric.counts.sum() == rows
    assert built.numeric.bins[0] <= rows // 8 + 1
