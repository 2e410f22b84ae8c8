"""False rollbacks and delays of the comparison with the version before, beside what is commonly done:
`python -m bench.rollback_rivals [--runs 2000]`.

Writes docs/benchmarks/rollback_rivals.{md,json}. Simulated traffic: 5 requests a second in each arm for an hour.
Predictions are `bench.rollback_predictions`.
"""

import argparse
import datetime
import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import mannwhitneyu

from bench import rollback_predictions
from sentinel.drift.dependence import Meter
from sentinel.judge.baseline import FALSE_ROLLBACK, LATENCY_QUANTILES, RatioTest, learnt

PAGE = Path(__file__).parent.parent / "docs/benchmarks/rollback_rivals.md"
PER_SECOND, MINUTES, LOOKS_PER_MINUTE = 5.0, 60, 10
PER_LOOK = PER_SECOND * 60 / LOOKS_PER_MINUTE
SPREAD = 0.5  # standard deviation of log latency
MANN_WHITNEY_MINUTES, MANN_WHITNEY_P = 5, 0.02  # Kayenta judges at intervals, with confidence 0.98
Z_P = 0.05

PREDICTIONS_SHARE = 4  # rows one by one take longer than counts

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Arms:
    """Traffic of many runs. total, bad: [2 arms, runs, looks]; bad has one more axis of thresholds at the end.

    level: [2 arms, runs, minutes] what a rank test compares: error ratio, or mean log latency.
    before: (total [runs, minutes], bad [runs, minutes, thresholds]) of an hour of the baseline alone.
    """

    total: Counts
    bad: Counts
    level: Floats
    before: tuple[Counts, Counts]

    def dependence(self) -> Floats:
        """D [runs, thresholds] as learnt from the hour before."""
        total, bad = self.before
        counts = np.stack([total[..., None] - bad, bad], axis=-1).swapaxes(0, 1)  # [minutes, runs, thresholds, 2]
        tests = counts.shape[1] * counts.shape[2]
        meter = Meter.of(np.full((tests, 2), 0.5), np.full(tests, 2), np.zeros(tests, dtype=int))
        return learnt(meter, ((minute.reshape(tests, 2), 60.0) for minute in counts)).reshape(counts.shape[1:3])


def per_minute(values: Counts) -> Counts:
    """Sums over the looks of each minute; the looks are the third axis."""
    return values.reshape(*values.shape[:2], MINUTES, LOOKS_PER_MINUTE, *values.shape[3:]).sum(axis=3)


def errors(rng: np.random.Generator, runs: int, baseline: float, trial: float, alike: int = 1) -> Arms:
    """alike: requests that fail or succeed together."""
    looks = (3, runs, MINUTES * LOOKS_PER_MINUTE)
    groups = rng.poisson(PER_LOOK / alike, looks)
    bad = alike * np.stack([rng.binomial(n, p) for n, p in zip(groups, (baseline, trial, baseline), strict=True)])
    total, bad = alike * groups, bad[..., None]
    minutes, bad_minutes = per_minute(total), per_minute(bad)
    level = bad_minutes[:2, ..., 0] / np.maximum(minutes[:2], 1)
    return Arms(total[:2], bad[:2], level, (minutes[2], bad_minutes[2]))


def latencies(rng: np.random.Generator, runs: int, slower: float) -> Arms:
    """Log-normal answers; bad: longer than the baseline's p50, p90 and p99."""
    total = rng.poisson(PER_LOOK, (3, runs, MINUTES * LOOKS_PER_MINUTE))
    shifts = np.array([0.0, np.log(slower), 0.0])
    bad = np.stack([_longer(rng, n, shift / SPREAD) for n, shift in zip(total, shifts, strict=True)])
    minutes, bad_minutes = per_minute(total), per_minute(bad)
    level = rng.normal(shifts[:2, None, None], SPREAD / np.sqrt(np.maximum(minutes[:2], 1)))
    return Arms(total[:2], bad[:2], level, (minutes[2], bad_minutes[2]))


