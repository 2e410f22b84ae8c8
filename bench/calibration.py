"""False pages, detection delays and false rollbacks, by simulation: docs/benchmarks/calibration.md and .json.

    python -m bench.calibration [--scale 0.1] [--processes 2] [--only delays] [--fresh]

Everything is seeded. The tables are cut into cells of a few minutes; each finished cell is kept under build/calibration
until the statistics or its options change, so that an interrupted run goes on where it was.
"""

import argparse
import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench import calibration_delays, calibration_life, calibration_pages, calibration_peers
from bench.calibration_report import report

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "benchmarks"
KEPT = ROOT / "build" / "calibration"
BOOK = tuple(
    f"sentinel/drift/{name}.py"
    for name in (
        "accounts",
        "bets",
        "blocks",
        "book",
        "capital",
        "dependence",
        "laws",
        "plugins",
        "radius",
    )
)
"""Code on which the results of the book depend."""
DELAYS = (*BOOK, "bench/calibration_chi_square.py")
OTHERS = {
    "delays numeric": DELAYS,
    "delays categorical": DELAYS,
    "pages seasonal": (*BOOK, "sentinel/drift/seasons.py"),
    "pages rules": ("bench/calibration_rivals.py",),
    "pages multi-scale": ("bench/calibration_chi_square.py",),
    "pages peers": ("bench/calibration_peers.py",),
    "delays rules": ("bench/calibration_rivals.py",),
    "delays peers": ("bench/calibration_peers.py",),
    "rollback": ("sentinel/judge/baseline.py",),
}
"""Tables that depend on other code."""
MONTHS_PER_CELL = 4
ROWS = (200, 1000, 5000)
REFERENCES = ((0.0, 50_000), (0.005, 50_000), (0.005, 500_000))
"""(tolerance, rows of the reference) of the delays."""
RUNS = 30

TABLES: dict[str, Callable[..., dict[str, Any]]] = {
    "pages independent": calibration_pages.independent,
    "pages raw": calibration_pages.raw,
    "pages seasonal": calibration_pages.seasonal,
    "pages joint": calibration_pages.joint,
    "pages rules": calibration_pages.common_rules,
    "pages multi-scale": calibration_pages.multiscale,
    "pages peers": calibration_peers.false_pages,
    "delays numeric": calibration_delays.numeric,
    "delays categorical": calibration_delays.categorical,
    "delays rules": calibration_delays.common_rules,
    "delays peers": calibration_peers.delays,
    "life": calibration_life.steady_shift,
    "rollback": calibration_life.rollback,
}


@dataclass(frozen=True)
class Cell:
    """A row of a table, or some of its months. table: which function of `TABLES` runs it."""

    table: str
    name: str
    options: dict[str, Any]

    def first_month(self) -> int:
        """Cells of later months are run later, so that every world has some months soon."""
        return int(self.options.get("months", (0,))[0])

    def kept_at(self) -> Path:
        text = json.dumps([self.table, self.options, _digest(OTHERS.get(self.table, BOOK))], sort_keys=True)
        return KEPT / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"


@lru_cache
def _digest(files: tuple[str, ...]) -> str:
    return hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in files)).hexdigest()


def in_months(table: str, name: str, months: int, options: dict[str, Any], each: int = MONTHS_PER_CELL) -> list[Cell]:
    starts = range(0, months, each)
    return [Cell(table, name, {"months": (at, min(at + each, months)), **options}) for at in starts]


def cells(scale: float) -> list[Cell]:
    """All cells of all tables, quick ones first. scale: 1 for the full tables, less for fewer months and runs."""
    some = lambda n: max(1, round(n * scale))  # noqa: E731
    quick = [*_rollbacks(some), *_delays(some)]
    return [*quick, *_dependent_months(some), *_months(some), *_life(some), *_rules(some)]


Some = Callable[[int], int]


def _rollbacks(some: Some) -> list[Cell]:
    return [
        Cell("rollback", f"r = {r}, 1 % → {100 * p:g} %", {"ratio": r, "trial": p, "runs": some(2000)})
        for r in (1.25, 1.0)
        for p in (0.01, 0.012, 0.02, 0.05)
    ]


def _delays(some: Some) -> list[Cell]:
    kinds = [("delays numeric", drift) for drift in calibration_delays.SHIFTS]
    kinds += [("delays categorical", drift) for drift in calibration_delays.CATEGORIES]
    return [
        Cell(
            table,
            f"{drift}, {rows}, tol {tolerance}, reference {size}",
            {"drift": drift, "rows": rows, "tolerance": tolerance, "reference_rows": size, "runs": RUNS, "most": 600},
        )
        for rows in ROWS
        for table, drift in kinds
        for tolerance, size in REFERENCES
    ]


