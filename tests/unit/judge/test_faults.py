"""Faults in the data that hold: what pages, after how long, once, until when; and what is not told at all."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest

from sentinel.app.verdicts import policy_options
from sentinel.config import parse
from sentinel.drift.budget import FalsePageBudget
from sentinel.drift.faults import KINDS
from sentinel.judge.faults import Effect, FaultPolicy
from sentinel.judge.judge import Judge
from sentinel.judge.verdict import State, Verdict
from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.whole import WholeRows
from tests.support.judge_world import columns, reference, window

ROWS = 300
NO_EVIDENCE = FalsePageBudget(1e-9, 30.0)
"""A budget that no drift of these tests can page within, so that faults stand alone."""


@pytest.fixture(scope="module")
def frozen() -> FrozenReference:
    return reference()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def repeating(
    frozen: FrozenReference, rng: np.random.Generator, index: int, repeated: int, rows: int = ROWS, version: str = "1"
) -> ClosedWindow:
    """A healthy window but for rows that repeat."""
    whole = WholeRows(looked=rows, repeated=repeated)
    return dataclasses.replace(window(frozen, columns(rng, rows), index, version=version), whole=whole)


def paging(*kinds: str, **options: float) -> FaultPolicy:
    effects: Mapping[str, Effect] = dict.fromkeys(kinds, "page")
    return FaultPolicy(effects, **options)  # type: ignore[arg-type]


def states(verdicts: list[Verdict]) -> str:
    return "".join("B" if verdict.state is State.BREACH else "." for verdict in verdicts)


def test_a_fault_that_holds_is_one_breach_until_it_has_been_gone_as_long(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    judge = Judge(frozen, faults=paging("duplicated_rows"))
    lots = [0, 200, 200, 0, 200, 200, 200, 200, 0, 200, 0, 0, 0, 0]
    verdicts = [judge.observe(repeating(frozen, rng, i, largest)) for i, largest in enumerate(lots)]
    assert states(verdicts) == "......BBBBBB.."
    opened = [incident for verdict in verdicts for incident in verdict.opened]
    assert [(i.cause, i.features, i.evidence, i.rollback_evidence) for i in opened] == [
        ("data_quality", ("duplicated_rows",), 0.0, 0.0)
    ]
    assert (
        opened[0].explanation == "data quality: duplicated rows (67%) in 3 windows in a row since 1970-01-01 00:20 UTC"
    )
    assert verdicts[6].budget_spent_ratio == 1.0
    [resolved] = [incident for verdict in verdicts for incident in verdict.resolved]
    assert resolved.id == opened[0].id
    assert resolved.explanation.endswith("; resolved: the data are whole again")


def test_a_ticket_explains_and_leaves_the_state_alone_and_off_says_nothing(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    silent = Judge(frozen, faults=FaultPolicy({"duplicated_rows": "off"}))
    told = Judge(frozen)
    for i in range(8):
        closed = repeating(frozen, rng, i, 250)
        assert [fault.kind for fault in told.observe(closed).quality] == ["duplicated_rows"]
        assert silent.observe(closed).quality == ()
    assert told.observe(closed).state is silent.observe(closed).state is State.OK
    assert "duplicated rows (83%)" in told.observe(closed).explanation
    assert "duplicated rows" not in silent.observe(closed).explanation


def test_a_fault_of_few_rows_waits_for_no_page(frozen: FrozenReference, rng: np.random.Generator) -> None:
    judge = Judge(frozen, faults=paging("duplicated_rows", page_ratio=0.8))
    assert states([judge.observe(repeating(frozen, rng, i, 200)) for i in range(10)]) == "." * 10


def test_windows_of_few_rows_and_late_ones_neither_count_nor_end_a_fault(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    judge = Judge(frozen, faults=paging("duplicated_rows"))
    for i in (0, 1, 1, 0):  # the same two windows again, as late slices of them
        assert judge.observe(repeating(frozen, rng, i, 250)).open == ()
    for i in (2, 3, 4):
        assert judge.observe(repeating(frozen, rng, i, 0, rows=20)).open == ()
    assert len(judge.observe(repeating(frozen, rng, 5, 250)).opened) == 1


def test_what_the_evidence_pages_about_is_not_paged_again(frozen: FrozenReference, rng: np.random.Generator) -> None:
    judge = Judge(frozen)
    healthy = [judge.observe(window(frozen, columns(rng, ROWS), i)) for i in range(5)]
    lost = [
        judge.observe(window(frozen, {k: v for k, v in columns(rng, ROWS).items() if k != "country"}, i))
        for i in range(5, 20)
    ]
    opened = [incident for verdict in [*healthy, *lost] for incident in verdict.opened]
    assert [(incident.cause, incident.features) for incident in opened] == [("data_quality", ("country",))]
    assert opened[0].evidence >= 1


def test_a_fault_beside_a_drift_that_stands_is_a_page_of_its_own(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    """The watch over the inputs holds one incident; a field that is lost meanwhile must not wait for its end."""
    judge = Judge(frozen)
    for i in range(20):
        verdict = judge.observe(window(frozen, columns(rng, ROWS, shift=0.8), i))
    assert [incident.features for incident in verdict.open] == [("amount",)]
    for i in range(20, 24):
        data = {k: v for k, v in columns(rng, ROWS, shift=0.8).items() if k != "country"}
        verdict = judge.observe(window(frozen, data, i))
    assert [incident.features for incident in verdict.open] == [("amount",), ("country",)]
    assert "country lost field (100%) in 3 windows in a row" in verdict.explanation


def test_a_restart_forgets_neither_the_streak_nor_the_incident(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    worn = dataclasses.replace(repeating(frozen, rng, 0, 0))
    windows = [
        worn,
        *(repeating(frozen, rng, i, 250) for i in range(1, 6)),
        *(repeating(frozen, rng, i, 0) for i in range(6, 10)),
    ]
    whole = Judge(frozen, faults=paging("duplicated_rows"))
    broken = Judge(frozen, faults=paging("duplicated_rows"))
    for closed in windows:
        broken = Judge.restore(frozen, broken.state(), faults=paging("duplicated_rows"))
        assert broken.observe(closed) == whole.observe(closed)
        assert broken.state() == whole.state()


def test_one_fault_upstream_of_two_versions_is_one_page(frozen: FrozenReference, rng: np.random.Generator) -> None:
    judge = Judge(frozen, faults=paging("duplicated_rows"))
    verdicts = [
        judge.observe(repeating(frozen, rng, i, 250, version=version)) for i in range(8) for version in ("1", "2")
    ]
    assert [incident.version for verdict in verdicts for incident in verdict.opened] == ["1"]
    assert [verdict.state for verdict in verdicts[-2:]] == [State.BREACH, State.BREACH]


def test_a_version_that_is_gone_takes_its_faults_with_it(frozen: FrozenReference, rng: np.random.Generator) -> None:
    judge = Judge(frozen, faults=paging("duplicated_rows"))
    for i in range(4):
        judge.observe(repeating(frozen, rng, i, 250))
    verdicts = [judge.observe(window(frozen, columns(rng, ROWS), i, version="2")) for i in range(4, 14)]
    [resolved] = [incident for verdict in verdicts for incident in verdict.resolved]
    assert resolved.explanation.endswith("; resolved: version 1 is no longer served")


def test_healthy_rows_never_page_whatever_pages_and_however_soon(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    judge = Judge(frozen, budget=NO_EVIDENCE, faults=paging(*KINDS, hold_windows=1, page_ratio=0.0))
    for i in range(200):
        closed = window(frozen, columns(rng, int(rng.integers(1, 400))), i)
        assert judge.observe(closed).open == ()


def client(
    frozen: FrozenReference, rng: np.random.Generator, index: int, largest: int, version: str = "1"
) -> ClosedWindow:
    """A healthy window of which one client sent so many rows."""
    whole = WholeRows(told=ROWS, largest=largest)
    return dataclasses.replace(window(frozen, columns(rng, ROWS), index, version=version), whole=whole)


def test_a_client_dominates_where_it_has_more_than_the_largest_usually_has(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    judge, alone = Judge(frozen), Judge(frozen)
    for i in range(20):
        assert judge.observe(client(frozen, rng, i, 30 + 10 * (i % 3))).quality == ()
        assert alone.observe(client(frozen, rng, i, ROWS)).quality == ()
    restored = Judge.restore(frozen, judge.state())
    for i in range(20, 25):
        [fault] = restored.observe(client(frozen, rng, i, 240)).quality
        assert (fault.kind, fault.share) == ("one_client", 0.8)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="lost_fields: no such fault"):
        FaultPolicy({"lost_fields": "page"})


def test_the_settings_say_the_effect_of_every_kind() -> None:
    policy = policy_options(parse({"faults": {"stuck": "page", "swapped": False, "hold_windows": 5}}))["faults"]
    assert set(policy.effects) == set(KINDS)
    assert (policy.effects["stuck"], policy.effects["swapped"], policy.hold_windows) == ("page", "off", 5)
    usual = policy_options(parse({}))["faults"]
    paged = {kind for kind, effect in usual.effects.items() if effect == "page"}
    assert paged == {kind for kind, effect in FaultPolicy().effects.items() if effect == "page"}
