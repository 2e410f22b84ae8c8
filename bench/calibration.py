"""False pages, detection delays and false rollbacks, by simulation: docs/benchmarks/calibration.md and .json.

Everything is seeded. `python -m bench.calibration [--scale 0.1]`: two hours on two cores, minutes at 0.1.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench import calibration_worlds as worlds
from bench.calibration_report import report
from bench.calibration_rivals import MultiScale, Rivals
from sentinel.drift.joint import JointReference
from sentinel.drift.laws import Laws
from sentinel.drift.seasons import SEASONS, SeasonalLaws, season_of
from sentinel.judge.baseline import FALSE_ROLLBACK, RatioTest
from sentinel.judge.judge import Judge
from sentinel.reference.build import build
from sentinel.windows.opened import Window
from sentinel.windows.window import WindowKey
from tests.support import judge_calibration as sim

OUT = Path(__file__).parent.parent / "docs" / "benchmarks"
DRIFT_AT = 60
"""Windows before a drift begins: dependence is learnt by then."""


@dataclass(frozen=True)
class Job:
    """One cell of a table. kind: which function of `KINDS` runs it."""

    kind: str
    name: str
    options: dict[str, Any]


# -- false pages


def false_pages_multinomial(months: int, edge: str, make: str, rows: int, **world: Any) -> dict[str, Any]:
    """Months of independent rows drawn as counts."""
    pages = with_page = wealth = 0
    for month in range(months):
        w = getattr(sim, make)(1000 + month, rows=rows, **world)
        if edge == "random":
            w = sim.on_the_edge(w, month, rows)
        if edge == "location":
            shift = np.sqrt(2 * w.features.tolerances[0])
            w = replace(w, chunks=sim.independent(sim.shifted(w, shift), rows))
        outcome = sim.false_pages(w, 2000 + month)
        pages += len(outcome.pages)
        with_page += bool(outcome.pages)
        wealth += outcome.wealth >= 0
    return {"months": months, "pages": pages, "with_page": with_page, "wealth_reached_1": wealth}


def counted(traffic: worlds.Traffic, cells: worlds.Cells, seed: int) -> Iterator[np.ndarray]:
    for values in traffic(np.random.default_rng(seed)):
        yield cells.count(values)[None]


def false_pages_raw(months: int, traffic: str, rows: int, features: int, tolerance: float) -> dict[str, Any]:
    """Months of raw rows: dependent, correlated, seasonal."""
    pages = with_page = 0
    dependence = []
    for month in range(months):
        cells = worlds.Cells.drawn(month, features, 50_000)
        options = {"correlation": 0.5} if traffic == "correlated" else {}
        make = worlds.plain if traffic == "correlated" else getattr(worlds, traffic)
        laws = Laws.of(cells.features(tolerance))
        book = sim.Book(laws, sim.FalsePageBudget(), 1.0)
        outcome = sim.run(laws, counted(make(features, rows, **options), cells, month), sim.MONTH, book)
        pages += len(outcome.pages)
        with_page += bool(outcome.pages)
        dependence.append(float(np.median(book.dependence())))
    return {"months": months, "pages": pages, "with_page": with_page, "dependence": round(median(dependence), 2)}


def false_pages_seasonal(months: int, rows: int, features: int, seasons: bool) -> dict[str, Any]:
    """Months under a daily cycle of ±0.5 sd, judged by one reference, or by seasons of four live weeks before."""
    pages = with_page = 0
    for month in range(months):
        cells = worlds.Cells.drawn(month, features, 50_000)
        binned = cells.features(0.005)
        windows = counted(worlds.seasonal(features, rows), cells, month)
        counts = np.zeros((SEASONS, *cells.counts.shape), dtype=np.int64)
        for i, chunk in zip(range(28 * worlds.WINDOWS_PER_DAY), windows, strict=False):
            counts[season_of(i * sim.WINDOW_SECONDS)] += chunk[0]
        book = sim.Book(Laws.of(binned), sim.FalsePageBudget(), 1.0, SeasonalLaws(binned, counts) if seasons else None)
        outcome = sim.run(book.laws, windows, sim.MONTH, book)
        pages += len(outcome.pages)
        with_page += bool(outcome.pages)
    return {"months": months, "pages": pages, "with_page": with_page}


def false_pages_joint(months: int, rows: int, features: int, traffic: str) -> dict[str, Any]:
    """Months of one reference watched alone and in pairs and triples, through the judge itself."""
    pages = with_page = 0
    for month in range(months):
        rng = np.random.default_rng(100 + month)
        data = named(rng.standard_normal((features, 50_000)))
        reference = build(data, name="joint", version="1")
        joint = JointReference.of(reference, data)
        judge, opened = Judge(reference, joint=joint), 0
        make = getattr(worlds, traffic)(features, rows)(rng)
        for i, values in zip(range(sim.MONTH), make, strict=False):
            window = Window(WindowKey("m", "1", "a"), i * sim.WINDOW_SECONDS, sim.WINDOW_SECONDS, reference)
            window.add(named(values))
            opened += len(judge.observe(window.close(), joint=joint.plan.count(named(values))).opened)
        pages += opened
        with_page += bool(opened)
    return {"months": months, "pages": pages, "with_page": with_page}


def named(values: np.ndarray) -> dict[str, np.ndarray]:
    return {f"x{i}": column for i, column in enumerate(values)}


def false_pages_of_rivals(windows: int, rows: int, features: int) -> dict[str, Any]:
    """Windows in which each rule pages, nothing drifting, scaled to 30 days."""
    rivals, rng = Rivals(1, rows), np.random.default_rng(2)
    found: dict[str, int] = {}
    for _, values in zip(range(windows), worlds.plain(features, rows)(rng), strict=False):
        for name, paged in rivals.verdicts(values).items():
            found[name] = found.get(name, 0) + paged
    return {"pages_per_month": {name: n * sim.MONTH / windows for name, n in found.items()}}


def false_pages_of_multiscale(months: int, make: str, edge: bool, rows: int, tolerance: float) -> dict[str, Any]:
    pages = 0
    for month in range(months):
        w = getattr(sim, make)(1000 + month, 30, rows, 50_000, tolerance)
        if edge:
            w = sim.on_the_edge(w, month, rows)
        rival, at = MultiScale(w.features.counts, tolerance), 0
        for chunk in w.chunks(np.random.default_rng(month)):
            pages += sum(rival.pages(counts) for counts in chunk)
            if (at := at + len(chunk)) >= sim.MONTH:
                break
    return {"months": months, "pages": pages}


# -- delays


def drifts() -> dict[str, Callable[[np.random.Generator, int, int], np.ndarray]]:
    """Values of the drifting feature, by window since the drift began."""

    def moved(shift: float) -> Callable[[np.random.Generator, int, int], np.ndarray]:
        return lambda rng, rows, _: rng.standard_normal(rows) + shift

    return {
        "mean 0.1 sd": moved(0.1),
        "mean 0.25 sd": moved(0.25),
        "mean 0.5 sd": moved(0.5),
        "sd × 1.2": lambda rng, rows, _: 1.2 * rng.standard_normal(rows),
        "ramp 0 → 0.5 sd in a day": lambda rng, rows, i: rng.standard_normal(rows) + 0.5 * min(i / 288, 1.0),
    }


def delay(drift: str, rows: int, tolerance: float, reference_rows: int, runs: int, most: int) -> dict[str, Any]:
    """Median windows until each method pages, one of 30 numeric features drifting; None: more than half never."""
    make, found = drifts()[drift], {}
    for seed in range(runs):
        cells = worlds.Cells.drawn(seed, 30, reference_rows)
        rng, rival_rng = np.random.default_rng(seed), np.random.default_rng(seed)
        laws = Laws.of(cells.features(tolerance))
        stop = {"book": first_page(laws, traffic_with(make, rows, cells, rng))}
        stop["multi-scale χ²"] = first_of_multiscale(cells, tolerance, traffic_with(make, rows, cells, rival_rng), most)
        for name, at in stop.items():
            found.setdefault(name, []).append(at if at is not None else np.inf)
    return {"runs": runs, "delays": {name: finite(median(d)) for name, d in found.items()}}


def finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def traffic_with(make: Any, rows: int, cells: worlds.Cells, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Counts of windows; feature 0 drifts from window `DRIFT_AT` on, the others are drawn as counts."""
    i = 0
    while True:
        counts = rng.multinomial(rows, cells.laws)
        values = rng.standard_normal(rows) if i < DRIFT_AT else make(rng, rows, i - DRIFT_AT)
        one = worlds.Cells(cells.counts[:1], cells.laws[:1], cells.edges[:1])
        counts[0] = one.count(values[None])[0]
        yield counts[None]
        i += 1


