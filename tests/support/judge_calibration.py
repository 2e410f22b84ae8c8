"""Simulated months for the budget book: worlds that make counts, and the page rule run over them. Seeded.

Used by tests/calibration (fast) and bench/calibration (long). Windows are of five minutes, 8,640 a month.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from sentinel.drift.accounts import normal_scores
from sentinel.drift.book import Book
from sentinel.drift.budget import FalsePageBudget
from sentinel.drift.capital import total
from sentinel.drift.laws import BinnedFeatures, Laws

WINDOW_SECONDS = 300.0
MONTH = 8_640
BIN_SHARES = (1 / 64, 0.1 - 1 / 64, *[0.1] * 8, 0.1 - 1 / 64, 1 / 64)
"""Quantile bins as a reference makes them: deciles, the outer ones divided."""
CHUNK = 240
"""Windows drawn at once."""

Chunk = np.ndarray
"""Counts [windows, F, K]."""


def numeric_cells(rng: np.random.Generator, features: int, rows: int) -> np.ndarray:
    """Reference counts [F, K] of numeric features cut at their own quantiles: below, bins, above, missing.

    The true law of the cells is Dirichlet (spacings of order statistics), which `spacings` draws.
    """
    upto = np.rint(rows * np.cumsum(BIN_SHARES)).astype(np.int64)
    counts = np.zeros((features, len(BIN_SHARES) + 3), dtype=np.int64)
    counts[:, 1:-2] = np.diff(upto, prepend=0)
    return counts


def spacings(rng: np.random.Generator, counts: np.ndarray) -> np.ndarray:
    """True laws [F, K] of cells that a sample cut at its own order statistics filled with `counts`; none missing."""
    shape = np.maximum(counts.astype(float), 0.0)
    shape[:, 0] = shape[:, -2] = 1.0
    laws = rng.standard_gamma(shape)
    return laws / laws.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class World:
    """laws: [F, K] true law of the reference. chunks: endless counts [windows, F, K] of the live traffic."""

    features: BinnedFeatures
    laws: np.ndarray
    chunks: Callable[[np.random.Generator], Iterator[Chunk]]


def binned(counts: np.ndarray, ordered: int, tolerance: float) -> BinnedFeatures:
    number, cells = counts.shape
    return BinnedFeatures(
        names=tuple(f"f{i}" for i in range(number)),
        counts=counts,
        cells=np.full(number, cells),
        ordered=np.full(number, ordered),
        weights=np.full(number, 1 / number),
        tolerances=np.full(number, tolerance),
        dependence=np.full(number, np.nan),
    )


def reweighted(features: BinnedFeatures, weights: np.ndarray) -> BinnedFeatures:
    """The features with other shares [F] of the budget."""
    return replace(features, weights=weights)


def independent(laws: np.ndarray, rows: int) -> Callable[[np.random.Generator], Iterator[Chunk]]:
    def chunks(rng: np.random.Generator) -> Iterator[Chunk]:
        while True:
            yield rng.multinomial(rows, laws, size=(CHUNK, len(laws)))

    return chunks


def numeric_world(seed: int, features: int, rows: int, reference_rows: int, tolerance: float = 0.005) -> World:
    """Numeric features, nothing drifting, rows independent."""
    rng = np.random.default_rng(seed)
    counts = numeric_cells(rng, features, reference_rows)
    laws = spacings(rng, counts)
    return World(binned(counts, len(BIN_SHARES) + 2, tolerance), laws, independent(laws, rows))


def decile_world(seed: int, features: int, rows: int, reference_rows: int, tolerance: float = 0.005) -> World:
    """As `numeric_world`, in ten equal bins: the usual cells of a classical test."""
    rng = np.random.default_rng(seed)
    counts = np.zeros((features, 13), dtype=np.int64)
    counts[:, 1:-2] = reference_rows // 10
    laws = spacings(rng, counts)
    return World(binned(counts, 12, tolerance), laws, independent(laws, rows))


def even_world(seed: int, features: int, rows: int, reference_rows: int, tolerance: float = 0.005) -> World:
    """Categorical features of 20 categories alike, nothing drifting."""
    laws = np.tile(np.array([0.05] * 20 + [0.0, 0.0]), (features, 1))
    counts = np.random.default_rng(seed).multinomial(reference_rows, laws)
    return World(binned(counts, 0, tolerance), laws, independent(laws, rows))


def one_cell_up(world: World) -> np.ndarray:
    """The world's laws with the first cell of every feature raised to the tolerance."""
    first = world.laws[:, :1]
    rise = np.sqrt(2 * world.features.tolerances[:, None] * first * (1 - first))
    moved = world.laws * (1 - rise / (1 - first))
    moved[:, :1] = first + rise
    return moved


