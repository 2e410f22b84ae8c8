"""Odd windows and odd references: the judge answers every one of them with a verdict."""

from typing import Any

import numpy as np
import pytest

from sentinel.judge.judge import Judge
from sentinel.judge.roster import MOST_VERSIONS
from sentinel.judge.verdict import State
from sentinel.reference.build import build
from tests.support.judge_world import columns, reference, window

RNG = np.random.default_rng(1)
ODD_COLUMNS: dict[str, dict[str, Any]] = {
    "no row": {},
    "one row": {"amount": [1.0], "country": ["DE"], "prediction": ["yes"]},
    "all missing": {"amount": [None] * 300, "country": [None] * 300, "prediction": [None] * 300},
    "nan and infinities": {
        "amount": np.tile([np.nan, np.inf, -np.inf], 100),
        "country": ["DE"] * 300,
        "prediction": ["no"] * 300,
    },
    "new categories only": {
        "amount": RNG.normal(size=300),
        "country": [f"planet {i}" for i in range(300)],
        "prediction": ["maybe"] * 300,
    },
    "integers beyond 2⁵³": {"amount": [2**60] * 300, "country": ["DE"] * 300, "prediction": ["no"] * 300},
    "extremes of float32": {
        "amount": np.tile(np.array([3.4e38, -3.4e38], dtype=np.float32), 150),
        "country": ["DE"] * 300,
        "prediction": ["no"] * 300,
    },
    "wrong types": {"amount": ["x"] * 300, "country": [1.5] * 300, "prediction": [True] * 300},
}


@pytest.mark.parametrize("name", ODD_COLUMNS)
def test_odd_windows_are_judged(name: str) -> None:
    frozen = reference(5_000)
    judge = Judge(frozen)
    for i in range(3):
        verdict = judge.observe(window(frozen, ODD_COLUMNS[name], i))
        assert verdict.state in State
        assert np.isfinite([verdict.evidence, verdict.rollback_evidence]).all()
    assert Judge.restore(frozen, judge.state()).state() == judge.state()


ODD_REFERENCES: dict[str, dict[str, Any]] = {
    "constant": {"a": [1.0] * 300},
    "one category": {"a": ["x"] * 300},
    "fewer rows than bins": {"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]},
    "all missing": {"a": [None] * 50, "b": [1.0] * 50},
    "booleans": {"a": [True, False] * 100},
    "a hundred thousand categories": {"a": [f"id-{i}" for i in range(100_000)]},
}


@pytest.mark.parametrize("name", ODD_REFERENCES)
def test_odd_references_can_be_judged_with_and_the_same_rows_give_no_page(name: str) -> None:
    data = ODD_REFERENCES[name]
    frozen = build(data, name="odd", version="1")
    judge = Judge(frozen)
    for i in range(5):
        verdict = judge.observe(window(frozen, {k: v[:5000] for k, v in data.items()}, i))
        assert not verdict.opened


def test_late_windows_and_windows_of_several_versions_at_once_pay_time_only_once() -> None:
    frozen, rng = reference(), np.random.default_rng(2)
    apart, together = Judge(frozen), Judge(frozen)
    for i in range(20):
        apart.observe(window(frozen, columns(rng, 0), i))
        for version in ("1", "2"):
            together.observe(window(frozen, columns(rng, 0), i, version=version))
    together.observe(window(frozen, columns(rng, 0), 3))
    paid = [j.roster.watches["", "inputs"].book.capital.idle() for j in (apart, together)]
    assert paid[0] == pytest.approx(paid[1])
    own = sum(together.roster.watches[version, "predictions"].book.capital.idle() for version in ("1", "2"))
    assert own <= 1.1 * apart.roster.watches["1", "predictions"].book.capital.idle()


def test_invented_versions_do_not_fill_the_memory() -> None:
    frozen, rng = reference(), np.random.default_rng(4)
    judge = Judge(frozen)
    for i in range(40):
        judge.observe(window(frozen, columns(rng, 10), i // 20, version=f"invented-{i}"))
    assert len(judge.roster.versions) <= MOST_VERSIONS + 1
    assert "invented-39" in judge.roster.versions


def test_a_version_not_seen_for_a_day_is_forgotten() -> None:
    frozen, rng = reference(), np.random.default_rng(3)
    judge = Judge(frozen)
    judge.observe(window(frozen, columns(rng, 300), 0, version="1"))
    judge.observe(window(frozen, columns(rng, 300), 290, version="2"))
    assert list(judge.roster.versions) == ["2"]
    assert ("1", "predictions") not in judge.roster.watches
