"""Segments: what a reference holds of each of the most frequent values of a column, and of all other values. Pure.

Counts are coarse (the cells of the budget book), so that a segment costs tens of bytes a feature.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_VALUES = 5
"""Values of a column told apart; all others, missing ones too, are one segment: OTHERS."""
OTHERS = "__other__"


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """values: of the column, most frequent first. counts: [S + 1, F, K] laid out as the reference's `book`, the last
    being all other values."""

    column: str
    values: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.values, OTHERS)
