"""Plots of characters for a terminal: a strip of verdicts over a curve of evidence. Plain text in, plain text out."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from sentinel.config.times import show_time

WIDTH = 72
HEIGHT = 9
LABEL = 8
LEAST, MOST = 1e-3, 1e3
"""Evidence at the foot and at the top of the curve; what lies beyond is drawn at the edge."""
STATES = {"ok": "·", "insufficient": " ", "blind": "?", "breach": "█"}
BLOCKS = " ▁▂▃▄▅▆▇█"
PAGE = 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One window: its interval, verdict, evidence, and whether it opened an incident."""

    start: float
    end: float
    state: str
    evidence: float
    pages: bool


def verdicts_plot(judged: Sequence[Judged]) -> str:
    """Evidence over time on a logarithmic axis, the line at which it pages, the pages, and the verdicts below."""
    columns = _columns(judged)
    rows = [(_label(row), "".join(_cell(column, row) for column in columns)) for row in range(HEIGHT, 0, -1)]
    rows.append(("verdict", "".join(STATES[_worst(column)] for column in columns)))
    rows.append(("pages", "".join("▲" if any(j.pages for j in column) else " " for column in columns)))
    lines = [f"{label:>{LABEL}} ┤{cells}" for label, cells in rows]
    first, last = show_time(judged[0].start), show_time(judged[-1].end)
    lines.append(f"{'':>{LABEL + 1}} {first}{last:>{max(len(columns) - len(first), len(last) + 1)}}")
    lines.append(f"{'':>{LABEL + 1}} · ok  █ breach  ? blind  (blank) too few rows   ▲ pages, at evidence {PAGE:g}")
    return "\n".join(lines)


def _columns(judged: Sequence[Judged]) -> list[list[Judged]]:
    """The windows in at most WIDTH stretches of equal time."""
    first, last = judged[0].start, max(j.end for j in judged)
    width = min(WIDTH, len({j.start for j in judged}))
    columns: list[list[Judged]] = [[] for _ in range(width)]
    for j in judged:
        place = int((j.start - first) / max(last - first, 1e-9) * width)
        columns[min(max(place, 0), width - 1)].append(j)
    return columns


def _height(evidence: float) -> float:
    """From 0 at LEAST to HEIGHT at MOST."""
    bounded = min(max(evidence if evidence == evidence else LEAST, LEAST), MOST)
    return log10(bounded / LEAST) / log10(MOST / LEAST) * HEIGHT


def _label(row: int) -> str:
    page = int(_height(PAGE))
    return {HEIGHT: f">{MOST:g}", page + 1: "page 1", 1: f"{LEAST:g}"}.get(row, "")


def _cell(column: Sequence[Judged], row: int) -> str:
    filled = max((_height(j.evidence) for j in column), default=0.0) - (row - 1)
    block = BLOCKS[min(max(int(filled * 8), 0), 8)]
    return "─" if block == " " and row == int(_height(PAGE)) + 1 else block


def _worst(column: Sequence[Judged]) -> str:
    order = list(STATES)
    return max((j.state for j in column), key=order.index, default="insufficient")