def _longer(rng: np.random.Generator, total: Counts, shift: float) -> Counts:
    above = 1 - ndtr(ndtri(np.array(LATENCY_QUANTILES)) - shift)
    first = rng.binomial(total, above[0])
    second = rng.binomial(first, above[1] / above[0])
    return np.stack([first, second, rng.binomial(second, above[2] / above[1])], axis=-1)


def first_true(acts: NDArray[np.bool_], minutes_each: float) -> Floats:
    """Minutes until the first look that acts, per run; infinite where none does. acts: [runs, looks]."""
    return np.where(acts.any(axis=1), (acts.argmax(axis=1) + 1) * minutes_each, np.inf)


def e_process(arms: Arms, ratio: float) -> Floats:
    thresholds = arms.bad.shape[-1]
    test = RatioTest(ratio, (arms.total.shape[1], thresholds), arms.dependence())
    acts = np.zeros(arms.total.shape[1:], dtype=bool)
    for look in range(arms.total.shape[2]):
        n, m = arms.total[1, :, look, None], arms.total[0, :, look, None]
        test.observe(n, arms.bad[1, :, look], m, arms.bad[0, :, look])
        mean = np.logaddexp.reduce(test.log_evidence(), axis=-1) - np.log(thresholds)
        acts[:, look] = mean >= -np.log(FALSE_ROLLBACK)
    return first_true(acts, 1 / LOOKS_PER_MINUTE)


def naive(arms: Arms) -> Floats:
    """The last minute's share of bad answers (errors, or above p90) is more than twice the baseline's."""
    middle = arms.bad.shape[-1] // 2
    bad, total = per_minute(arms.bad)[..., middle], per_minute(arms.total)
    share = bad / np.maximum(total, 1)
    return first_true((share[1] > 2 * share[0]) & (bad[1] > 0), 1.0)


def z_test(arms: Arms) -> Floats:
    """Two proportions since the start, looked at every minute, p < .05."""
    middle = arms.bad.shape[-1] // 2
    bad = per_minute(arms.bad)[..., middle].cumsum(axis=2)
    total = np.maximum(per_minute(arms.total).cumsum(axis=2), 1)
    pooled = bad.sum(axis=0) / total.sum(axis=0)
    error = np.sqrt(pooled * (1 - pooled) * (1 / total[0] + 1 / total[1]))
    z = (bad[1] / total[1] - bad[0] / total[0]) / np.maximum(error, 1e-12)
    return first_true(z > ndtri(1 - Z_P), 1.0)


def mann_whitney(arms: Arms) -> Floats:
    """Minutes of either arm as points, every five minutes, as canary judges do (approximated)."""
    looks = range(MANN_WHITNEY_MINUTES, MINUTES + 1, MANN_WHITNEY_MINUTES)
    acts = [
        mannwhitneyu(arms.level[1, :, :n], arms.level[0, :, :n], alternative="greater", axis=1).pvalue < MANN_WHITNEY_P
        for n in looks
    ]
    return first_true(np.stack(acts, axis=1), float(MANN_WHITNEY_MINUTES))


METHODS: Mapping[str, Callable[[Arms], Floats]] = {
    "sentinel, tolerance ratio 1.25": lambda arms: e_process(arms, 1.25),
    "the same with ratio 1": lambda arms: e_process(arms, 1.0),
    "last minute more than twice as bad": naive,
    "z-test, p < .05, looking every minute": z_test,
    "Mann-Whitney, p < .02, every 5 minutes": mann_whitney,
}
WORLDS: Mapping[str, Callable[[np.random.Generator, int], Arms]] = {
    "1 % errors in both": lambda rng, runs: errors(rng, runs, 0.01, 0.01),
    "1 % in both, failing in eights": lambda rng, runs: errors(rng, runs, 0.01, 0.01, alike=8),
    "1 → 1.2 % (harmless)": lambda rng, runs: errors(rng, runs, 0.01, 0.012),
    "1 → 2 %": lambda rng, runs: errors(rng, runs, 0.01, 0.02),
    "1 → 5 %": lambda rng, runs: errors(rng, runs, 0.01, 0.05),
    "latency the same": lambda rng, runs: latencies(rng, runs, 1.0),
    "latency + 5 % (harmless)": lambda rng, runs: latencies(rng, runs, 1.05),
    "latency × 1.2": lambda rng, runs: latencies(rng, runs, 1.2),
    "latency × 1.5": lambda rng, runs: latencies(rng, runs, 1.5),
}