def _rules(some: Some) -> list[Cell]:
    found = []
    for rows in ROWS:
        for features, windows in ((30, 1000), (300, 100)):
            options = {"windows": some(windows), "rows": rows, "features": features}
            found.append(Cell("pages rules", f"{rows} rows, {features} features", options))
        for drift in calibration_delays.SHIFTS:
            options = {"drift": drift, "rows": rows, "runs": some(15), "most": 300}
            found.append(Cell("delays rules", f"{drift}, {rows}", options))
        for peer, windows in (("evidently", 40), ("nannyml", 300)):
            found.append(Cell("pages peers", f"{peer}, {rows}", {"peer": peer, "rows": rows, "windows": some(windows)}))
            found.append(Cell("delays peers", f"{peer}, {rows}", {"peer": peer, "rows": rows, "runs": some(5)}))
        for name, make, edge, tolerance in (
            ("deciles, tol 0", "decile_world", "", 0.0),
            ("deciles", "decile_world", "", 0.005),
            ("deciles, on the tolerance edge", "decile_world", "random", 0.005),
            ("20 even categories, one of each at the edge", "even_world", "cell", 0.005),
            ("rare categories on the edge", "categorical_world", "random", 0.005),
        ):
            options = {"make": make, "edge": edge, "rows": rows, "tolerance": tolerance}
            options |= {"features": 30, "reference_rows": 50_000}
            for inflated in (False, True)[: 1 + bool(edge)]:
                named = f"{name}, {rows}" + ", inflated" * inflated
                found += in_months("pages multi-scale", named, some(4), {**options, "inflated": inflated})
    return found


def _life(some: Some) -> list[Cell]:
    return [
        Cell("life", f"{shift} sd, {rows}", {"rows": rows, "shift": shift, "runs": some(6)})
        for rows in (200, 1000)
        for shift in (0.13, 0.2, 0.3, 0.5)
    ]


def _months(some: Some) -> list[Cell]:
    found: list[Cell] = []
    rare = {"make": "categorical_world", "edge": "random"}
    for rows in ROWS:
        base = {"features": 30, "rows": rows, "make": "numeric_world", "edge": "", "reference_rows": 50_000}
        for name, months, other in (
            ("independent, tol 0", 4, {"tolerance": 0.0}),
            ("independent", 4, {}),
            ("tolerance edge (random)", 4, {"edge": "random"}),
            ("tolerance edge (location)", 4, {"edge": "location"}),
            ("tolerance edge, reference 2,000", 4, {"edge": "random", "reference_rows": 2_000}),
            ("tolerance edge, reference 500,000", 4, {"edge": "random", "reference_rows": 500_000}),
            ("rare categories on the edge, reference 2,000", 4, {**rare, "reference_rows": 2_000}),
            ("rare categories on the edge", 4, rare),
            ("20 even categories, one of each at the edge", 4, {"make": "even_world", "edge": "cell"}),
        ):
            options = {**base, "tolerance": 0.005, **other}
            found += in_months("pages independent", f"{name}, {rows}", some(months), options)
    wide = {"features": 300, "rows": 200, "make": "numeric_world", "edge": "", "tolerance": 0.005}
    found += in_months("pages independent", "300 features, 200", some(2), {**wide, "reference_rows": 50_000}, each=1)
    return found


def _dependent_months(some: Some) -> list[Cell]:
    found: list[Cell] = []
    for traffic in ("autoregressive", "bursts", "wandering", "correlated", "intermittent", "no traffic"):
        raw = {"traffic": traffic, "rows": 200, "features": 30, "tolerance": 0.005}
        found += in_months("pages raw", f"{traffic}, 200", some(20), raw)
    for seasons, months in ((True, 20), (False, 1)):
        cycle = {"rows": 200, "features": 30, "seasons": seasons}
        name = "daily cycle ± 0.5 sd, 200, " + ("seasons of 4 live weeks" if seasons else "one reference (real drift)")
        found += in_months("pages seasonal", name, some(months), cycle, each=2)
    for traffic in ("plain", "bursts"):
        grouped = {"rows": 200, "features": 8, "traffic": traffic}
        found += in_months("pages joint", f"8 inputs and 84 groups, {traffic}, 200", some(20), grouped, each=2)
    return found


def run(cell: Cell) -> dict[str, Any]:
    """The cell's result, kept from an earlier run where there is one."""
    path = cell.kept_at()
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text())
        return kept
    result = {"table": cell.table, "name": cell.name, **TABLES[cell.table](**cell.options)}
    KEPT.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, ensure_ascii=False))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="part of the months and runs; 0.1 takes minutes")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--only", default="", help="tables whose name matches this expression; the page is then not written"
    )
    parser.add_argument("--fresh", action="store_true", help="run everything again")
    parser.add_argument(
        "--finished", action="store_true", help="run nothing: write the page from the cells that are kept"
    )
    chosen = parser.parse_args()
    todo = [cell for cell in cells(chosen.scale) if re.search(chosen.only, cell.table)]
    for cell in todo:
        cell.kept_at()  # digests are taken before the processes start: a file that is edited meanwhile changes nothing
    if chosen.finished:
        write([run(cell) for cell in todo if cell.kept_at().exists()])
        return
    if chosen.fresh:
        for cell in todo:
            cell.kept_at().unlink(missing_ok=True)
    results: dict[int, dict[str, Any]] = {}
    with ProcessPoolExecutor(chosen.processes) as pool:
        numbered = {pool.submit(run, todo[i]): i for i in sorted(range(len(todo)), key=lambda i: todo[i].first_month())}
        for done in as_completed(numbered):
            results[numbered[done]] = done.result()
            print(f"{len(results)}/{len(todo)} {json.dumps(done.result(), ensure_ascii=False)}", flush=True)
    if not chosen.only:
        write([results[i] for i in range(len(todo))])


def write(results: list[dict[str, Any]]) -> None:
    written = {"date": date.today().isoformat(), "results": results}
    (OUT / "calibration.json").write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")
    (OUT / "calibration.md").write_text(report(results))


if __name__ == "__main__":
    main()