def categorical_world(seed: int, features: int, rows: int, reference_rows: int, tolerance: float = 0.005) -> World:
    """Categorical features of 20 categories, half of them rare, nothing drifting."""
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, 21) ** 2.2
    laws = np.zeros((features, 22))
    laws[:, :20] = share / share.sum()
    counts = np.stack([rng.multinomial(reference_rows, law) for law in laws])
    rare = counts[:, :20] < 10  # rare categories are pooled into other, as the reference does
    counts[:, 20] = np.where(rare, counts[:, :20], 0).sum(axis=1)
    laws[:, 20] = np.where(rare, laws[:, :20], 0).sum(axis=1)
    counts[:, :20][rare] = 0
    laws[:, :20][rare] = 0
    return World(binned(counts, 0, tolerance), laws, independent(laws, rows))


def on_the_edge(world: World, seed: int, rows: int) -> World:
    """Every feature stands at the tolerance, each in a direction of its own: the worst law of the null."""
    rng = np.random.default_rng(seed)
    edge = np.array([_edge(rng, law, t) for law, t in zip(world.laws, world.features.tolerances, strict=True)])
    return replace(world, chunks=independent(edge, rows))


def shifted(world: World, shift: float, features: slice = slice(None)) -> np.ndarray:
    """The world's laws with some numeric features moved by `shift` standard deviations (normal scores)."""
    laws = world.laws.copy()
    ordered = int(world.features.ordered[0])
    for f in range(len(laws))[features]:
        tilted = laws[f] * np.exp(shift * normal_scores(laws[f], ordered))
        laws[f] = tilted / tilted.sum()
    return laws


def widened(world: World, factor: float, features: slice = slice(None)) -> np.ndarray:
    """The world's laws with the spread of some normal numeric features multiplied."""
    laws = world.laws.copy()
    ends = np.cumsum(laws[features, :-2], axis=1)
    below = ndtr(ndtri(np.clip(ends, 1e-300, 1 - 1e-16)) / factor)
    laws[features, :-1] = np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=(0.0, 1.0)), axis=1)
    return laws


def _edge(rng: np.random.Generator, law: np.ndarray, tolerance: float) -> np.ndarray:
    live = law > 0
    while True:
        d = np.where(live, rng.normal(size=len(law)) * np.sqrt(law), 0.0)
        d -= d.sum() * law
        d *= np.sqrt(2 * tolerance / np.sum(d[live] ** 2 / law[live]))
        if (law + d >= 0).all():
            return law + d
        law_room = np.min(law[d < 0] / -d[d < 0])
        if rng.random() < 0.05:  # no direction fits at full size: go as far as this one does
            return law + d * law_room * (1 - 1e-12)


@dataclass
class Outcome:
    """pages: windows at which pages opened. resolved: windows at which they ended. wealth: largest log wealth seen."""

    pages: list[int]
    resolved: list[int]
    wealth: float


def run(laws: Laws, chunks: Iterator[Chunk], windows: int, book: Book | None = None) -> Outcome:
    """The page rule of the judge over `windows` windows of one book that has the whole budget."""
    book = book or Book(laws, FalsePageBudget(), 1.0)
    outcome, leading, at = Outcome([], [], -np.inf), [], 0
    for chunk in chunks:
        for counts in chunk:
            at += 1
            if at > windows:
                return outcome
            book.pay(WINDOW_SECONDS)
            book.observe(counts, at=(at - 0.5) * WINDOW_SECONDS)
            if leading:
                if book.recovered(leading, WINDOW_SECONDS):
                    book.clear()
                    outcome.resolved.append(at)
                    leading = []
                continue
            wealth = total(book.log_wealth())
            outcome.wealth = max(outcome.wealth, wealth)
            if wealth >= 0 and (spans := book.gate()):
                outcome.pages.append(at)
                leading = list(spans)
                book.restart_blocks()
    return outcome


def false_pages(world: World, seed: int, windows: int = MONTH) -> Outcome:
    return run(Laws.of(world.features), world.chunks(np.random.default_rng(seed)), windows)