def first_page(laws: Laws, chunks: Iterator[np.ndarray], most: int = 600) -> int | None:
    pages = [at for at in sim.run(laws, chunks, DRIFT_AT + most).pages if at > DRIFT_AT]
    return pages[0] - DRIFT_AT if pages else None


def first_of_multiscale(cells: worlds.Cells, tolerance: float, chunks: Iterator[np.ndarray], most: int) -> int | None:
    rival = MultiScale(cells.counts, tolerance)
    for i, chunk in zip(range(DRIFT_AT + most), chunks, strict=False):
        if rival.pages(chunk[0]) and i >= DRIFT_AT:
            return i - DRIFT_AT + 1
    return None


def delay_of_rivals(drift: str, rows: int, runs: int, most: int) -> dict[str, Any]:
    """Median windows until each rule first names the drifting column, looked at alone; for false pages see table 1."""
    rivals, make = Rivals(1, rows), drifts()[drift]
    found: dict[str, list[float]] = {}
    for seed in range(runs):
        rng, open_rules = np.random.default_rng(seed), None
        for i in range(most):
            verdicts = rivals.verdicts(make(rng, rows, i)[None])
            open_rules = set(verdicts) if open_rules is None else open_rules
            for name in [name for name in open_rules if verdicts[name]]:
                found.setdefault(name, []).append(i + 1)
                open_rules.discard(name)
            if not open_rules:
                break
        for name in open_rules or ():
            found.setdefault(name, []).append(np.inf)
    return {"runs": runs, "delays": {name: finite(median(d)) for name, d in found.items()}}


