"""The tables of docs/benchmarks/calibration.md, from the results of `bench.calibration`."""

import os
import platform
from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import scipy

Result = dict[str, Any]
OURS = ("false_pages_multinomial", "false_pages_raw", "false_pages_seasonal", "false_pages_joint")

HEAD = """# Calibration: false pages, delays, false rollbacks

Simulated, written by `make calibration` on {date}: Python {python}, numpy {numpy}, scipy {scipy}, {cores} cores.
30 features unless said otherwise, windows of five minutes; a month is one model-month of 8,640 windows.
Every row says how many months or runs it is made of; the rows of this edition were run one by one, at several scales.
The book is `sentinel.drift.book`, with the whole budget of one page per 30 days and dependence learnt on the way.
"""


def report(results: list[Result]) -> str:
    head = HEAD.format(
        date=date.today().isoformat(),
        python=platform.python_version(),
        numpy=np.__version__,
        scipy=scipy.__version__,
        cores=os.cpu_count(),
    )
    parts = [head, *_false_pages(results), *_delays(results), *_incidents(results), *_rollback(results)]
    return "\n".join(parts)


def _of(results: list[Result], *kinds: str) -> Iterable[Result]:
    return (result for result in results if result["kind"] in kinds)


def _table(head: list[str], rows: Iterable[list[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""])


def _false_pages(results: list[Result]) -> list[str]:
    ours = list(_of(results, *OURS))
    rows = [[r["name"], r["months"], r["pages"], r["with_page"], r.get("dependence", "")] for r in ours]
    null = [r for r in ours if "real drift" not in r["name"]]
    rows.append(
        ["**all but real drift**", *(sum(r[key] for r in null) for key in ("months", "pages", "with_page")), ""]
    )
    rivals = list(_of(results, "false_pages_of_rivals"))
    names = list(rivals[0]["pages_per_month"]) if rivals else []
    scaled = [[name, *(round(r["pages_per_month"].get(name, 0)) for r in rivals)] for name in names]
    classical = [[r["name"], r["months"], r["pages"]] for r in _of(results, "false_pages_of_multiscale")]
    return [
        "## 1. False pages, nothing drifting beyond the tolerance\n\nThe book (world, rows a window):\n",
        _table(["world", "months", "false pages", "months with a page", "median D learnt"], rows),
        "The multi-scale χ² made valid, budget 1 a month:\n",
        _table(["rule", "months", "false pages"], classical),
        "Common rules by their definitions, independent rows, windows that page per month (scaled up):\n",
        _table(["rule", *(r["name"].removeprefix("rivals, ") + " rows" for r in rivals)], scaled),
    ]


def _delays(results: list[Result]) -> list[str]:
    ours = [
        [r["name"], r["runs"], _windows(r["delays"].get("book")), _windows(r["delays"].get("multi-scale χ²"))]
        for r in _of(results, "delay", "category_delay")
    ]
    rivals = list(_of(results, "delay_of_rivals"))
    names = sorted({name for r in rivals for name in r["delays"] if "share of columns" not in name})
    others = [[r["name"], *(_windows(r["delays"].get(name)) for name in names)] for r in rivals]
    return [
        "## 2. Median detection delay, in windows\n\n"
        "One of 30 features drifts. “never”: not within 600 windows in at least half of the runs; by design where the\n"
        "drift lies within the tolerance or its dead zone. Both methods share one page a month over 30 features.\n",
        _table(["drift, rows, tolerance, reference", "runs", "the book", "multi-scale χ²"], ours),
        "Common rules looking at the drifting column alone (corrections over columns do nothing then), whatever\n"
        "they cost in false pages (table 1):\n",
        _table(["drift, rows", *names], others),
    ]


def _windows(delay: float | None) -> str:
    return "never" if delay is None else f"{delay:g}"


def _incidents(results: list[Result]) -> list[str]:
    rows = [[r["name"], r["pages"], r["hours_to_close"]] for r in _of(results, "steady_shift")]
    return [
        "## 3. One page, and its end\n\nA shift stands for ten days in one of 30 features; tolerance 0.005 (0.1 sd).\n",
        _table(["shift, rows", "pages in each run", "median hours to close after the shift ends"], rows),
    ]


def _rollback(results: list[Result]) -> list[str]:
    rows = [
        [r["name"], r["runs"], f"{100 * r['acted']:.2f} %", "" if r["minutes"] is None else f"{r['minutes']:.1f}"]
        for r in _of(results, "rollback")
    ]
    return [
        "## 4. Rollback on errors\n\n5 requests a second in each arm, one hour, looked at every second, α = 1 %; "
        "baseline errors 1 %.\n",
        _table(["tolerance ratio r, errors of the trial", "runs", "rolled back", "median minutes"], rows),
    ]
