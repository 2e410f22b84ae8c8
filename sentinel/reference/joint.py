"""The joint law of the numeric inputs, as one small mergeable sketch: drift that no feature shows alone. Pure.

Random Fourier features (Rahimi, Recht 2007): a row u of inputs, each in reference deviations from its median and within
± `FAR`, missing ones 0, becomes cos(ωᵢu), sin(ωᵢu) for fixed random ω ~ N(0, I/F). The distance of the means of two
samples of rows estimates the maximum mean discrepancy of a Gaussian kernel of width √F (Gretton et al. 2012), which is
0 only for equal laws. Every row has length 1 in these features, so the estimate can be made unbiased in closed form.

Counting costs about a third more with it, so a reference has it only where it was built with `joint`.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]

FREQUENCIES = 32
"""Cosines and sines of these many directions: 64 numbers, about 200 bytes in a stored window."""
FAR = 8.0
"""Deviations beyond which a value is as far as can be: an outlier must not spin through all phases."""
UNIT = 2.0**-16
"""Sums are kept in these fractions, as integers, so that merging them is exact."""
_SEED = 20_261_122


@dataclass(frozen=True, slots=True, eq=False)
class JointSketch:
    """rows, and the sums over them of the 2 × `FREQUENCIES` features in `UNIT`. Merges by |."""

    rows: int
    sums: NDArray[np.int64]

    @classmethod
    def nothing(cls) -> "JointSketch":
        return cls(0, np.zeros(2 * FREQUENCIES, dtype=np.int64))

    def __or__(self, other: "JointSketch") -> "JointSketch":
        return JointSketch(self.rows + other.rows, self.sums + other.sums)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JointSketch):
            return NotImplemented
        return self.rows == other.rows and np.array_equal(self.sums, other.sums)

    def with_rows(self, scaled: Singles) -> "JointSketch":
        """With the rows of a block [features, rows] of values in deviations; columns that are all NaN are no rows."""
        absent = np.isnan(scaled)
        there = ~absent.all(axis=0)
        near = np.where(absent, np.float32(0), np.clip(scaled, -FAR, FAR))[:, there]
        turns = _directions(len(scaled)) @ near
        sums = np.concatenate([np.cos(turns).sum(axis=1), np.sin(turns).sum(axis=1)])
        return self | JointSketch(int(there.sum()), np.rint(sums / UNIT).astype(np.int64))

    def distance(self, other: "JointSketch") -> float:
        """Maximum mean discrepancy, 0 … √2: the root of its unbiased estimate, 0 where that is negative.

        NaN where a side has fewer than two rows.
        """
        n, m = self.rows, other.rows
        if min(n, m) < 2:
            return float("nan")
        p, q = self._means(), other._means()
        squares = [(k * float(mean @ mean) / FREQUENCIES - 1) / (k - 1) for k, mean in ((n, p), (m, q))]
        return math.sqrt(max(sum(squares) - 2 * float(p @ q) / FREQUENCIES, 0.0))

    def _means(self) -> Floats:
        return self.sums.astype(np.float64) * (UNIT / self.rows)


@lru_cache(maxsize=4)
def _directions(features: int) -> Singles:
    drawn = np.random.default_rng((_SEED, features)).standard_normal((FREQUENCIES, features))
    directions: Singles = (drawn / np.sqrt(features)).astype(np.float32)
    return directions