def category_delay(share: list[float], cell: int, points: float, **options: Any) -> dict[str, Any]:
    """As `delay`, for one categorical feature among 30 whose category `cell` gains `points`."""
    rows, tolerance, runs, most = (options[key] for key in ("rows", "tolerance", "runs", "most"))
    found: dict[str, list[float]] = {}
    for seed in range(runs):
        law = np.array([*share, 0.0, 0.0])
        law /= law.sum()
        rng = np.random.default_rng(seed)
        counts = rng.multinomial(options["reference_rows"], np.tile(law, (30, 1)))
        moved = law * (1 - points / (1 - law[cell]))
        moved[cell] = law[cell] + points
        features = sim.binned(counts, 0, tolerance)
        cells = worlds.Cells(counts, np.tile(law, (30, 1)), np.zeros((30, 1)))
        both = [categories(np.random.default_rng(seed), rows, law, moved) for _ in range(2)]
        stop = {
            "book": first_page(Laws.of(features), both[0], most),
            "multi-scale χ²": first_of_multiscale(cells, tolerance, both[1], most),
        }
        for name, at in stop.items():
            found.setdefault(name, []).append(at if at is not None else np.inf)
    return {"runs": runs, "delays": {name: finite(median(d)) for name, d in found.items()}}


def categories(rng: np.random.Generator, rows: int, law: np.ndarray, moved: np.ndarray) -> Iterator[np.ndarray]:
    laws = np.tile(law, (30, 1))
    i = 0
    while True:
        laws[0] = moved if i >= DRIFT_AT else law
        yield rng.multinomial(rows, laws)[None]
        i += 1


# -- one page, resolution


