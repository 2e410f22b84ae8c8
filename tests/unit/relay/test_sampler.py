"""The sampler keeps its share and its ceiling."""

import math
from itertools import pairwise

import pytest

from sentinel.relay.sampler import Sampler


@pytest.mark.parametrize("ratio", [0.0, 0.01, 0.1, 0.5, 0.99, 1.0])
def test_the_share_is_kept_within_five_standard_deviations(ratio: float) -> None:
    sampler, count = Sampler(ratio, 1e9, seed=3), 100_000
    taken = sum(sampler.take(0.0) for _ in range(count))
    assert abs(taken - ratio * count) <= 5 * math.sqrt(count * ratio * (1 - ratio))


def test_gaps_between_samples_are_independent_of_position() -> None:
    """A sample is as likely right after a sample as anywhere: what a fair coin for each exchange does."""
    sampler = Sampler(0.3, 1e9, seed=5)
    taken = [sampler.take(0.0) for _ in range(100_000)]
    after = [later for sooner, later in pairwise(taken) if sooner]
    assert abs(sum(after) / len(after) - 0.3) < 5 * math.sqrt(0.21 / len(after))


@pytest.mark.parametrize("ceiling", [0.5, 1.0, 20.0])
def test_the_ceiling_holds_in_the_long_run(ceiling: float) -> None:
    sampler, seconds = Sampler(1.0, ceiling, seed=1), 100
    taken = sum(sampler.take(step / 1000) for step in range(seconds * 1000))
    assert taken <= ceiling * seconds + max(1.0, ceiling)
    assert taken >= 0.9 * ceiling * seconds


def test_no_ceiling_left_means_none_taken() -> None:
    assert not any(Sampler(1.0, 0.0, seed=1).take(float(now)) for now in range(100))


def test_the_seed_decides() -> None:
    first, again = Sampler(0.5, 1e9, seed=9), Sampler(0.5, 1e9, seed=9)
    assert [first.take(0) for _ in range(100)] == [again.take(0) for _ in range(100)]
