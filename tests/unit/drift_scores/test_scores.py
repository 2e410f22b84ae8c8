"""Scores agree with independent definitions: scipy.stats on raw values or on the same bins."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial import distance

from sentinel.drift.scores import score
from sentinel.reference.build import build
from tests.support.windows_frames import closed, columns, reference

REFERENCE = columns(20_000)
FROZEN = build(REFERENCE, name="fraud", version="1")
SHIFTS = [0.0, 0.1, 0.5, 2.0]
NUMERIC = ["amount", "score", "clicks", "age", "prediction"]


def scored(shift: float, rows: int = 4000):
    data = columns(rows, seed=9, shift=shift)
    return data, score(FROZEN, closed(FROZEN, data))


def binned(values, name):
    """Shares of raw values in the coarse cells, recomputed here from the edges."""
    row = FROZEN.numeric.names.index(name)
    m = FROZEN.numeric.bins[row]
    fine = np.searchsorted(FROZEN.numeric.edges[row, : m + 1], values, side="right")
    cells = FROZEN.book.cells[row] - 1
    return np.bincount(FROZEN.numeric_book[row][fine], minlength=cells)


def largest_share(values, edges):
    """Largest share of the values in one bin, atoms aside: those are exact."""
    bins = np.searchsorted(edges, values, side="right") - 1
    counts = np.bincount(bins[(bins >= 0) & (bins < len(edges) - 1)], minlength=len(edges) - 1)
    return counts[np.diff(edges) > 1e-9].max() / len(values)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("name", NUMERIC)
def test_ks_is_a_lower_bound_within_one_bin_of_scipys(name, shift):
    data, scores = scored(shift)
    exact = stats.ks_2samp(REFERENCE[name], data[name]).statistic
    row = FROZEN.numeric.names.index(name)
    edges = FROZEN.numeric.edges[row, : FROZEN.numeric.bins[row] + 1]
    largest_bin = max(largest_share(values, edges) for values in (REFERENCE[name], data[name]))
    assert exact - largest_bin <= scores[name].distances["ks"] <= exact + 1e-12


def test_ks_is_exact_at_atoms():
    frozen = build({"x": [1.0, 2.0, 3.0, 4.0] * 500}, name="m", version="1", kinds={"x": "numeric"})
    window = [1.0] * 10 + [4.0] * 30
    exact = stats.ks_2samp([1.0, 2.0, 3.0, 4.0] * 500, window).statistic
    assert score(frozen, closed(frozen, {"x": window}))["x"].distances["ks"] == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("name", NUMERIC)
def test_wasserstein_is_within_its_bound_of_scipys(name, shift):
    data, scores = scored(shift)
    spread = np.std(REFERENCE[name])
    exact = stats.wasserstein_distance(REFERENCE[name], data[name]) / spread
    row = FROZEN.numeric.names.index(name)
    m = FROZEN.numeric.bins[row]
    edges = FROZEN.numeric.edges[row, : m + 1]
    low, high = min(edges[0], data[name].min()), max(edges[-1], data[name].max())
    widths = np.diff([low, *edges, high])
    cells = np.bincount(np.searchsorted(edges, data[name], side="right"), minlength=m + 2)
    bound = (cells / cells.sum() * widths).sum() / spread
    assert abs(scores[name].distances["wasserstein"] - exact) <= bound
    assert scores[name].distances["wasserstein"] == pytest.approx(exact, rel=0.08, abs=0.02)


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("name", NUMERIC)
def test_binned_distances_follow_their_formulas(name, shift):
    data, scores = scored(shift)
    before, after = binned(REFERENCE[name], name), binned(data[name], name)
    p, q = before / before.sum(), after / after.sum()
    smooth_p, smooth_q = ((c + 0.5) / (c.sum() + 0.5 * len(c)) for c in (before, after))
    found = scores[name].distances
    assert found["jensen_shannon"] == pytest.approx(distance.jensenshannon(p, q), abs=1e-9)
    assert found["hellinger"] == pytest.approx(np.linalg.norm(np.sqrt(p) - np.sqrt(q)) / np.sqrt(2), abs=1e-7)
    psi = stats.entropy(smooth_p, smooth_q) + stats.entropy(smooth_q, smooth_p)
    assert found["psi"] == pytest.approx(psi, abs=1e-9)


@pytest.mark.parametrize("shares", [[0.5, 0.3, 0.15, 0.05], [0.4, 0.4, 0.15, 0.05], [0, 0, 0, 1.0]])
def test_categorical_distances_follow_their_formulas(shares):
    names = ["NL", "DE", "FR", "BE"]
    window = np.random.default_rng(2).choice(names, 3000, p=shares).tolist()
    found = score(FROZEN, closed(FROZEN, {**columns(3000), "country": window}))["country"].distances
    before = np.array([REFERENCE["country"].count(name) for name in names])
    after = np.array([window.count(name) for name in names])
    p, q = before / before.sum(), after / after.sum()
    table = np.stack([before, after])
    assert found["chi2"] == pytest.approx(stats.chi2_contingency(table, correction=False).statistic)
    assert found["total_variation"] == pytest.approx(distance.cityblock(p, q) / 2)
    assert found["l_infinity"] == pytest.approx(distance.chebyshev(p, q))
    assert found["jensen_shannon"] == pytest.approx(distance.jensenshannon(p, q))


def test_a_window_like_the_reference_scores_nothing_but_noise():
    scores = score(FROZEN, closed(FROZEN, REFERENCE))
    for feature in scores.values():
        assert max(feature.distances.values()) < 1e-6, feature


@pytest.mark.parametrize(
    ("column", "distances", "change"),
    [
        ([None] * 5, False, "no values, missing 0 → 100 %"),
        (["x"] * 5, False, "no values, wrong type 0 → 100 %"),
        ([0.5], True, "mean"),
        ([float("inf")] * 3, True, "out of range 0 → 100 %"),
        ([1e308, -1e308], True, "out of range 0 → 100 %"),
    ],
)
def test_extreme_windows_have_finite_scores(column, distances, change):
    frozen = build({"x": np.random.default_rng(0).normal(size=1000)}, name="m", version="1")
    found = score(frozen, closed(frozen, {"x": column}))["x"]
    assert bool(found.distances) is distances
    assert all(np.isfinite(value) for value in found.distances.values())
    assert change in found.change


@pytest.mark.parametrize(
    "column",
    [np.full(300, 7.5), np.full(300, np.nan), [None] * 300, np.array([1e-45, 3e38] * 150, dtype="float32"),
     np.array([-1.7e308, 1.7e308] * 150), np.arange(300) + 2.0**53, [10**30] * 150 + [10**31] * 150],
)  # fmt: skip
def test_extreme_references_have_finite_scores(column):
    frozen = build({"x": column}, name="m", version="1", kinds={"x": "numeric"})
    for window in (column, [0.0, 1.0], [None]):
        found = score(frozen, closed(frozen, {"x": window}))["x"]
        assert all(np.isfinite(value) for value in found.distances.values())


def test_an_empty_window_has_no_scores_and_a_foreign_one_is_refused():
    assert score(FROZEN, closed(FROZEN)) == {}
    other = reference(100)
    with pytest.raises(ValueError, match="score it with its own"):
        score(FROZEN, closed(other, columns(10)))


def test_changes_are_told_in_the_operators_words():
    data = columns(4000, seed=5)
    data["score"] = data["score"] * 2 + 1
    data["country"] = ["DE"] * 3000 + ["XX"] * 1000
    data["age"] = [None] * 1000 + data["age"][1000:].tolist()
    scores = score(FROZEN, closed(FROZEN, data))
    assert scores["score"].change.startswith("mean +1.0")
    assert "spread × 2.0" in scores["score"].change
    assert "median" in scores["score"].change
    assert "“DE” 29.7 → 75 %" in scores["country"].change
    assert "new categories 0 → 25 %" in scores["country"].change
    assert "XX" not in scores["country"].change
    assert "missing 0 → 25 %" in scores["age"].change


@pytest.mark.parametrize("data", [{"x": ["a", "b"] * 100}, {"x": np.linspace(0, 1, 200)}])
def test_a_reference_of_one_kind_of_feature_scores(data):
    frozen = build(data, name="m", version="1")
    scores = score(frozen, closed(frozen, data))
    assert list(scores) == ["x"]
    assert max(scores["x"].distances.values()) < 1e-6


def test_long_categories_are_never_told():
    prompt = "please summarise the following letter to my doctor"
    frozen = build({"x": [prompt] * 500 + ["b"] * 500}, name="m", version="1")
    change = score(frozen, closed(frozen, {"x": ["b"] * 100}))["x"].change
    assert change == "“b” 50 → 100 %, a long text 50 → 0 %"


def test_mean_shift_and_missing_ratio_are_right():
    data = columns(4000, seed=5)
    data["score"][:400] = np.nan
    found = score(FROZEN, closed(FROZEN, data))["score"]
    shift = (np.nanmean(data["score"]) - REFERENCE["score"].mean()) / REFERENCE["score"].std()
    assert found.change.startswith(f"mean {shift:+.2f} sd")
    assert found.missing_ratio == 0.1
    assert (found.feature, found.role, found.rows) == ("score", "input", 4000)