def steady_shift(rows: int, shift: float, runs: int) -> dict[str, Any]:
    """Pages under a shift that stands for 10 days, and hours until the page ends after it."""
    pages, hours = [], []
    for seed in range(runs):
        w = sim.numeric_world(seed, 30, rows, 50_000)
        law = sim.shifted(w, shift, slice(1))
        end = DRIFT_AT + 2880
        outcome = sim.run(Laws.of(w.features), _shift_for(w, rows, law, end, seed), end + 600)
        pages.append(sum(at <= end for at in outcome.pages))
        hours += [(at - end) / 12 for at in outcome.resolved if at > end][:1]
    return {"runs": runs, "pages": sorted(pages), "hours_to_close": round(median(hours), 2) if hours else None}


def _shift_for(w: sim.World, rows: int, law: np.ndarray, end: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    i = 0
    while True:
        yield rng.multinomial(rows, law if DRIFT_AT <= i < end else w.laws)[None]
        i += 1


# -- rollback


def rollback(ratio: float, trial: float, runs: int) -> dict[str, Any]:
    """Share of runs that act within an hour at 5 requests a second an arm, looking every second; median minutes."""
    rng, test, acted = np.random.default_rng(3), RatioTest(ratio, (runs,)), np.full(runs, np.inf)
    for second in range(1, 3601):
        n, m = rng.poisson(5.0, (2, runs))
        test.observe(n, rng.binomial(n, trial), m, rng.binomial(m, 0.01))
        acted[(test.log_evidence() >= -np.log(FALSE_ROLLBACK)) & np.isinf(acted)] = second
    return {"runs": runs, "acted": float(np.isfinite(acted).mean()), "minutes": finite(float(np.median(acted) / 60))}


KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    f.__name__: f
    for f in (
        false_pages_multinomial,
        false_pages_raw,
        false_pages_seasonal,
        false_pages_joint,
        false_pages_of_rivals,
        false_pages_of_multiscale,
        delay,
        delay_of_rivals,
        category_delay,
        steady_shift,
        rollback,
    )
}


