"""A reference does not depend on who read which part of the table, nor on the order in which parts were merged."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.reference import sample
from sentinel.reference.codec import to_bytes
from sentinel.reference.declared import Columns, Declared
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.parts import Fold, build_from_parts, in_order
from sentinel.reference.sample import Sample

VALUE = st.floats(-1e6, 1e6) | st.integers(0, 5).map(float) | st.just(float("nan")) | st.sampled_from(["x", None])
ROW = st.tuples(VALUE, st.sampled_from(["a", "b", "c", None]), st.floats(-5, 5))
CHUNK = st.lists(ROW, min_size=1, max_size=15)
TABLE = st.lists(st.lists(CHUNK, max_size=3), min_size=1, max_size=6)


@dataclass(frozen=True)
class Piece:
    number: int
    chunks: Sequence[Columns]


def read(piece: Piece) -> Iterable[Columns]:
    return piece.chunks


def columns(rows: list[tuple[Any, Any, float]]) -> Columns:
    mixed, letters, plain = zip(*rows, strict=True)
    return {"mixed": list(mixed), "letter": list(letters), "plain": np.array(plain)}


def shuffled(rng: random.Random) -> Fold:
    """A `Fold` that merges two random results at a time, as an engine might."""

    def fold(function: Callable[[Any], Any], parts: Sequence[Any], merge: Callable[[Any, Any], Any]) -> Any:
        results = [function(part) for part in parts]
        while len(results) > 1:
            rng.shuffle(results)
            results.append(merge(results.pop(), results.pop()))
        return results[0]

    return fold


def built(pieces: list[Piece], fold: Fold) -> FrozenReference:
    declared = Declared("m", "1", {"letter": "categorical"}, joint=True, segments=["letter"])
    return build_from_parts(pieces, read, declared, fold=fold)


@pytest.fixture
def small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "SAMPLE_VALUES", 16)


@pytest.mark.usefixtures("small_samples")
def test_any_order_of_merging_gives_the_same_reference_to_the_bit() -> None:
    @settings(max_examples=60, deadline=None)
    @given(TABLE, st.randoms(use_true_random=False))
    def check(table: list[list[list[Any]]], rng: random.Random) -> None:
        pieces = [Piece(number, list(map(columns, chunks))) for number, chunks in enumerate(table)]
        if any(table):
            assert to_bytes(built(pieces, shuffled(rng))) == to_bytes(built(pieces, in_order))

    check()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 400_000), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_samples_merge_as_one_and_stay_bounded(lengths: list[int], rng: random.Random) -> None:
    def drawn(part: int, length: int) -> Sample:
        found = Sample(part)
        for start in range(0, length, 150_000):
            found.add(np.arange(start, min(start + 150_000, length)) + part * 1e6)
        return found

    samples = [drawn(part, length) for part, length in enumerate(lengths)]
    merged = reduce(lambda a, b: a | b, samples)
    rng.shuffle(samples)
    again = reduce(lambda a, b: b | a, samples)
    assert np.array_equal(merged.values(), again.values())
    assert len(merged.values()) <= sample.SAMPLE_VALUES
    assert merged.whole == (sum(lengths) <= sample.SAMPLE_VALUES)
