"""One page under a drift that stands, its end, and rollbacks on errors."""

from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

from bench.calibration_delays import finite
from sentinel.drift.laws import Laws
from sentinel.judge.baseline import FALSE_ROLLBACK, RatioTest
from tests.support import judge_calibration as sim

SHIFT_AT, SHIFT_ENDS, MOST = 600, 600 + 2880, 600 + 2880 + 600


def steady_shift(rows: int, shift: float, runs: int) -> dict[str, Any]:
    """Pages under a shift that stands for 10 days, and hours until the page ends after it."""
    pages, hours = [], []
    for seed in range(runs):
        world = sim.numeric_world(seed, 30, rows, 50_000)
        outcome = sim.run(Laws.of(world.features), _shifted(world, rows, shift, seed), MOST)
        pages.append(sum(at <= SHIFT_ENDS for at in outcome.pages))
        hours += [(at - SHIFT_ENDS) / 12 for at in outcome.resolved if at > SHIFT_ENDS][:1]
    return {"runs": runs, "pages": sorted(pages), "hours_to_close": round(median(hours), 2) if hours else None}


def _shifted(world: sim.World, rows: int, shift: float, seed: int) -> Iterator[np.ndarray]:
    rng, law = np.random.default_rng(seed), sim.shifted(world, shift, slice(1))
    for i in range(MOST):
        yield rng.multinomial(rows, law if SHIFT_AT <= i < SHIFT_ENDS else world.laws)[None]


def rollback(ratio: float, trial: float, runs: int) -> dict[str, Any]:
    """Share of runs that act within an hour at 5 requests a second an arm, looking every second; median minutes."""
    rng, test, acted = np.random.default_rng(3), RatioTest(ratio, (runs,)), np.full(runs, np.inf)
    for second in range(1, 3601):
        n, m = rng.poisson(5.0, (2, runs))
        test.observe(n, rng.binomial(n, trial), m, rng.binomial(m, 0.01))
        acted[(test.log_evidence() >= -np.log(FALSE_ROLLBACK)) & np.isinf(acted)] = second
    return {"runs": runs, "acted": float(np.isfinite(acted).mean()), "minutes": finite(float(np.median(acted) / 60))}