def jobs(scale: float) -> list[Job]:
    """All cells of all tables. scale: 1 for the full tables, less for fewer months and runs."""
    some = lambda n: max(1, round(n * scale))  # noqa: E731
    five, twenty = [0.2] * 5, [0.05] * 20
    rare = [0.1] * 9 + [0.0098] * 10 + [0.002]
    all_jobs = [
        Job("rollback", f"r = {r}, 1 % → {100 * p:g} %", {"ratio": r, "trial": p, "runs": some(2000)})
        for r in (1.25, 1.0)
        for p in (0.01, 0.012, 0.02, 0.05)
    ]
    for rows in (200, 1000, 5000):
        base = {"features": 30, "rows": rows, "make": "numeric_world", "edge": ""}
        for tolerance in (0.0, 0.005):
            options = {**base, "tolerance": tolerance, "reference_rows": 50_000, "months": some(8)}
            all_jobs.append(Job("false_pages_multinomial", f"independent, {rows}, tol {tolerance}", options))
        for edge in ("random", "location"):
            options = {**base, "tolerance": 0.005, "reference_rows": 50_000, "months": some(6), "edge": edge}
            all_jobs.append(Job("false_pages_multinomial", f"tolerance edge ({edge}), {rows}", options))
        for size in (2_000, 500_000):
            options = {**base, "tolerance": 0.005, "reference_rows": size, "months": some(4), "edge": "random"}
            all_jobs.append(Job("false_pages_multinomial", f"edge, reference {size}, {rows}", options))
        for size in (2_000, 50_000):
            options = {**base, "tolerance": 0.005, "reference_rows": size, "months": some(4), "edge": "random"}
            name = f"rare categories on the edge, reference {size}, {rows}"
            all_jobs.append(Job("false_pages_multinomial", name, {**options, "make": "categorical_world"}))
        rivals = {"windows": some(2000), "rows": rows, "features": 30}
        all_jobs.append(Job("false_pages_of_rivals", f"rivals, {rows}", rivals))
    for rows in (200, 1000):
        for tolerance in (0.0, 0.005):
            multiscale = {"months": some(4), "make": "numeric_world", "edge": False, "rows": rows}
            name = f"multi-scale χ², {rows}, tol {tolerance}"
            all_jobs.append(Job("false_pages_of_multiscale", name, {**multiscale, "tolerance": tolerance}))
        for make in ("numeric_world", "categorical_world"):
            edge = {"months": 1, "make": make, "edge": True, "rows": rows, "tolerance": 0.005}
            name = f"multi-scale χ², {rows}, on the tolerance edge, {make.removesuffix('_world')}"
            all_jobs.append(Job("false_pages_of_multiscale", name, edge))
    wide = {"features": 300, "rows": 200, "make": "numeric_world", "edge": "", "tolerance": 0.005}
    all_jobs.append(
        Job("false_pages_multinomial", "300 features, 200", {**wide, "reference_rows": 50_000, "months": some(3)})
    )
    for traffic in ("correlated", "autoregressive", "bursts", "wandering", "intermittent"):
        raw = {"months": some(20), "traffic": traffic, "rows": 200, "features": 30, "tolerance": 0.005}
        all_jobs.append(Job("false_pages_raw", f"{traffic}, 200", raw))
    for seasons, months in ((True, 20), (False, 1)):
        cycle = {"months": some(months), "rows": 200, "features": 30, "seasons": seasons}
        name = "daily cycle ± 0.5 sd, 200, " + ("seasons of 4 live weeks" if seasons else "one reference (real drift)")
        all_jobs.append(Job("false_pages_seasonal", name, cycle))
    for traffic, months in (("plain", 10), ("bursts", 10)):
        grouped = {"months": some(months), "rows": 200, "features": 8, "traffic": traffic}
        all_jobs.append(Job("false_pages_joint", f"8 inputs and 84 groups, {traffic}, 200", grouped))
    for rows in (200, 1000):
        for drift in drifts():
            for tolerance, size in ((0.0, 50_000), (0.005, 50_000), (0.005, 500_000)):
                options = {"drift": drift, "rows": rows, "tolerance": tolerance, "reference_rows": size}
                name = f"{drift}, {rows}, tol {tolerance}, reference {size}"
                all_jobs.append(Job("delay", name, {**options, "runs": some(25), "most": 600}))
            rival = {"drift": drift, "rows": rows, "runs": some(25), "most": 300}
            all_jobs.append(Job("delay_of_rivals", f"{drift}, {rows}", rival))
        for name, share, cell, points in (
            ("category of 5, + 5 points", five, 0, 0.05),
            ("category of 5, + 10 points", five, 0, 0.1),
            ("category of 20, + 5 points", twenty, 0, 0.05),
            ("rare category of 20, + 3 points", rare, 19, 0.03),
        ):
            for tolerance, size in ((0.0, 50_000), (0.005, 50_000), (0.005, 500_000)):
                options = {"rows": rows, "tolerance": tolerance, "reference_rows": size, "runs": some(15), "most": 600}
                label = f"{name}, {rows}, tol {tolerance}, reference {size}"
                all_jobs.append(
                    Job("category_delay", label, {"share": share, "cell": cell, "points": points, **options})
                )
        for shift in (0.13, 0.2, 0.3, 0.5):
            steady = {"rows": rows, "shift": shift, "runs": some(8)}
            all_jobs.append(Job("steady_shift", f"{shift} sd, {rows}", steady))
    return all_jobs


def run(job: Job) -> dict[str, Any]:
    return {"kind": job.kind, "name": job.name, **KINDS[job.kind](**job.options)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="part of the months and runs; 0.1 takes minutes")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", default="", help="kinds whose name contains this")
    chosen = parser.parse_args()
    todo = [job for job in jobs(chosen.scale) if chosen.only in job.kind]
    OUT.mkdir(parents=True, exist_ok=True)
    results = []
    with ProcessPoolExecutor(chosen.processes) as pool:
        for i, result in enumerate(pool.map(run, todo), 1):
            results.append(result)
            print(f"{i}/{len(todo)} {json.dumps(result, ensure_ascii=False)}", flush=True)
    write(results)


def write(results: list[dict[str, Any]]) -> None:
    written = {"date": date.today().isoformat(), "results": results}
    (OUT / "calibration.json").write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")
    (OUT / "calibration.md").write_text(report(results))


if __name__ == "__main__":
    main()
