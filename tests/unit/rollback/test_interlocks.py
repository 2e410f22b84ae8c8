"""Every row of the table: one thing changed in a case that would trigger, and the word that must come out."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sentinel.judge.verdict import State
from sentinel.rollback import freeze
from sentinel.rollback.interlocks import INTERLOCKS, OUTCOMES, Case, Comparison, Replicas, judge_case
from sentinel.rollback.past import Past, Request
from tests.support.rollback_cases import NOW, case, incident, policy, rule, surroundings, verdict, versions


def asked(from_version: str = "1.5", to_version: str = "1", ago: float = 10.0, model: str = "fraud") -> Past:
    return Past((Request(f"of {from_version}", model, from_version, to_version, NOW - ago),))


ROWS: list[tuple[str, Callable[[], Case]]] = [
    ("triggered", case),
    ("suppressed_off", lambda: case(policy=policy(mode="off"))),
    ("suppressed_cause", lambda: case(incident=incident(cause="input_drift"))),
    ("suppressed_cause", lambda: case(policy=policy(rules=rule(action="page")))),
    ("suppressed_paused", lambda: case(past=Past(paused="ann paused rollbacks: release day"))),
    ("suppressed_stale", lambda: case(verdict=verdict(end=NOW - 601))),
    ("suppressed_blind", lambda: case(verdict=verdict(state=State.BLIND))),
    ("suppressed_insufficient_data", lambda: case(verdict=verdict(state=State.INSUFFICIENT))),
    ("suppressed_insufficient_data", lambda: case(policy=policy(rules=rule(minimum_rows=2000)))),
    ("suppressed_recovering", lambda: case(verdict=verdict(state=State.OK))),
    ("suppressed_recovering", lambda: case(verdict=verdict(kept=("prediction_drift", "latency")))),
    ("triggered", lambda: case(verdict=verdict(kept=("error_ratio", "latency")))),
    ("suppressed_evidence", lambda: case(incident=incident(rollback_evidence=0.99))),
    ("triggered", lambda: case(incident=incident(cause="error_ratio", rollback_evidence=0.0))),
    ("suppressed_for_duration", lambda: case(policy=policy(rules=rule(for_seconds=61)))),
    ("suppressed_no_previous", lambda: case(surroundings=surroundings(versions=versions(("2", NOW - 10))))),
    ("suppressed_no_previous", lambda: case(incident=incident(version=""))),
    ("suppressed_one_per_version", lambda: case(past=asked("2", "1", ago=1e7))),
    ("suppressed_deploy_window", lambda: case(policy=policy(rules=rule(deploy_window_seconds=299)))),
    (
        "suppressed_baseline_bad",
        lambda: case(surroundings=surroundings(comparisons={"prediction_drift": Comparison("as_bad")})),
    ),
    (
        "suppressed_baseline_unknown",
        lambda: case(surroundings=surroundings(comparisons={"prediction_drift": Comparison("unknown")})),
    ),
    ("triggered", lambda: case(surroundings=surroundings(comparisons={"prediction_drift": Comparison("worse")}))),
    (
        "suppressed_baseline_bad",
        lambda: case(verdict=verdict(incident(), incident(id="i2", cause="input_drift"))),
    ),
    (
        "triggered",  # both drift, but the comparison shows that the new version is worse on the same traffic
        lambda: case(
            verdict=verdict(incident(), incident(id="i2", cause="input_drift")),
            surroundings=surroundings(comparisons={"prediction_drift": Comparison("worse", concurrent=True)}),
        ),
    ),
    (
        "suppressed_baseline_bad",  # worse than the past, but the inputs moved since and nothing serves beside it
        lambda: case(
            verdict=verdict(incident(), incident(id="i2", cause="input_drift")),
            surroundings=surroundings(comparisons={"prediction_drift": Comparison("worse")}),
        ),
    ),
    (
        "triggered",  # the inputs drifted before this version came, so they do not explain it
        lambda: case(verdict=verdict(incident(), incident(id="i2", cause="input_drift", opened_at=NOW - 5_000))),
    ),
    ("suppressed_flip_flop", lambda: case(past=asked("1", "0", ago=86_000))),
    ("triggered", lambda: case(past=asked("1", "0", ago=86_500))),
    ("suppressed_cooldown", lambda: case(past=asked(ago=1_799))),
    ("triggered", lambda: case(past=asked(ago=1_801))),
    (
        "suppressed_rate_limit",
        lambda: case(past=Past(asked(model="a").requests + asked(model="b").requests)),
    ),
    ("suppressed_rate_limit", lambda: case(past=asked(ago=80_000), policy=policy(max_per_day=1))),
    ("suppressed_freeze", lambda: case(policy=policy(freezes=(freeze.parse("sat 22:00 - sun 06:00"),)))),
    ("suppressed_quorum", lambda: case(surroundings=surroundings(replicas=Replicas(1, 3)))),
    ("triggered", lambda: case(surroundings=surroundings(replicas=Replicas(2, 3)))),
    ("suppressed_quorum", lambda: case(surroundings=surroundings(replicas=Replicas(0, 0)))),
    ("dry_run", lambda: case(policy=policy(mode="dry_run"))),
]


@pytest.mark.parametrize(("word", "make"), ROWS, ids=[f"{i}-{word}" for i, (word, _) in enumerate(ROWS)])
def test_each_interlock(word: str, make: Callable[[], Case]) -> None:
    made = make()
    interlock = judge_case(made)
    assert interlock.word == word
    sentence = interlock.sentence.format(**made.facts)
    assert "None" not in sentence
    assert "{" not in sentence


def test_every_word_has_a_row_here() -> None:
    assert {word for word, _ in ROWS} == set(OUTCOMES)


def test_a_suppressed_breach_stays_suppressed_whatever_else_is_allowed() -> None:
    """Lifting any single later interlock never turns an earlier one into action: the table has no way round."""
    for interlock in INTERLOCKS:
        assert interlock.word != "triggered"
    everything_forbids = case(
        policy=policy(mode="off", max_per_hour=0, max_per_day=0), past=replace(asked("2"), paused="x")
    )
    assert judge_case(everything_forbids).word == "suppressed_off"


@pytest.mark.parametrize("state", [State.OK, State.INSUFFICIENT, State.BLIND])
def test_only_a_breach_acts(state: State) -> None:
    assert judge_case(case(verdict=verdict(state=state))).word != "triggered"
