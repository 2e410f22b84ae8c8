"""How much rows depend on each other is learnt: nothing where they do not, the right factor where they do."""

import numpy as np
import pytest

from sentinel.drift.dependence import CAUTION, WARM_UP_SECONDS, Meter

CELLS, FEATURES = 13, 8
LAW = np.array([0.0, *[0.1] * 10, 0.0, 0.0])
WINDOW = 300.0


def meter() -> Meter:
    p0 = np.tile((LAW + 1e-4) / (LAW + 1e-4).sum(), (FEATURES, 1))
    return Meter.of(p0, np.full(FEATURES, CELLS), np.full(FEATURES, CELLS - 1))


def learnt(windows: int, copies: int = 1, step: float = 0.0, seconds: float = WINDOW) -> Meter:
    """A meter after `windows` of 200 rows, each row sent `copies` times; half way the law changes by `step`."""
    rng, it = np.random.default_rng(6), meter()
    moved = LAW * np.exp(step * np.linspace(-1.5, 1.5, CELLS))
    for i in range(windows):
        law = moved / moved.sum() if 2 * i >= windows else LAW
        it.pass_time(seconds)
        it.add(copies * rng.multinomial(200 // copies, law, size=FEATURES))
    it.pass_time(seconds)
    return it


def test_before_anything_is_known_much_dependence_is_assumed() -> None:
    assert meter().factor() == pytest.approx(CAUTION)


def test_independent_rows_count_in_full() -> None:
    assert learnt(60).factor() == pytest.approx(1.0)
    assert learnt(600).factor() == pytest.approx(1.0)


@pytest.mark.parametrize("copies", [4, 10])
def test_rows_that_come_in_copies_count_for_one(copies: int) -> None:
    factor = learnt(600, copies).factor()
    assert (factor >= copies).all()
    assert (factor <= 1.8 * copies).all()


def test_short_windows_are_judged_by_longer_blocks_too() -> None:
    assert (learnt(900, copies=4, seconds=10.0).factor() >= 4).all()


def test_one_lasting_drift_in_the_first_week_does_not_deafen() -> None:
    assert (learnt(400, step=0.5).factor() <= 1.6).all()


def test_learning_ends_after_a_week_and_a_successor_starts_without_the_last_blocks() -> None:
    it = learnt(10)
    assert not it.done
    assert it.successor().previous.sum() == 0
    assert np.array_equal(it.successor().jumps, it.jumps)
    it.pass_time(WARM_UP_SECONDS)
    assert it.done
