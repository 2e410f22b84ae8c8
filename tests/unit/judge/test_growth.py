import numpy as np
import pytest

from sentinel.judge.growth import grown
from sentinel.judge.power import PowerOf
from tests.support.judge_world import columns, reference, window


def test_accepted_windows_make_the_dead_zone_smaller() -> None:
    rng, small = np.random.default_rng(1), reference(1_000)
    larger = grown(small, [window(small, columns(rng, 5_000), i) for i in range(10)])
    assert larger.rows == 51_000
    assert larger.fingerprint != small.fingerprint
    before, after = (PowerOf(r, rows_per_hour=6000).summary().features[0].dead_zone for r in (small, larger))
    assert before is not None
    assert after is not None
    assert after < 0.7 * before


def test_windows_of_another_reference_are_refused() -> None:
    rng, one, other = np.random.default_rng(1), reference(1_000), reference(1_000, seed=9)
    with pytest.raises(ValueError, match="another reference"):
        grown(one, [window(other, columns(rng, 10), 0)])
