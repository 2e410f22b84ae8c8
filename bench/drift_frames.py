"""The data of the drift benchmark: 50 numeric and 10 categorical columns, the same in every process."""

from typing import Any

import numpy as np

NUMERIC, CATEGORICAL = 50, 10


def columns(rows: int, seed: int, shift: float = 0.0) -> dict[str, Any]:
    """Normal, log-normal, uniform, zero-inflated and whole-number columns in turn; categories of 5 to 50 texts."""
    rng = np.random.default_rng(seed)
    made: dict[str, Any] = {}
    for i in range(NUMERIC):
        draw = rng.normal(size=rows) + shift
        made[f"n{i}"] = (
            draw,
            np.exp(draw),
            rng.random(rows),
            np.where(rng.random(rows) < 0.4, 0.0, draw),
            np.round(20 * draw),
        )[i % 5]
    for i in range(CATEGORICAL):
        names = np.array([f"category {k}" for k in range(5 * (i + 1))], dtype=object)
        made[f"c{i}"] = names[rng.integers(0, len(names), rows)]
    return made
