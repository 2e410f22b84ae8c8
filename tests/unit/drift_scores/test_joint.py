"""The joint score sees what no feature shows alone, estimates a discrepancy, and merges exactly."""

import numpy as np
import pytest

from sentinel.drift.scores import JOINT, score
from sentinel.reference.build import build
from sentinel.reference.codec import from_bytes, to_bytes
from sentinel.windows import ClosedWindow
from tests.support.windows_frames import closed


def rows(n, seed, correlation=0.0, features=4):
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 1))
    own = rng.normal(size=(n, features))
    mixed = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    return {f"f{i}": mixed[:, i] for i in range(features)}


FROZEN = build(rows(20_000, 1), name="m", version="1", joint=True)


def joint_of(data):
    return score(FROZEN, closed(FROZEN, data))[JOINT].distances["mmd"]


def test_a_new_correlation_shows_jointly_and_in_no_feature():
    same, correlated = (rows(2000, 2, correlation) for correlation in (0.0, 0.5))
    alone = score(FROZEN, closed(FROZEN, correlated))
    assert max(alone[f"f{i}"].distances["ks"] for i in range(4)) < 0.05
    assert joint_of(correlated) > 4 * joint_of(same)


def test_the_distance_grows_with_the_shift():
    found = [joint_of({name: column + shift for name, column in rows(2000, 3).items()}) for shift in (0, 0.2, 0.5, 2)]
    assert found == sorted(found)


def test_it_estimates_the_kernels_discrepancy_without_bias():
    """Over many small windows of the same law the squared estimate has mean 0; the kernel's exact value otherwise."""
    features, shift = 4, 1.0
    sketches = [closed(FROZEN, rows(50, seed)).features.joint for seed in range(400)]
    p = FROZEN.joint.sums / FROZEN.joint.rows * 2**-16
    squares = []
    for sketch in sketches:
        q = sketch.sums / sketch.rows * 2**-16
        squares.append((q @ q / 32 * 50 - 1) / 49 + p @ p / 32 - 2 * p @ q / 32)
    assert abs(np.mean(squares)) < 4 * np.std(squares) / 20
    moved = joint_of({name: column + shift for name, column in rows(20_000, 5).items()}) ** 2
    exact = 2 * (1 + 2 / features) ** (-features / 2) * (1 - np.exp(-features * shift**2 / (2 * (features + 2))))
    assert moved == pytest.approx(exact, rel=0.5)  # 32 random directions stand for the kernel


def test_dirty_rows_and_absent_inputs_are_taken():
    data = rows(100, 7)
    data["f0"][:50] = np.nan
    data["f1"] = ["text"] * 100
    window = closed(FROZEN, data, {"other": [1] * 100}, {"f0": [np.inf, None]})
    assert window.features.joint.rows == 101
    assert np.isfinite(score(FROZEN, window)[JOINT].distances["mmd"])


def test_it_merges_travels_and_is_left_out_where_not_asked_for():
    parts = [closed(FROZEN, rows(300, seed)) for seed in (1, 2, 3)]
    assert (parts[0] | parts[1]) | parts[2] == parts[0] | (parts[2] | parts[1])
    assert ClosedWindow.from_bytes(parts[0].to_bytes()) == parts[0]
    assert from_bytes(to_bytes(FROZEN)).joint == FROZEN.joint
    plain = build(rows(500, 1), name="m", version="1")
    assert JOINT not in score(plain, closed(plain, rows(100, 2)))
