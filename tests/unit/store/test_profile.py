"""Means and quantiles of a window's features, in their own units."""

import numpy as np
import pytest

from sentinel.reference.build import build
from sentinel.store.profile import profiles
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.opened import Window
from sentinel.windows.window import WindowKey
from tests.support import store_values as some


def test_profiles_are_close_to_the_values() -> None:
    random = np.random.default_rng(1)
    reference = build({"amount": random.normal(50, 10, 20_000)}, name="fraud", version="1")
    values = random.normal(60, 10, 5_000)
    window = Window(WindowKey("fraud", "1", "a"), 0.0, 60.0, reference)
    window.add({"amount": values})
    shape = profiles(reference, window.close())["amount"]
    assert shape.mean == pytest.approx(values.mean(), abs=0.1)
    widths = {
        "q05": 2,
        "q25": 2,
        "q50": 2,
        "q75": 2,
        "q95": 8,
    }  # the outermost bin, where q95 of shifted values lies, is wide
    for name, width in widths.items():
        assert getattr(shape, name) == pytest.approx(np.quantile(values, int(name[1:]) / 100), abs=width)


def test_no_reference_no_profiles() -> None:
    window: ClosedWindow = some.window()
    assert profiles(None, window) == {}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("columns", [{"k": ["a", "b"] * 100}, {"x": [1.0] * 200}])
def test_windows_without_numbers_have_no_shape(columns: dict[str, list[object]]) -> None:
    reference = build(columns, name="fraud", version="1")
    empty = Window(WindowKey("fraud", "1", "a"), 0.0, 60.0, reference).close()
    assert all(np.isnan(shape.mean) and np.isnan(shape.q50) for shape in profiles(reference, empty).values())
