"""The plot of a replay: as wide as it may be, a page where one was, the worst verdict of each stretch."""

import math

import pytest

from sentinel.cli.plots import HEIGHT, LABEL, WIDTH, Judged, verdicts_plot


def judged(count: int, pages_at: int = -1) -> list[Judged]:
    return [
        Judged(60.0 * i, 60.0 * i + 60, "breach" if i >= pages_at >= 0 else "ok", 10.0 ** (i - count), i == pages_at)
        for i in range(count)
    ]


def rows(plot: str) -> list[str]:
    return [line[LABEL + 2 :] for line in plot.splitlines() if "┤" in line]


@pytest.mark.parametrize("count", [1, 2, WIDTH - 1, WIDTH, WIDTH + 1, 10 * WIDTH])
def test_every_row_has_the_same_width(count: int) -> None:
    drawn = rows(verdicts_plot(judged(count)))
    assert len(drawn) == HEIGHT + 2
    assert {len(row) for row in drawn} == {min(count, WIDTH)}


def test_a_page_stands_where_it_was_and_verdicts_change_there() -> None:
    *_, verdicts, pages = rows(verdicts_plot(judged(40, pages_at=25)))
    assert pages == " " * 25 + "▲" + " " * 14
    assert verdicts == "·" * 25 + "█" * 15


def test_the_worst_of_a_stretch_is_shown_and_no_page_is_lost() -> None:
    windows = judged(WIDTH * 10)
    windows[333] = Judged(windows[333].start, windows[333].end, "blind", 0.0, True)
    *_, verdicts, pages = rows(verdicts_plot(windows))
    assert verdicts.count("?") == pages.count("▲") == 1
    assert verdicts.index("?") == pages.index("▲") == 33


def test_evidence_reaches_from_foot_to_top() -> None:
    low = rows(verdicts_plot([Judged(0, 60, "ok", math.nan, False)]))
    high = rows(verdicts_plot([Judged(0, 60, "breach", math.inf, True)]))
    assert set(low[:HEIGHT]) == {" ", "─"}
    assert set(high[:HEIGHT]) == {"█"}
