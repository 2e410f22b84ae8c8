"""Pictures keep every row, look like the data, and fit the metric's bounds."""

import numpy as np
import pytest

from sentinel.judge.verdict import Finding, State, Verdict
from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from sentinel.telemetry.pictures import DRAWN_BINS, pictures
from sentinel.telemetry.view import MOST_FEATURES, FeaturePicture
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.opened import Window
from sentinel.windows.window import WindowKey

ROWS = 5000


@pytest.fixture(scope="module")
def reference() -> FrozenReference:
    random = np.random.default_rng(1)
    columns = {
        "amount": random.normal(100, 20, ROWS),
        "country": random.choice(["de", "fr", "it"], ROWS, p=[0.6, 0.3, 0.1]).tolist(),
        "prediction": random.beta(1, 5, ROWS),
    }
    return build(columns, name="fraud", version="7")


def close(reference: FrozenReference, columns: dict[str, object]) -> ClosedWindow:
    window = Window(WindowKey("fraud", "7", "a"), 0.0, 60.0, reference)
    window.add(columns)
    return window.close()


def drawn(reference: FrozenReference, closed: ClosedWindow, *found: str) -> dict[str, FeaturePicture]:
    findings = tuple(Finding(name, "input", "input_drift", 0.1, "", 0.0, "psi") for name in found)
    verdict = Verdict("fraud", "7", 0, 60, State.OK, "", findings=findings)
    return {picture.feature: picture for picture in pictures(reference, closed, verdict)}


def test_a_normal_feature_is_drawn_as_a_bell(reference: FrozenReference) -> None:
    random = np.random.default_rng(2)
    told = drawn(reference, close(reference, {"amount": random.normal(120, 20, 2000)}))["amount"]
    assert len(told.bins) == len(told.reference) == len(told.window) == DRAWN_BINS
    assert sum(told.reference) == pytest.approx(1)
    assert sum(told.window) == pytest.approx(1)
    middle = int(np.argmax(told.reference))
    assert DRAWN_BINS // 2 - 2 <= middle <= DRAWN_BINS // 2 + 1
    assert int(np.argmax(told.window)) > middle  # one deviation up: the hump has moved
    assert told.edges == ()


def test_problems_are_shares_of_rows(reference: FrozenReference) -> None:
    closed = close(reference, {"amount": [100.0, None, "text", 1e6], "country": ["de", "xx", None, "fr"]})
    told = drawn(reference, closed)
    assert told["amount"].problems == {"missing": 0.25, "wrong_type": 0.25, "out_of_range": 0.25}
    assert told["country"].problems["new_category"] == 0.25
    assert told["country"].problems["missing"] == 0.25


def test_categories_keep_their_order(reference: FrozenReference) -> None:
    told = drawn(reference, close(reference, {"country": ["it"] * 3 + ["de"]}))["country"]
    assert list(told.bins) == ["de", "fr", "it", "other", "new"]
    assert told.window == (0.25, 0.0, 0.75, 0.0, 0.0)


def test_a_predictions_bins_count_every_row_exactly(reference: FrozenReference) -> None:
    values = np.random.default_rng(3).beta(2, 3, 3000)
    told = drawn(reference, close(reference, {"prediction": values}))["prediction"]
    assert list(told.edges) == sorted(set(told.edges))
    assert len(told.counts) == len(told.edges) + 1
    assert sum(told.counts) == 3000
    for i, edge in enumerate(told.edges):
        assert sum(told.counts[: i + 1]) == (values < edge).sum()


def test_a_window_of_another_reference_has_no_pictures(reference: FrozenReference) -> None:
    other = build({"amount": [1.0, 2.0, 3.0] * 100}, name="fraud", version="8")
    assert drawn(reference, close(other, {"amount": [1.0]})) == {}


def test_only_features_that_the_page_may_show_are_drawn() -> None:
    names = [f"f{i}" for i in range(MOST_FEATURES + 50)]
    wide = build({name: [1.0, 2.0, 3.0] * 20 for name in names}, name="wide", version="1")
    told = drawn(wide, close(wide, {name: [1.0, None] for name in names}), names[-1])
    assert sum(bool(picture.bins) for picture in told.values()) == MOST_FEATURES
    assert told[names[-1]].bins
    assert told[names[-2]].problems["missing"] == 0.5
