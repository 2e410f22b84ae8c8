"""Plans: one request per breach and version, each decision told once, everything deterministic."""

from dataclasses import replace

from sentinel.rollback.past import DECISION, Past, past_from
from sentinel.rollback.planning import Plan, plan
from tests.support.rollback_cases import NOW, incident, policy, rule, surroundings, verdict


def remembered(*plans: Plan, paused: str = "") -> Past:
    """The past after these plans were committed, as a store gives it back."""
    intents = [intent for made in plans for intent in made.intents]
    trail = [record for made in plans for record in made.audit]
    return past_from(reversed(intents), reversed(trail), paused)


def test_a_breach_gives_one_intent_and_one_record() -> None:
    made = plan(verdict(), policy(), Past(), NOW, surroundings())
    (intent,), (record,), (decision,) = made.intents, made.audit, made.decisions
    assert (intent.from_version, intent.to_version, intent.state, intent.attempts) == ("2", "1", "pending", 0)
    assert intent.expires_at == NOW + 600
    assert decision.outcome == record.outcome == "triggered"
    assert record.action == DECISION
    assert "from 2 to 1" in record.sentence
    assert record.inputs["rollback_evidence"] == 1.5
    assert "." not in intent.id


def test_every_replica_and_every_cause_makes_the_same_id() -> None:
    ids = set()
    for moment, cause in [(NOW, "prediction_drift"), (NOW + 0.5, "error_ratio"), (NOW + 7, "latency")]:
        standing = incident(cause=cause, id=f"incident of {cause}")
        made = plan(verdict(standing, rows=300 + int(moment - NOW)), policy(), Past(), moment, surroundings())
        ids.add(made.intents[0].id)
    assert len(ids) == 1


def test_other_versions_targets_and_places_have_other_ids() -> None:
    base = policy(targets=("a", "b"))
    elsewhere = replace(base, workload=replace(base.workload, cluster="west"))
    made = [
        plan(verdict(), base, Past(), NOW, surroundings()),
        plan(verdict(), elsewhere, Past(), NOW, surroundings()),
    ]
    assert len({intent.id for each in made for intent in each.intents}) == 4


def test_a_held_breach_is_not_asked_again() -> None:
    first = plan(verdict(), policy(), Past(), NOW, surroundings())
    for later in (60, 600, 86_400):
        assert plan(verdict(end=NOW + later), policy(), remembered(first), NOW + later, surroundings()) == Plan()


def test_another_incident_of_the_same_version_is_suppressed_with_a_record() -> None:
    first = plan(verdict(), policy(), Past(), NOW, surroundings())
    other = verdict(incident(id="incident-2", cause="latency"))
    made = plan(other, policy(), remembered(first), NOW, surroundings())
    assert not made.intents
    assert [record.outcome for record in made.audit] == ["suppressed_one_per_version"]


def test_two_incidents_in_one_verdict_ask_once() -> None:
    both = verdict(incident(), incident(id="incident-2", cause="error_ratio"))
    made = plan(both, policy(), Past(), NOW, surroundings())
    assert len(made.intents) == 1
    assert [decision.outcome for decision in made.decisions] == ["triggered", "suppressed_one_per_version"]


def test_a_suppression_is_told_once_until_it_changes() -> None:
    waiting = policy(rules=rule(for_seconds=120))
    first = plan(verdict(), waiting, Past(), NOW, surroundings())
    assert [record.outcome for record in first.audit] == ["suppressed_for_duration"]
    again = plan(verdict(), waiting, remembered(first), NOW, surroundings())
    assert again == Plan()
    due = plan(verdict(end=NOW + 60), waiting, remembered(first, again), NOW + 60, surroundings())
    assert [record.outcome for record in due.audit] == ["triggered"]
    assert len(due.intents) == 1


def test_dry_run_decides_once_sends_nothing_and_does_not_stand_in_the_way_of_enforcing() -> None:
    dry = plan(verdict(), policy(mode="dry_run"), Past(), NOW, surroundings())
    assert not dry.intents
    assert [record.outcome for record in dry.audit] == ["dry_run"]
    assert plan(verdict(), policy(mode="dry_run"), remembered(dry), NOW, surroundings()) == Plan()
    enforced = plan(verdict(), policy(), remembered(dry), NOW, surroundings())
    assert len(enforced.intents) == 1


def test_an_incident_of_another_version_is_not_decided_on_with_this_versions_window() -> None:
    other = replace(verdict(), version="1")
    assert plan(other, policy(), Past(), NOW, surroundings()) == Plan()


def test_nothing_open_nothing_planned() -> None:
    calm = replace(verdict(), open=(), opened=())
    assert plan(calm, policy(), Past(), NOW, surroundings()) == Plan()


def test_outcomes_that_alternate_are_each_told_once() -> None:
    """A paused and resumed incident, or one whose windows are now ok and now not, does not fill the audit."""
    plans: list[Plan] = []
    for minute in range(20):
        paused = "somebody paused" if minute % 2 else ""
        waiting = policy(rules=rule(for_seconds=1e9))
        plans.append(plan(verdict(), waiting, remembered(*plans, paused=paused), NOW + minute, surroundings()))
    assert [record.outcome for made in plans for record in made.audit] == [
        "suppressed_for_duration",
        "suppressed_paused",
    ]
