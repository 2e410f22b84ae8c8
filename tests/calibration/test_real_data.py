"""Real rows: the census sample of the demo and scikit-learn's digits, healthy, another year, other people.

Rows of a window are drawn from a pool that took no part in the reference. What is injected is called so.
"""

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.datasets import load_digits

from sentinel.demo import dataset
from sentinel.judge.judge import Judge
from sentinel.judge.verdict import Incident
from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from tests.support.judge_world import Columns, window

ROWS = 200


@pytest.fixture(scope="module")
def census() -> tuple[FrozenReference, dict[str, dataset.Population]]:
    populations = dataset.load()
    people = populations[dataset.TRAINING]
    order = np.random.default_rng(1).permutation(people.rows)
    half = people.rows // 2
    reference = build(people.take(order[:half]).columns, name="census", version="1")
    return reference, {**populations, "held_out": people.take(order[half:])}


def census_pages(
    judge: Judge, reference: FrozenReference, pool: dataset.Population, windows: range
) -> list[tuple[int, Incident]]:
    rng = np.random.default_rng(windows.start)
    drawn = ((i, pool.take(rng.integers(0, pool.rows, ROWS)).columns) for i in windows)
    return [(i, page) for i, columns in drawn for page in judge.observe(window(reference, columns, i)).opened]


@pytest.mark.parametrize("pool", ["held_out", dataset.HEALTHY])
def test_people_of_the_same_and_of_the_next_year_give_no_page(census: tuple, pool: str) -> None:  # type: ignore[type-arg]
    reference, pools = census
    assert census_pages(Judge(reference), reference, pools[pool], range(400)) == []


def test_people_in_institutions_are_paged_within_two_windows(census: tuple) -> None:  # type: ignore[type-arg]
    reference, pools = census
    judge = Judge(reference)
    census_pages(judge, reference, pools["held_out"], range(60))
    pages = census_pages(judge, reference, pools[dataset.SHIFTED], range(60, 100))
    assert len(pages) == 1
    assert pages[0][0] <= 61
    assert "age" in pages[0][1].features


def pixels(images: np.ndarray) -> Columns:
    return {f"pixel_{k}": images[:, k] for k in range(64)}


def digits_pages(judge: Judge, reference: FrozenReference, pool: np.ndarray, windows: range) -> list[int]:
    rng = np.random.default_rng(windows.start)
    drawn = ((i, pool[rng.integers(0, len(pool), 20)]) for i in windows)
    return [i for i, images in drawn if judge.observe(window(reference, pixels(images), i)).opened]


def test_digits_of_the_same_writers_give_no_page_and_transposed_ones_do() -> None:
    """Transposing is injected."""
    images = load_digits().data
    images = images[np.random.default_rng(1).permutation(len(images))]
    reference = build(pixels(images[:900]), name="digits", version="1")
    judge, pool = Judge(reference), images[900:]
    assert digits_pages(judge, reference, pool, range(300)) == []
    transposed = pool.reshape(-1, 8, 8).transpose(0, 2, 1).reshape(-1, 64)
    assert digits_pages(judge, reference, transposed, range(300, 310))[:1] == [300]


def test_a_page_about_other_writers_names_a_pixel_in_which_they_differ() -> None:
    """The file is ordered by writer: its second half was written by other people, a natural shift."""
    images = load_digits().data
    reference = build(pixels(images[:900]), name="digits", version="1")
    judge = Judge(reference)
    assert len(digits_pages(judge, reference, images[900:], range(400))) <= 1
    for incident in judge.docket.open.values():
        chosen = [int(name.removeprefix("pixel_")) for name in incident.features]
        assert max(ks_2samp(images[:900, k], images[900:, k]).pvalue for k in chosen) < 1e-4
