"""The sentence of a breach: what kind, what moved which way, since when, how sure, how much, what the model does."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sentinel.drift.categories import quoted, unnamed
from sentinel.drift.scores import score
from sentinel.judge.judge import Judge
from sentinel.judge.policy import ServiceLevels
from sentinel.judge.verdict import Verdict
from sentinel.reference.build import build
from sentinel.reference.frozen import FrozenReference
from sentinel.traffic.buckets import bucket_of
from sentinel.windows.window import TrafficCounts
from tests.support.judge_world import window

ROWS = 600
CALM, SECONDS = 6, 300.0
Data = dict[str, Any]


def columns(rng: np.random.Generator, rows: int = ROWS, spain: float = 0.2) -> Data:
    """A price that is higher in Spain, an age, and a decision that follows neither."""
    country = np.where(rng.random(rows) < spain, "ES", "DE").astype(object)
    return {
        "price": rng.normal(np.where(country == "ES", 130.0, 100.0), 10.0),
        "age": rng.normal(40.0, 8.0, rows),
        "country": country,
        "decision": np.where(rng.random(rows) < 0.3, "yes", "no").astype(object),
    }


@pytest.fixture(scope="module")
def frozen() -> FrozenReference:
    data = columns(np.random.default_rng(1), 30_000)
    return build(data, name="loans", version="1", predictions=["decision"], segments=["country"])


def unit(data: Data, rng: np.random.Generator) -> Data:
    return data | {"price": data["price"] * 100}


def lost(data: Data, rng: np.random.Generator) -> Data:
    return {name: values for name, values in data.items() if name != "age"}


def typed(data: Data, rng: np.random.Generator) -> Data:
    return data | {"age": np.array(["forty"] * len(data["age"]), dtype=object)}


def nulls(data: Data, rng: np.random.Generator) -> Data:
    return data | {"age": np.where(rng.random(ROWS) < 0.4, np.nan, data["age"])}


def category(data: Data, rng: np.random.Generator) -> Data:
    return data | {"country": np.where(rng.random(ROWS) < 0.3, "PT", data["country"]).astype(object)}


def mix(data: Data, rng: np.random.Generator) -> Data:
    return columns(rng, spain=0.7)


def segment(data: Data, rng: np.random.Generator) -> Data:
    return data | {"age": data["age"] + 20 * (data["country"] == "ES")}


def covariate(data: Data, rng: np.random.Generator) -> Data:
    return data | {"age": data["age"] + 5, "price": data["price"] - 8}


def both(data: Data, rng: np.random.Generator) -> Data:
    return covariate(data, rng) | {"decision": np.where(rng.random(ROWS) < 0.7, "yes", "no").astype(object)}


def output(data: Data, rng: np.random.Generator) -> Data:
    return data | {"decision": np.where(rng.random(ROWS) < 0.7, "yes", "no").astype(object)}


UNMOVED = "no proof that its predictions moved: decision "


def told(frozen: FrozenReference, change: Callable[[Data, np.random.Generator], Data], version: str = "1") -> Verdict:
    """The verdict six windows after the change."""
    judge, rng = Judge(frozen), np.random.default_rng(3)
    for index in range(2 * CALM):
        changed = index >= CALM
        data = change(columns(rng), rng) if changed else columns(rng)
        closed = window(frozen, data, index, version=version if changed else "1", seconds=SECONDS)
        verdict = judge.observe(closed, score(frozen, closed))
    return verdict


@pytest.mark.parametrize(
    ("change", "cause", "says"),
    [
        (unit, "input_drift", ("input price mean +", "like a change of unit, × 100", UNMOVED)),
        (lost, "data_quality", ("input age missing in every row", "schema break: the field is gone", UNMOVED)),
        (typed, "data_quality", ("input age", "schema break: values of another type", UNMOVED)),
        (nulls, "data_quality", ("input age missing +", "points, missing values; ", UNMOVED)),
        (category, "input_drift", ("new categories 0 → ", " %, new categories; ", UNMOVED)),
        (mix, "input_drift", ("“ES” 20", "% of it is a change of mix, country=DE 80% → 30% of rows", UNMOVED)),
        (segment, "input_drift", ("input age mean +", "% of it is in country=ES", UNMOVED)),
        (covariate, "input_drift", ("input age mean +0.", "also price mean -0.", UNMOVED)),
        (both, "input_drift", ("input age mean +0.", "its predictions moved with its inputs", "prediction decision")),
        (output, "prediction_drift", ("prediction decision “", "no drift of its inputs is proven")),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_the_sentence_says_kind_contributors_since_when_how_sure_how_much_and_what_the_model_does(
    frozen: FrozenReference, change: Callable[[Data, np.random.Generator], Data], cause: str, says: tuple[str, ...]
) -> None:
    verdict = told(frozen, change)
    assert cause in {incident.cause for incident in verdict.open}
    for words in (*says, "of 1 needed", " rows in ", " since 1970-01-01 00:"):
        assert words in verdict.explanation


def test_a_version_whose_predictions_alone_moved_is_told_from_the_one_before(frozen: FrozenReference) -> None:
    sentence = told(frozen, output, version="2").explanation
    assert "no drift of its inputs is proven, nor of the predictions of version 1" in sentence


def test_a_service_that_fails_says_nothing_of_predictions(frozen: FrozenReference) -> None:
    judge, rng = Judge(frozen, service_levels=ServiceLevels(error_ratio=0.01)), np.random.default_rng(3)
    failing = TrafficCounts(
        received=500, sampled_out=500, codes={"2xx": 300, "5xx": 200}, latency={bucket_of(0.1): 500}
    )
    for index in range(4):
        verdict = judge.observe(window(frozen, columns(rng), index, traffic=failing))
    assert verdict.explanation.startswith("errors in 40.00% of exchanges, 1.00% accepted; evidence ")
    assert "prediction" not in verdict.explanation


@pytest.mark.parametrize("name", ["web", "“a” 5 → 6 %", "a”b“c", ""])
def test_categories_can_be_taken_out_of_a_sentence_whatever_they_are(name: str) -> None:
    assert unnamed(f"{quoted(name)} 1 → 2 %, {quoted(name)} 3 → 4 %") == "a category 1 → 2 %, a category 3 → 4 %"
