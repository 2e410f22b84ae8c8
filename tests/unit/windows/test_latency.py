"""Latency percentiles from buckets hold their error; traffic adds up."""

from collections import Counter

import numpy as np
import pytest

from sentinel.traffic import bucket_of
from sentinel.windows import percentiles


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("draw", ["lognormal", "exponential", "pareto", "bimodal"])
def test_percentiles_are_within_one_percent(draw, seed):
    rng = np.random.default_rng(seed)
    samples = {
        "lognormal": lambda: rng.lognormal(-4, 1, 20_000),
        "exponential": lambda: rng.exponential(0.05, 20_000),
        "pareto": lambda: 0.001 * (1 + rng.pareto(1.5, 20_000)),
        "bimodal": lambda: np.where(rng.random(20_000) < 0.9, 0.002, 1.5) * rng.uniform(0.9, 1.1, 20_000),
    }[draw]()
    found = percentiles(Counter(map(bucket_of, samples.tolist())))
    for quantile, seconds in found.items():
        exact = np.quantile(samples, quantile, method="inverted_cdf")
        assert abs(seconds - exact) <= 0.0100001 * exact


def test_percentiles_of_nothing_and_of_one():
    assert percentiles({}) == {}
    assert percentiles({bucket_of(0.1): 0}) == {}
    assert percentiles({bucket_of(0.1): 1})[0.999] == pytest.approx(0.1, rel=0.01)
