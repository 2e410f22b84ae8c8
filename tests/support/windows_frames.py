"""Small references and columns for tests of references, windows and scores."""

from typing import Any

import numpy as np

from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from sentinel.windows import ClosedWindow, Window, WindowKey

KEY = WindowKey("fraud", "1", "pod-1")


def columns(rows: int = 5000, seed: int = 0, shift: float = 0.0) -> dict[str, Any]:
    """Continuous, heavy-tailed, zero-inflated, whole and categorical columns, and a prediction."""
    rng = np.random.default_rng(seed)
    amount = rng.lognormal(size=rows) * np.exp(shift)
    return {
        "amount": amount,
        "score": rng.normal(size=rows) + shift,
        "clicks": np.where(rng.random(rows) < 0.4, 0.0, rng.normal(size=rows) + shift),
        "age": rng.integers(18, 90, rows) + round(10 * shift),
        "country": rng.choice(["NL", "DE", "FR", "BE"], rows, p=[0.5, 0.3, 0.15, 0.05]).tolist(),
        "prediction": rng.random(rows) ** (1 + shift),
    }


def reference(rows: int = 5000, **options: Any) -> FrozenReference:
    return build(columns(rows), name="fraud", version="1", **options)


def closed(frozen: FrozenReference, *batches: Any, start: float = 0.0, key: WindowKey = KEY) -> ClosedWindow:
    """The window of some batches of columns."""
    window = Window(key, start, 60.0, frozen)
    for batch in batches:
        window.add(batch)
    return window.close()
