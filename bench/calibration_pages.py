"""Months in which nothing drifts beyond the tolerance: how often the book, and the rules it is held against, page."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from bench import calibration_worlds as worlds
from bench.calibration_chi_square import MultiScale
from bench.calibration_rivals import Rivals
from sentinel.drift.book import Book
from sentinel.drift.budget import FalsePageBudget
from sentinel.drift.laws import Laws
from sentinel.drift.seasons import SEASONS, SeasonalLaws, season_of
from sentinel.judge.judge import Judge
from sentinel.reference.build import build
from sentinel.windows.opened import Window
from sentinel.windows.window import WindowKey
from tests.support import judge_calibration as sim

Months = tuple[int, int]
"""First month and the one after the last: the seeds."""
REFERENCE_ROWS = 50_000


def tallied(outcomes: list[sim.Outcome]) -> dict[str, Any]:
    return {
        "months": len(outcomes),
        "pages": sum(len(outcome.pages) for outcome in outcomes),
        "with_page": sum(bool(outcome.pages) for outcome in outcomes),
        "wealth_reached_1": sum(outcome.wealth >= 0 for outcome in outcomes),
    }


def world_of(month: int, make: str, edge: str, rows: int, **options: Any) -> sim.World:
    world = getattr(sim, make)(1000 + month, rows=rows, **options)
    if edge == "random":
        return sim.on_the_edge(world, month, rows)
    if edge == "cell":
        return replace(world, chunks=sim.independent(sim.one_cell_up(world), rows))
    if edge == "location":
        shift = np.sqrt(2 * world.features.tolerances[0])
        return replace(world, chunks=sim.independent(sim.shifted(world, shift), rows))
    return world


def independent(months: Months, **options: Any) -> dict[str, Any]:
    """Independent rows, drawn as counts."""
    return tallied([sim.false_pages(world_of(month, **options), 2000 + month) for month in range(*months)])


def counted(traffic: worlds.Traffic, cells: worlds.Cells, seed: int) -> Iterator[np.ndarray]:
    for values in traffic(np.random.default_rng(seed)):
        yield cells.count(values)[None]


def raw(months: Months, traffic: str, rows: int, features: int, tolerance: float) -> dict[str, Any]:
    """Raw rows: correlated, dependent, bursts, wandering, intermittent, none."""
    outcomes, dependence = [], []
    for month in range(*months):
        cells = worlds.Cells.drawn(month, features, REFERENCE_ROWS)
        book = Book(Laws.of(cells.features(tolerance)), FalsePageBudget(), 1.0)
        windows = counted(worlds.TRAFFIC[traffic](features, rows), cells, month)
        outcomes.append(sim.run(book.laws, windows, sim.MONTH, book))
        dependence.append(float(np.median(book.dependence())))
    return {**tallied(outcomes), "dependence": dependence}


class KeptSeasons(SeasonalLaws):
    """All seasons' laws are built once: a month of simulated hours passes in seconds."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.kept: dict[int, Laws] = {}

    def laws_at(self, at: float) -> Laws:
        season = season_of(at)
        if season not in self.kept:
            self.kept[season] = super().laws_at(at)
        return self.kept[season]


def seasonal(months: Months, rows: int, features: int, seasons: bool) -> dict[str, Any]:
    """A daily cycle of ±0.5 sd, judged by one reference, or by seasons of the four live weeks before."""
    outcomes = []
    for month in range(*months):
        cells = worlds.Cells.drawn(month, features, REFERENCE_ROWS)
        binned = cells.features(0.005)
        windows = counted(worlds.seasonal(features, rows), cells, month)
        counts = np.zeros((SEASONS, *cells.counts.shape), dtype=np.int64)
        for i, chunk in enumerate(islice(windows, 28 * worlds.WINDOWS_PER_DAY)):
            counts[season_of(i * sim.WINDOW_SECONDS)] += chunk[0]
        book = Book(Laws.of(binned), FalsePageBudget(), 1.0, KeptSeasons(binned, counts) if seasons else None)
        outcomes.append(sim.run(book.laws, windows, sim.MONTH, book))
    return tallied(outcomes)


def joint(months: Months, rows: int, features: int, traffic: str) -> dict[str, Any]:
    """One reference watched alone and in pairs and triples, through the judge itself."""
    opened = []
    for month in range(*months):
        rng = np.random.default_rng(100 + month)
        data = named(rng.standard_normal((features, REFERENCE_ROWS)))
        reference = build(data, name="joint", version="1", joint=True)
        judge, pages = Judge(reference), 0
        for i, values in enumerate(islice(worlds.TRAFFIC[traffic](features, rows)(rng), sim.MONTH)):
            window = Window(WindowKey("m", "1", "a"), i * sim.WINDOW_SECONDS, sim.WINDOW_SECONDS, reference)
            window.add(named(values))
            pages += len(judge.observe(window.close()).opened)
        opened.append(pages)
    return {"months": len(opened), "pages": sum(opened), "with_page": sum(map(bool, opened))}


def named(values: np.ndarray) -> dict[str, np.ndarray]:
    return {f"x{i}": column for i, column in enumerate(values)}


def common_rules(windows: int, rows: int, features: int) -> dict[str, Any]:
    """Windows in which each rule pages, nothing drifting."""
    rivals, rng = Rivals(1, rows), np.random.default_rng(2)
    found: dict[str, int] = {}
    for values in islice(worlds.plain(features, rows)(rng), windows):
        for name, paged in rivals.verdicts(values).items():
            found[name] = found.get(name, 0) + paged
    return {"windows": windows, "paged": found}


def multiscale(months: Months, rows: int, tolerance: float, inflated: bool, **options: Any) -> dict[str, Any]:
    pages = []
    for month in range(*months):
        world = world_of(month, rows=rows, tolerance=tolerance, **options)
        rival = MultiScale(world.features.counts, tolerance, inflated=inflated)
        windows = (counts for chunk in world.chunks(np.random.default_rng(month)) for counts in chunk)
        pages.append(sum(bool(rival.pages(counts).any()) for counts in islice(windows, sim.MONTH)))
    return {"months": len(pages), "pages": sum(pages), "with_page": sum(map(bool, pages))}