def measure(runs: int) -> dict[str, dict[str, dict[str, float]]]:
    """world -> method -> share of runs rolled back within the hour, and the median minutes of those."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for number, (world, make) in enumerate(WORLDS.items()):
        arms = make(np.random.default_rng(number), runs)
        found[world] = {}
        for name, method in METHODS.items():
            minutes = method(arms)
            acted = np.isfinite(minutes)
            median = float(np.median(minutes[acted])) if acted.any() else float("inf")
            found[world][name] = {"rolled_back_ratio": float(acted.mean()), "median_minutes": median}
            print(f"{world:28} {name:40} {acted.mean():8.2%} {median:6.1f} min", flush=True)
    return found


WORSE = ("1 → 2 %", "1 → 5 %", "latency × 1.2", "latency × 1.5", *rollback_predictions.WORSE)
Found = Mapping[str, Mapping[str, Mapping[str, float]]]


def cell(world: str, figures: Mapping[str, float]) -> str:
    share, minutes = figures["rolled_back_ratio"], figures["median_minutes"]
    if world in WORSE:
        return f"{minutes:.1f} min" if share > 0.995 else f"{share:.0%}, {minutes:.1f} min" if share else "never"
    return f"{share:.2%}"


def table(found: Found, methods: Iterable[str]) -> str:
    head = "| | " + " | ".join(found) + " |\n|---|" + "---|" * len(found)
    rows = (
        f"| {name} | " + " | ".join(cell(world, figures[name]) for world, figures in found.items()) + " |"
        for name in methods
    )
    return "\n".join([head, *rows])


def page(found: Found, predictions: Found, runs: int) -> str:
    return f"""# Rollbacks of releases that are no worse, and delay of those that are

{datetime.datetime.now(datetime.UTC).date()}, {runs:,} simulated hours for each column, NumPy {np.__version__},
Python {platform.python_version()}, {os.cpu_count()} cores (`make rollback-rivals`). 5 requests a second in
either version, side by side. Harmless releases: share of hours in which it was rolled back. Worse releases:
median minutes until it was (and the share that was, where not all were). sentinel looks every 6 seconds and
acts at odds of 100 to 1.

## Errors and latency

{table(found, METHODS)}

In eights: requests of one client fail or succeed together, as retries and batches do. sentinel learns from an hour of
the version before how alike they are, and divides its evidence by it. Latency is log-normal with a standard deviation
of {SPREAD} in its logarithm. The Mann-Whitney row takes minutes as points and leaves out the effect sizes that canary
judges may be told to ask for. With ratio 1 an increase of any size counts as worse, so 1.2 % and + 5 % are not
harmless to that row.

## Predictions

A score, normal with standard deviation 1; 300 rows a minute are analysed of either version, after an hour of the
version before alone; {runs // PREDICTIONS_SHARE:,} hours for each column. sentinel compares with that hour and looks
every minute.

{table(predictions, rollback_predictions.METHODS)}

Rows in eights alike: every client sends the same row eight times. The rivals take them for independent. sentinel pays
at + 0.25 sd, where those that look at every difference are faster.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="False rollbacks and delays beside rivals.")
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    found: dict[str, Any] = measure(runs)
    predictions = rollback_predictions.measure(runs // PREDICTIONS_SHARE)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(found, predictions, runs))
    plain = {
        world: {
            name: {key: value if np.isfinite(value) else None for key, value in figures.items()}
            for name, figures in methods.items()
        }
        for world, methods in (found | predictions).items()
    }
    PAGE.with_suffix(".json").write_text(
        json.dumps({"runs": runs, "worlds": plain}, indent=2, ensure_ascii=False) + "\n"
    )


if __name__ == "__main__":
    main()
