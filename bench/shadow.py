"""How often equivalence is claimed wrongly, how soon it is proven, and what mirroring costs the traffic:
`python -m bench.shadow [--runs 2000] [--rounds 21]`. Writes docs/benchmarks/shadow.{md,json}.

The first two are simulated pairs of answers, looked at after every pair; the third is measured by `bench.shadow_cost`.
"""

import argparse
import datetime
import json
import os
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from bench.shadow_cost import BARE, REQUESTS, Costs, cost
from sentinel.judge.equivalence import FEWER, Pairs, log_evidence, verdict

PAGE = Path(__file__).parent.parent / "docs/benchmarks/shadow.md"
PAIRS, MARGIN, ALPHA = 4000, 0.01, 0.05
MARGINS = (0.005, 0.01, 0.02, 0.05)
FEWEST = 100  # pairs before a rival may speak

Shares = NDArray[np.float64]
Claims = Callable[[Shares], NDArray[np.bool_]]


def proven(sums: Shares) -> NDArray[np.bool_]:
    total = np.arange(1, PAIRS + 1)
    return np.array([log_evidence(total, run, MARGIN, FEWER) >= -np.log(ALPHA) for run in sums])


def observed_below(sums: Shares) -> NDArray[np.bool_]:
    total = np.arange(1, PAIRS + 1)
    return (sums / total < MARGIN) & (total >= FEWEST)


def no_difference_found(sums: Shares) -> NDArray[np.bool_]:
    """A test for more differences than the margin, p < .05, finds none."""
    total = np.arange(1, PAIRS + 1)
    return (np.where(sums > 0, 1 - bdtr(sums - 1, total, MARGIN), 1.0) >= ALPHA) & (total >= FEWEST)


def one_sided_test(sums: Shares) -> NDArray[np.bool_]:
    """The exact binomial test for fewer differences than the margin, p < .05: right for one look, not for many."""
    return bdtr(sums, np.arange(1, PAIRS + 1), MARGIN) < ALPHA


METHODS: Mapping[str, Claims] = {
    "sentinel, α = .05": proven,
    "exact binomial test, p < .05, looking after every pair": one_sided_test,
    "observed share below the margin, from 100 pairs": observed_below,
    "no significant excess over the margin, from 100 pairs": no_difference_found,
}
RATIOS = {
    "on the edge (1 %)": MARGIN,
    "beyond it (1.5 %)": 1.5 * MARGIN,
    "half (0.5 %)": MARGIN / 2,
    "a fifth": MARGIN / 5,
    "none": 0.0,
}


def claims(runs: int) -> dict[str, dict[str, tuple[float, float | None]]]:
    """ratio -> method -> share of runs in which equivalence was ever claimed, and the median pairs until then."""
    found: dict[str, dict[str, tuple[float, float | None]]] = {}
    for number, (name, ratio) in enumerate(RATIOS.items()):
        sums = (np.random.default_rng(number).random((runs, PAIRS)) < ratio).cumsum(axis=1).astype(float)
        found[name] = {}
        for method, claim in METHODS.items():
            made = claim(sums)
            ever = made.any(axis=1)
            pairs = float(np.median(made.argmax(axis=1)[ever] + 1)) if ever.any() else None
            found[name][method] = float(ever.mean()), pairs
            print(f"{name:20} {method:58} {ever.mean():8.2%} {pairs}", flush=True)
    return found


def needed(margin: float, alpha: float) -> int:
    """Pairs without a difference that prove equivalence."""
    return next(n for n in range(1, 1 << 20) if verdict(Pairs(n), margin, alpha) == "equivalent")


def page(found: Mapping[str, Any], costs: Costs, runs: int, rounds: int) -> str:
    head = "| | " + " | ".join(found) + " |\n|---|" + "---|" * len(found)
    rows = "\n".join(_row(name, *(_cell(methods[name]) for methods in found.values())) for name in METHODS)
    pairs = "\n".join(_row(f"{m:.1%}", *(f"{needed(m, alpha):,}" for alpha in (0.05, 0.01))) for m in MARGINS)
    noticed = "\n".join(
        _cost(place, name, told, arms[BARE]) for place, arms in costs.items() for name, told in arms.items()
    )
    return f"""# Equivalence of two models, and what mirroring costs

{datetime.datetime.now(datetime.UTC).date()}, NumPy {np.__version__}, Python {platform.python_version()},
{os.cpu_count()} cores (`make bench-shadow`).

## Equivalence claimed

{runs:,} pairs of models for each column, whose answers differ as often as the column says; {PAIRS:,} pairs of answers,
looked at after every one; the margin is {MARGIN:.0%}. Share of runs in which equivalence was ever claimed, and the
median number of answers it took. On the edge and beyond every claim is wrong.

{head}
{rows}

Without any difference equivalence is proven after so many pairs:

| margin | α = 5 % | α = 1 % |
|---|---|---|
{pairs}

## What the traffic notices

{REQUESTS:,} requests one after another through `sentinel run` to the example's model server, a tenth of them sampled
and all of these mirrored; median of {rounds} rounds, in turns. Client, model server and relay have a core each;
the observer, which mirrors, to another, or to the relay's. Ratios are to the first line of each place; the second, the
same again, is the noise. CPU is per request that passed.

| observer on | | p50 | p99 | p50, ratio | p99, ratio | relay CPU | observer CPU |
|---|---|---|---|---|---|---|---|
{noticed}

The relay does nothing for the mirror: it hands over the same samples, and its CPU says so. The observer sends them on
when the answers have long been given. What a second model costs the traffic is what it takes from the first: a core, a
GPU, or its turn in the same process.
"""


def _cost(place: str, name: str, told: Mapping[str, float], bare: Mapping[str, float]) -> str:
    times = [f"{told[q]:.2f} ms" for q in ("p50", "p99")] + [f"{told[q] / bare[q]:.2f}" for q in ("p50", "p99")]
    return _row(place, name, *times, *(f"{told[process]:.0f} µs" for process in ("relay", "observer")))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(claimed: tuple[float, float | None]) -> str:
    share, pairs = claimed
    return f"{share:.1%}" + (f", {pairs:,.0f}" if pairs is not None else "")


def main() -> None:
    parser = argparse.ArgumentParser(description="Equivalence of two models, and what mirroring costs.")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=21)
    given = parser.parse_args()
    found, costs = claims(given.runs), cost(given.rounds)
    PAGE.write_text(page(found, costs, given.runs, given.rounds))
    document = {"runs": given.runs, "rounds": given.rounds, "claims": found, "milliseconds": costs}
    PAGE.with_suffix(".json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
