"""The three acts by plain arithmetic, apart from the sidecar: what drifts is what the story says, and nothing else.

Divergence in nats: ½ Σ (p−q)²/q over ten quantile bins or the categories of the training rows, less what two finite
samples of one law differ by, (K−1)(1/n + 1/N)/2.
"""

import numpy as np
import pytest

from sentinel.demo.dataset import HEALTHY, NUMERIC, SHIFTED, TRAINING, Array, Population, load
from sentinel.demo.model import BADLY_QUANTISED, GOOD, WELL_QUANTISED, Artifacts, Predictor

TOLERANCE_NATS = 0.005
BINS = 10


def divergence(reference: Array, live: Array) -> float:
    if reference.dtype != object:
        edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1]))
        reference, live = np.searchsorted(edges, reference), np.searchsorted(edges, live)
    kinds = np.union1d(reference, live)
    q = np.array([np.mean(reference == kind) for kind in kinds]) + 0.5 / len(reference)
    p = np.array([np.mean(live == kind) for kind in kinds])
    noise = (len(kinds) - 1) * (1 / len(reference) + 1 / len(live)) / 2
    return float(np.sum((p - q) ** 2 / q) / 2 - noise)


def columns(population: Population, version: str, artifacts: Artifacts) -> dict[str, Array]:
    labels, probabilities = Predictor(artifacts.models[version]).predict(dict(population.columns))
    return {**population.columns, "label": labels, "probability": probabilities}


def drift(live: str, version: str, artifacts: Artifacts) -> dict[str, float]:
    populations = load()
    before = columns(populations[TRAINING], GOOD, artifacts)
    after = columns(populations[live], version, artifacts)
    return {name: divergence(before[name], after[name]) for name in before}


@pytest.mark.parametrize("version", [GOOD, WELL_QUANTISED])
def test_healthy_rows_and_a_good_conversion_are_within_tolerance(artifacts: Artifacts, version: str) -> None:
    assert max(drift(HEALTHY, version, artifacts).values()) < TOLERANCE_NATS


def test_bad_quantisation_moves_the_predictions_alone(artifacts: Artifacts) -> None:
    moved = drift(HEALTHY, BADLY_QUANTISED, artifacts)
    assert moved.pop("label") > 0.3
    assert moved.pop("probability") > 0.3
    assert max(moved.values()) < TOLERANCE_NATS


def test_bad_quantisation_is_wrong_and_the_good_one_is_not(artifacts: Artifacts) -> None:
    healthy = load()[HEALTHY]

    def accuracy(version: str) -> float:
        labels, _ = Predictor(artifacts.models[version]).predict(dict(healthy.columns))
        return float(np.mean((labels == "employed") == (healthy.employed == 1)))

    assert accuracy(GOOD) > 0.77
    assert abs(accuracy(WELL_QUANTISED) - accuracy(GOOD)) < 0.01
    assert accuracy(BADLY_QUANTISED) < 0.5


def test_the_shifted_world_is_other_people(artifacts: Artifacts) -> None:
    moved = drift(SHIFTED, GOOD, artifacts)
    assert min(moved[name] for name in (*NUMERIC, "marital_status", "home_a_year_ago")) > 10 * TOLERANCE_NATS
    ages = load()
    gap = ages[TRAINING].columns["age"].mean() - ages[SHIFTED].columns["age"].mean()
    assert gap > 0.3 * ages[TRAINING].columns["age"].std()


def test_training_is_done_once(artifacts: Artifacts) -> None:
    from sentinel.demo.model import prepare

    before = artifacts.training_csv.stat().st_mtime_ns
    assert prepare(artifacts.folder.parent) == artifacts
    assert artifacts.training_csv.stat().st_mtime_ns == before
