"""Vectors as a few numbers each, and as one mergeable sketch for multivariate drift. Pure; directions come from a seed.

Per row: the norm, and projections on fixed random directions (a shift in any direction shows on most of them).

Per window: the mean of random Fourier features (Rahimi, Recht 2007), z(x) = √(2/D)·[cos(ωᵢx), sin(ωᵢx)] with
ω ~ N(0, 1/σ²). ‖mean z(window) − mean z(reference)‖² estimates the squared maximum mean discrepancy of a Gaussian
kernel (Gretton et al. 2012), which is 0 only for equal laws; the estimate has a bias of at most 1/n + 1/N.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sentinel.decode.rows import Column

Matrix = np.ndarray[Any, np.dtype[np.float32]]

PROJECTIONS = 4
FREQUENCIES = 256
"""Cosines and sines of 256 frequencies as float32: 2 KB a sketch."""

MAX_DIMENSIONS = 8192
"""Longer vectors are read up to here; embeddings in use have up to 4,096."""

_SEED = 20261122

ASPECTS = frozenset({"norm"} | {f"projection_{i}" for i in range(PROJECTIONS)})


def columns(vectors: np.ndarray[Any, Any]) -> dict[str, Column]:
    """Aspect -> one value per row of a [rows, dimensions] array."""
    rows = _read(vectors)
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.linalg.norm(rows, axis=1)
        projected = rows @ _directions(rows.shape[1])
    found: dict[str, Column] = {"norm": norms.astype(np.float64)}
    return found | {f"projection_{i}": projected[:, i].astype(np.float64) for i in range(PROJECTIONS)}


def _read(vectors: np.ndarray[Any, Any]) -> Matrix:
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(vectors.reshape(len(vectors), -1)[:, :MAX_DIMENSIONS], dtype=np.float32)


@lru_cache(maxsize=16)
def _directions(dimensions: int) -> Matrix:
    """Unit vectors, one a column."""
    drawn = np.random.default_rng((_SEED, dimensions)).standard_normal((dimensions, PROJECTIONS))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=0), dtype=np.float32)


@lru_cache(maxsize=4)
def _frequencies(dimensions: int) -> Matrix:
    drawn = np.random.default_rng((_SEED, dimensions, FREQUENCIES)).standard_normal((dimensions, FREQUENCIES))
    return np.asarray(drawn, dtype=np.float32)


def typical_distance(vectors: np.ndarray[Any, Any], most: int = 500) -> float:
    """The kernel's width σ by the median rule: the median distance between rows, of at most `most` of them."""
    rows = _read(vectors)[:most]
    squares = (rows**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * rows @ rows.T
    apart = distances[np.triu_indices(len(rows), k=1)]
    return float(np.sqrt(max(float(np.median(apart)), 0.0))) if apart.size else 0.0


@dataclass(frozen=True, slots=True)
class EmbeddingSketch:
    """rows, and the sum over them of the 2 × 256 features. Merges by |; sketches of one width compare."""

    rows: int
    sums: Matrix
    width: float

    @classmethod
    def of(cls, vectors: np.ndarray[Any, Any], width: float) -> "EmbeddingSketch":
        """width: σ > 0, of the reference (see `typical_distance`). Rows beyond its reach are left out."""
        rows = _read(vectors)
        with np.errstate(over="ignore", invalid="ignore"):
            turns = rows @ (_frequencies(rows.shape[1]) / np.float32(width))
        turns = turns[np.isfinite(turns).all(axis=1)]
        sums = np.concatenate((np.cos(turns).sum(axis=0), np.sin(turns).sum(axis=0)))
        return cls(len(turns), sums.astype(np.float32), width)

    def __or__(self, other: "EmbeddingSketch") -> "EmbeddingSketch":
        if self.width != other.width:
            raise ValueError("sketches of different widths do not merge; make both with the reference's width")
        return EmbeddingSketch(self.rows + other.rows, self.sums + other.sums, self.width)

    def squared_mmd(self, other: "EmbeddingSketch") -> float:
        """Estimate of the squared maximum mean discrepancy, 0 to 2; NaN if either is empty."""
        if not self.rows or not other.rows:
            return float("nan")
        apart = self.sums / self.rows - other.sums / other.rows
        return float((apart.astype(np.float64) ** 2).sum() / FREQUENCIES)
