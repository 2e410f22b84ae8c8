"""Values land in the very cells that a search among the edges gives, whatever the law of reference and window."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sentinel import Reference
from sentinel.reference.binning import CLIP, grids_of, scaled_edges
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.tally import Tally

LAWS = {
    "normal": lambda rng, rows: rng.normal(size=rows),
    "heavy": lambda rng, rows: np.exp(4 * rng.normal(size=rows)),
    "cauchy": lambda rng, rows: rng.standard_cauchy(rows),
    "far apart": lambda rng, rows: rng.choice([-1e9, 1e9], rows) + rng.normal(size=rows),
    "zeros": lambda rng, rows: np.where(rng.random(rows) < 0.5, 0.0, rng.normal(size=rows)),
    "whole": lambda rng, rows: np.round(20 * rng.normal(size=rows)),
    "constant": lambda rng, rows: np.full(rows, 3.25),
    "offset": lambda rng, rows: 1e12 + rng.random(rows),
    "missing": lambda rng, rows: np.full(rows, np.nan),
    "huge": lambda rng, rows: rng.normal(size=rows) * 1e300,
}


def reference(rows: int, seed: int) -> FrozenReference:
    rng = np.random.default_rng(seed)
    columns = {name: law(rng, rows) for name, law in LAWS.items()}
    return Reference.build(columns, name="m", version="1", kinds=dict.fromkeys(columns, "numeric"))


KNOWN = [reference(rows, seed) for rows, seed in ((3, 0), (300, 1), (20_000, 2))]
VALUES = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-3, 3) | st.sampled_from([0.0, 3.25, 1e12, -1e9])


def searched(known: FrozenReference, columns: list[np.ndarray]) -> np.ndarray:
    """Cells by one search a value."""
    table = known.numeric
    cells = np.zeros_like(table.counts)
    with np.errstate(over="ignore"):
        for row, edges, centre, scale, column in zip(
            cells, scaled_edges(table), table.centre, table.scale, columns, strict=True
        ):
            scaled = np.clip((column - centre) * (1 / scale), -CLIP, CLIP).astype(np.float32)
            present = scaled[~np.isnan(scaled)]
            row[: len(row) - 2] = np.bincount(np.searchsorted(edges, present, side="right"), minlength=len(row) - 2)
            row[-2] = len(column) - len(present)
    return cells


@settings(deadline=None)
@given(st.sampled_from(KNOWN), st.integers(0, 2**32), st.data())
def test_cells_are_those_of_a_search(known: FrozenReference, seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    drawn = data.draw(arrays(np.float64, (len(LAWS), 7), elements=VALUES))
    edges = known.numeric.edges
    near = [rng.choice(row[np.isfinite(row)], 9) for row in edges]  # on the edges, and the floats beside them
    around = [np.concatenate([at, np.nextafter(at, np.inf), np.nextafter(at, -np.inf)]) for at in near]
    columns = [
        np.concatenate([own, beside, law(rng, 40)])
        for own, beside, law in zip(drawn, around, LAWS.values(), strict=True)
    ]
    tally = Tally(known)
    tally.add_numbers(columns, len(columns[0]))
    np.testing.assert_array_equal(tally.numeric, searched(known, columns))


def test_halvings_stay_few_where_edges_are_dense() -> None:
    known = KNOWN[-1].numeric
    most = max(len(grid.halvings) for grid in grids_of(known))
    assert most <= int(known.bins.max()).bit_length()
    assert sorted(int(i) for grid in grids_of(known) for i in grid.features) == list(range(len(known.names)))


@settings(deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 199), min_size=1, max_size=6))
def test_cells_and_extremes_do_not_depend_on_how_rows_come(seed: int, cuts: list[int]) -> None:
    known, rng = KNOWN[1], np.random.default_rng(seed)
    columns = [law(rng, 200) for law in LAWS.values()]
    whole, parts = Tally(known), Tally(known)
    whole.add_numbers(columns, 200)
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), 200], strict=True):
        parts.add_numbers([column[begin:end] for column in columns], end - begin)
    np.testing.assert_array_equal(parts.numeric, whole.numeric)
    np.testing.assert_array_equal(parts.extremes, whole.extremes)
    np.testing.assert_allclose(parts.sums, whole.sums, rtol=0, atol=len(cuts) + 1)
