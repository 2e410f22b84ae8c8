"""Small worlds for the judge's tests: references, and windows of rows drawn from them. Seeded, no clock."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.opened import Window
from sentinel.windows.window import TrafficCounts, WindowKey

SECONDS = 300.0
Columns = Mapping[str, Any]


def columns(rng: np.random.Generator, rows: int, shift: float = 0.0, approved: float = 0.3) -> dict[str, Any]:
    """Two inputs and one prediction; shift: of `amount`, in sd. approved: share of the predictions."""
    return {
        "amount": rng.normal(shift, 1.0, rows),
        "country": rng.choice(np.array(["DE", "FR", "IT"], dtype=object), rows, p=[0.5, 0.3, 0.2]),
        "prediction": np.where(rng.random(rows) < approved, "yes", "no").astype(object),
    }


def reference(rows: int = 50_000, seed: int = 1) -> FrozenReference:
    data = columns(np.random.default_rng(seed), rows)
    return build(data, name="loans", version="1", predictions=["prediction"])


def window(
    frozen: FrozenReference | None,
    data: Columns,
    index: int,
    *,
    version: str = "1",
    seconds: float = SECONDS,
    traffic: TrafficCounts | None = None,
) -> ClosedWindow:
    """The closed window number `index` of `data`."""
    opened = Window(WindowKey("loans", version, "a"), index * seconds, seconds, frozen)
    opened.add(data)
    return opened.close(traffic)
