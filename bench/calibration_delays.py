"""How long drifts stand before they are paged: by the book, by multi-scale χ² and by common rules.

The runs of a cell are simulated side by side, as features of one book that each have a thirtieth of its budget and
drift; a run ends when its own wealth, without the little that others would add, reaches 1 and passes the gate. Drifts
begin at times spread over a day, for they do not wait until the blocks of a χ² begin.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from bench import calibration_worlds as worlds
from bench.calibration_chi_square import MultiScale
from bench.calibration_rivals import Rivals
from sentinel.drift.book import Book
from sentinel.drift.budget import FalsePageBudget
from sentinel.drift.laws import Laws
from tests.support import judge_calibration as sim

FEATURES = 30
DRIFT_AT = 600
"""Windows before a drift begins, two days: dependence and savings are as they are in service."""
RAMP_WINDOWS = 288
PHASES = 288
"""Windows over which the beginnings of the runs' drifts are spread."""
TINY = 1e-300

Shift = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(mean, spread) of drifting normal features [runs], by windows since each drift began."""


def _constant(mean: float, spread: float) -> Shift:
    return lambda age: (np.full(len(age), mean), np.full(len(age), spread))


SHIFTS: dict[str, Shift] = {
    "mean 0.1 sd": _constant(0.1, 1.0),
    "mean 0.25 sd": _constant(0.25, 1.0),
    "mean 0.5 sd": _constant(0.5, 1.0),
    "sd × 1.2": _constant(0.0, 1.2),
    "ramp 0 → 0.5 sd in a day": lambda age: (0.5 * np.minimum(age / RAMP_WINDOWS, 1.0), np.ones(len(age))),
}
CATEGORIES: dict[str, tuple[list[float], int, float]] = {
    "category of 5, + 5 points": ([0.2] * 5, 0, 0.05),
    "category of 5, + 10 points": ([0.2] * 5, 0, 0.1),
    "category of 20, + 5 points": ([0.05] * 20, 0, 0.05),
    "rare category of 20, + 3 points": ([0.1] * 9 + [0.0098] * 10 + [0.002], 19, 0.03),
}


def numeric(drift: str, **options: Any) -> dict[str, Any]:
    """One numeric feature of 30 drifts."""
    cells = worlds.Cells.drawn(0, options["runs"], options["reference_rows"])
    edges = ndtri(np.clip(cells.edges, TINY, 1 - 1e-16))

    def law(age: np.ndarray) -> np.ndarray:
        mean, spread = SHIFTS[drift](age)
        below = ndtr((edges - mean[:, None]) / spread[:, None])
        ends = np.zeros((len(edges), 1)), np.ones((len(edges), 2))
        moved = np.diff(np.concatenate([ends[0], below, ends[1]], axis=1), axis=1)
        return moved / moved.sum(axis=1, keepdims=True)

    return found(cells.features(options["tolerance"]), cells.laws, law, **options)


def categorical(drift: str, **options: Any) -> dict[str, Any]:
    """One categorical feature of 30 drifts: a category gains points, the others lose them in proportion."""
    share, cell, points = CATEGORIES[drift]
    law = np.array([*share, 0.0, 0.0])
    moved = law * (1 - points / (1 - law[cell]))
    moved[cell] = law[cell] + points
    laws = np.tile(law, (options["runs"], 1))
    counts = np.random.default_rng(0).multinomial(options["reference_rows"], laws)
    drifted = np.tile(moved, (options["runs"], 1))
    return found(sim.binned(counts, 0, options["tolerance"]), laws, lambda _: drifted, **options)


def found(features: Any, healthy: np.ndarray, drifted: Any, **options: Any) -> dict[str, Any]:
    """Windows until each method pages, by run; None: not within `most` windows."""
    of_share = np.full(options["runs"], 1 / FEATURES)
    laws = Laws.of(sim.reweighted(features, of_share))
    book = Book(laws, FalsePageBudget(), 1.0)
    rivals = {
        name: (join, MultiScale(join(features.counts), options["tolerance"], FEATURES, inflated))
        for name, (join, inflated) in CHI_SQUARES.items()
        if (features.ordered.any() or join is not deciles) and (options["tolerance"] or not inflated)
    }
    rng = np.random.default_rng(1)
    begins = np.arange(options["runs"]) * PHASES // options["runs"]
    ends = {name: np.full(options["runs"], np.inf) for name in ("book", *rivals)}
    for i in count(-DRIFT_AT):
        age = i - begins
        if age.min() >= options["most"] or all(np.isfinite(end).all() for end in ends.values()):
            break
        law = np.where((age >= 0)[:, None], drifted(np.maximum(age, 0)), healthy) if i >= 0 else healthy
        counts = rng.multinomial(options["rows"], law)
        book.pay(sim.WINDOW_SECONDS)
        book.observe(counts)
        paged = {name: rival.pages(join(counts)) for name, (join, rival) in rivals.items()}
        large = book.excess(range(len(healthy))).max(axis=0) > laws.features.tolerances
        paged["book"] = (book.log_wealth() >= 0) & large
        for name, end in ends.items():
            here = np.isinf(end) & paged[name] & (age >= 0) & (age < options["most"])
            end[here] = age[here] + 1
    return {"runs": options["runs"], "delays": {name: finite(float(np.median(end))) for name, end in ends.items()}}


def deciles(counts: np.ndarray) -> np.ndarray:
    """Counts [F, K] of numeric cells with the divided outer bins put together again."""
    first, last = counts[:, 1:3].sum(axis=1), counts[:, -4:-2].sum(axis=1)
    return np.column_stack([counts[:, 0], first, counts[:, 3:-4], last, counts[:, -2:]])


def own(counts: np.ndarray) -> np.ndarray:
    return counts


CHI_SQUARES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], bool]] = {
    "χ²": (own, False),
    "χ², inflated": (own, True),
    "χ², deciles": (deciles, False),
}
"""Cells of the classical test, those of the book and, for numbers, the usual ten; and whether it is inflated."""


def finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def common_rules(drift: str, rows: int, runs: int, most: int) -> dict[str, Any]:
    """Windows until each rule first names the drifting column, looked at alone; for its false pages see table 1."""
    rivals = Rivals(1, rows)
    ends: dict[str, list[float]] = {}
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        end: dict[str, float] = {}
        for i in range(most):
            mean, spread = SHIFTS[drift](np.array([i]))
            verdicts = rivals.verdicts(mean + spread * rng.standard_normal((1, rows)))
            for name, paged in verdicts.items():
                if paged:
                    end.setdefault(name, i + 1)
            if len(end) == len(verdicts):
                break
        for name in verdicts:
            ends.setdefault(name, []).append(end.get(name, np.inf))
    return {"runs": runs, "delays": {name: finite(float(np.median(end))) for name, end in ends.items()}}
