"""Evidence of equivalence: fair on every null at the margin, and agreeing with its confidence sequence."""

import math

import numpy as np
import pytest

from sentinel.judge.equivalence import Pairs, bounds, log_evidence_different, log_evidence_same, verdict

MARGINS = (0.001, 0.01, 0.1)


@pytest.mark.parametrize("margin", MARGINS)
def test_no_bet_gains_on_average_at_the_margin(margin: float) -> None:
    """E[e] ≤ 1 for one more pair, for laws of the share on and inside the null, spread or not."""
    for law in ({1.0: margin, 0.0: 1 - margin}, {margin: 1.0}, {0.5: 2 * margin, 0.0: 1 - 2 * margin}):
        for evidence in (log_evidence_same, log_evidence_different):
            mean = sum(p * math.exp(evidence(Pairs(1, share), margin)) for share, p in law.items())
            assert mean <= 1 + 1e-12
    harmless = {1.0: margin / 2, 0.0: 1 - margin / 2}
    assert sum(p * math.exp(log_evidence_different(Pairs(1, s), margin)) for s, p in harmless.items()) <= 1 + 1e-12


def test_without_a_pair_nothing_is_known() -> None:
    assert verdict(Pairs(), 0.01, 0.05) == "unknown"
    assert bounds(Pairs(), 0.05) == (0.0, 1.0)


@pytest.mark.parametrize("margin", MARGINS)
def test_equal_answers_prove_equivalence_with_enough_pairs_and_not_before(margin: float) -> None:
    least = math.log(1 / 0.05) / -math.log1p(-margin)  # with the best bet known beforehand
    assert verdict(Pairs(int(least)), margin, 0.05) == "unknown"
    assert verdict(Pairs(int(1.7 * least)), margin, 0.05) == "equivalent"


@pytest.mark.parametrize("differing", [0, 3, 9.5, 40, 400])
@pytest.mark.parametrize("margin", [0.003, 0.01, 0.05, 0.3])
def test_the_bounds_say_what_the_verdict_says(differing: float, margin: float) -> None:
    pairs = Pairs(900, differing)
    lower, upper = bounds(pairs, 0.01)
    assert 0 <= lower <= pairs.ratio <= upper <= 1
    said = "equivalent" if upper < margin else "different" if lower > margin else "unknown"
    assert verdict(pairs, margin, 0.01) == said


def test_requests_that_one_side_left_unanswered_prove_nothing_either_way() -> None:
    assert verdict(Pairs(2000), 0.01, 0.05) == "equivalent"
    assert verdict(Pairs(2000, unanswered=40), 0.01, 0.05) == "unknown"
    assert verdict(Pairs(0, unanswered=2000), 0.01, 0.05) == "unknown"


def test_pairs_add_up_in_any_order() -> None:
    parts = [Pairs(3, 0.5), Pairs(5, 1.0, 2), Pairs(1, 0.25)]
    assert parts[0] | parts[1] | parts[2] == parts[2] | parts[0] | parts[1] == Pairs(9, 1.75, 2)


def test_evidence_of_shares_never_exceeds_that_of_whole_rows_drawn_with_them() -> None:
    """A request of 8 dependent rows is one pair, so that copies within it are no evidence."""
    rng = np.random.default_rng(1)
    shares = rng.binomial(8, 0.3, 50) / 8
    as_pairs, as_rows = Pairs(50, shares.sum()), Pairs(400, 8 * shares.sum())
    assert log_evidence_different(as_pairs, 0.01) < log_evidence_different(as_rows, 0.01)
