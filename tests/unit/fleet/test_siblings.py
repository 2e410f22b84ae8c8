"""The odd replica: named once, with what sets it apart; like its siblings again, it is let go."""

from dataclasses import replace

import numpy as np
import pytest

from sentinel.drift.budget import FalsePageBudget
from sentinel.fleet.siblings import ALIKE_PERIODS, Odd, Siblings
from sentinel.judge.policy import Policy
from sentinel.judge.verdict import State
from sentinel.reference.build import build
from sentinel.reference.frozen import Counts, FrozenReference
from sentinel.windows.counts import coarse
from sentinel.windows.opened import Window
from sentinel.windows.window import WindowKey
from tests.support import store_values as some

REPLICAS = [f"pod-{number}" for number in range(6)]
ROWS = 200
ENOUGH_TO_SUSPECT = 10
"""Minutes after which a replica that is off by a quarter of a deviation has evidence against it, and no page yet."""


@pytest.fixture(scope="module")
def reference() -> FrozenReference:
    random = np.random.default_rng(1)
    columns = {"amount": random.normal(50, 10, 20_000), "score": random.normal(0, 1, 20_000)}
    return build(columns, name="fraud", version="1", predictions=["score"])


class Fleet:
    """Six replicas that report every minute to one `Siblings`."""

    def __init__(self, reference: FrozenReference) -> None:
        self.random = np.random.default_rng(2)
        self.reference = reference
        self.siblings = Siblings(reference, Policy())
        self.minute = 0

    def pass_time(self, minutes: int, *, odd: str = "", everyone: float = 0.0, by: float = 1.0) -> list[Odd]:
        said: list[Odd] = []
        for _ in range(minutes):
            counts = {name: self._counts(everyone + (by if name == odd else 0.0)) for name in REPLICAS}
            said += self.siblings.observe(some.window(self.minute), counts)
            self.minute += 1
        return said

    def _counts(self, shift: float) -> Counts:
        window = Window(WindowKey("fraud", "1", "r"), 0.0, 60.0, self.reference)
        window.add({"amount": self.random.normal(50, 10, ROWS), "score": self.random.normal(shift, 1, ROWS)})
        return coarse(self.reference, window.close().features)


def test_alike_replicas_say_nothing_whatever_they_all_see(reference: FrozenReference) -> None:
    fleet = Fleet(reference)
    assert fleet.pass_time(40) == []
    assert fleet.pass_time(40, everyone=2.0) == []


def test_the_odd_replica_is_named_once_and_let_go_when_it_is_like_the_others(reference: FrozenReference) -> None:
    fleet = Fleet(reference)
    [odd] = fleet.pass_time(30, odd="pod-4")
    [incident] = odd.verdict.opened
    assert (odd.replica, odd.verdict.state, incident.cause) == ("pod-4", State.BREACH, "odd_replica")
    assert incident.features[0] == "score"
    assert incident.explanation == "replica pod-4 answers otherwise than its siblings, most in score; the others agree"
    assert [finding.role for finding in odd.verdict.findings] == ["prediction"]
    assert fleet.pass_time(ALIKE_PERIODS - 30) == []
    [again] = fleet.pass_time(ALIKE_PERIODS)
    assert again.verdict.resolved == (replace(incident, resolved_at=again.verdict.end),)
    assert fleet.pass_time(30, odd="pod-4")[0].verdict.opened[0].id != incident.id


def test_an_incident_from_before_a_restart_is_not_opened_again(reference: FrozenReference) -> None:
    before, after = Fleet(reference), Fleet(reference)
    [odd] = before.pass_time(30, odd="pod-4")
    after.siblings.stands("pod-4", odd.verdict.opened[0])
    after.minute = before.minute
    assert after.pass_time(30, odd="pod-4") == []


def test_a_fleet_of_two_cannot_say_which_is_odd(reference: FrozenReference) -> None:
    fleet = Fleet(reference)
    for number in range(20):
        counts = {"a": fleet._counts(0.0), "b": fleet._counts(2.0)}
        assert fleet.siblings.observe(some.window(number), counts) == []


def test_a_new_leader_goes_on_from_the_evidence_of_the_last(reference: FrozenReference) -> None:
    """It names the odd replica when the last one would have, and keeps kilobytes for that."""
    undisturbed, fleet, forgetful = Fleet(reference), Fleet(reference), Fleet(reference)
    for one in (undisturbed, fleet, forgetful):
        assert one.pass_time(ENOUGH_TO_SUSPECT, odd="pod-4", by=0.25) == []
    state = fleet.siblings.state("fraud")
    assert len(state) < 64 << 10
    for one, known in ((fleet, state), (forgetful, None)):
        one.siblings = Siblings(reference, Policy())
        one.siblings.adopt("fraud", known)
    periods = [periods_until_named(one) for one in (undisturbed, fleet, forgetful)]
    assert periods[1] <= periods[0] + 1
    assert periods[2] > periods[0] + 3


def test_evidence_of_another_reference_policy_or_format_is_not_gone_on_from(reference: FrozenReference) -> None:
    fleet = Fleet(reference)
    fleet.pass_time(ENOUGH_TO_SUSPECT, odd="pod-4", by=0.25)
    state = fleet.siblings.state("fraud")
    other = Siblings(reference, Policy(budget=FalsePageBudget(2.0, 30.0)))
    empty = other.state("fraud")
    for strange in (state, state[:-1], b"", None):
        other.adopt("fraud", strange)
        assert other.state("fraud") == empty


def test_versions_that_are_gone_take_no_memory(reference: FrozenReference) -> None:
    fleet = Fleet(reference)
    fleet.pass_time(ENOUGH_TO_SUSPECT, odd="pod-4", by=0.25)
    later = replace(some.window(fleet.minute + 2 * ALIKE_PERIODS), key=WindowKey("fraud", "2", "*"))
    fleet.siblings.observe(later, {})
    assert fleet.siblings.state("fraud") == Fleet(reference).siblings.state("fraud")


def periods_until_named(fleet: Fleet) -> int:
    return next(number for number in range(1, 100) if fleet.pass_time(1, odd="pod-4", by=0.25))
