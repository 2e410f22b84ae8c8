"""The judge on closed windows: verdicts, incidents, versions, service levels, memory."""

import numpy as np
import pytest

from sentinel.drift.budget import FalsePageBudget, Tolerance
from sentinel.drift.scores import FeatureScores
from sentinel.judge.judge import Judge
from sentinel.judge.policy import ServiceLevels
from sentinel.judge.state import StateError
from sentinel.judge.verdict import State, Verdict
from sentinel.reference.frozen import FrozenReference
from sentinel.traffic.buckets import bucket_of
from sentinel.windows.window import TrafficCounts
from tests.support.judge_world import columns, reference, window


@pytest.fixture(scope="module")
def frozen() -> FrozenReference:
    return reference()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def feed(
    judge: Judge, frozen: FrozenReference, rng: np.random.Generator, indices: range, **world: object
) -> list[Verdict]:
    version = str(world.pop("version", "1"))
    rows = int(str(world.pop("rows", 500)))
    return [
        judge.observe(window(frozen, columns(rng, rows, **world), i, version=version))  # type: ignore[arg-type]
        for i in indices
    ]


def test_healthy_traffic_is_ok_once_there_are_enough_rows(frozen: FrozenReference, rng: np.random.Generator) -> None:
    verdicts = feed(Judge(frozen), frozen, rng, range(30), rows=90)
    assert [v.state for v in verdicts[:3]] == [State.INSUFFICIENT, State.INSUFFICIENT, State.OK]
    assert {v.state for v in verdicts[2:]} == {State.OK}
    assert "90 rows in recent windows, fewer than the 200 needed" in verdicts[0].explanation
    assert verdicts[-1].evidence < 0.5


def test_an_input_drift_opens_one_incident_says_why_and_resolves(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    judge = Judge(frozen)
    feed(judge, frozen, rng, range(5))
    drifting = feed(judge, frozen, rng, range(5, 40), shift=0.6)
    opened = [incident for v in drifting for incident in v.opened]
    assert len(opened) == 1
    assert (opened[0].cause, opened[0].features, opened[0].version) == ("input_drift", ("amount",), "1")
    assert opened[0].explanation.startswith("input amount about +0.")
    assert "of 1 needed" in opened[0].explanation
    assert drifting[-1].state is State.BREACH
    assert drifting[-1].findings[0].feature == "amount"
    assert drifting[-1].budget_spent_ratio == 1.0
    recovering = feed(judge, frozen, rng, range(40, 80))
    resolved = [incident for v in recovering for incident in v.resolved]
    assert [incident.id for incident in resolved] == [opened[0].id]
    assert "back within tolerance" in resolved[0].explanation
    assert recovering[-1].state is State.OK


def test_a_new_versions_predictions_breach_on_their_own_and_end_when_it_is_taken_back(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    judge = Judge(frozen)
    feed(judge, frozen, rng, range(5))
    faulty = feed(judge, frozen, rng, range(5, 10), approved=0.6, version="2")
    opened = [incident for v in faulty for incident in v.opened]
    assert [(i.cause, i.version, i.features) for i in opened] == [("prediction_drift", "2", ("prediction",))]
    assert opened[0].explanation.startswith("prediction share of")
    assert faulty[-1].rollback_evidence >= 1
    back = feed(judge, frozen, rng, range(10, 20), version="1")
    assert back[0].state is State.OK
    ended = [incident for v in back for incident in v.resolved]
    assert [incident.id for incident in ended] == [opened[0].id]
    assert "version 2 is no longer served" in ended[0].explanation


def test_the_incident_id_depends_on_the_breach_alone(frozen: FrozenReference) -> None:
    ids = set()
    for _ in range(2):
        verdicts = feed(Judge(frozen), frozen, np.random.default_rng(9), range(10), shift=1.0)
        ids |= {incident.id for v in verdicts for incident in v.opened}
    assert len(ids) == 1


def test_missing_values_are_a_matter_of_data_quality(frozen: FrozenReference, rng: np.random.Generator) -> None:
    judge = Judge(frozen)
    for i in range(6):
        data = columns(rng, 500)
        data["amount"][:200] = np.nan
        verdict = judge.observe(window(frozen, data, i))
    assert [incident.cause for incident in verdict.open] == ["data_quality"]
    assert "input amount missing +" in verdict.explanation


def test_words_of_the_scores_are_used(frozen: FrozenReference, rng: np.random.Generator) -> None:
    said = {"amount": FeatureScores("amount", "input", 500, 0.0, {"psi": 0.4}, "mean +1.00 sd")}
    judge = Judge(frozen)
    verdicts = [judge.observe(window(frozen, columns(rng, 500, shift=1.0), i), said) for i in range(4)]
    assert "input amount mean +1.00 sd" in verdicts[-1].explanation
    finding = verdicts[-1].findings[0]
    assert (finding.feature, finding.change, finding.score, finding.method) == ("amount", "mean +1.00 sd", 0.4, "psi")


def test_without_a_reference_it_is_blind_and_says_so(rng: np.random.Generator) -> None:
    verdict = Judge(None).observe(window(None, columns(rng, 500), 0))
    assert verdict.state is State.BLIND
    assert "no reference" in verdict.explanation


def test_a_window_of_another_reference_is_blind(frozen: FrozenReference, rng: np.random.Generator) -> None:
    verdict = Judge(reference(seed=2)).observe(window(frozen, columns(rng, 500), 0))
    assert verdict.state is State.BLIND
    assert "another reference" in verdict.explanation


def test_traffic_that_cannot_be_read_is_blind_but_errors_are_not(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    for reason, state in (("bad_json", State.BLIND), ("error_response", State.OK)):
        traffic = TrafficCounts(received=1000, analysed=300, undecodable={reason: 700}, codes={"2xx": 1000})
        verdict = Judge(frozen).observe(window(frozen, columns(rng, 300), 0, traffic=traffic))
        assert verdict.state is state


def test_foreign_columns_are_blind_and_page_as_an_outage(frozen: FrozenReference, rng: np.random.Generator) -> None:
    judge = Judge(frozen)
    for i in range(20):
        judge.observe(window(frozen, columns(rng, 300), i))
    for i in range(20, 26):
        data = {"price": rng.normal(size=300), "area": rng.normal(size=300)}
        verdict = judge.observe(window(frozen, data, i))
    assert verdict.state is State.BREACH
    assert "most inputs or predictions of the reference are missing from the traffic" in verdict.explanation
    named = {frozenset(incident.features) for incident in verdict.open}
    assert named == {frozenset({"amount", "country"}), frozenset({"prediction"})}


@pytest.mark.parametrize(
    ("lost", "cause", "says"),
    [
        (["amount"], "data_quality", "input amount missing in every row"),
        (["amount", "country"], "data_quality", "input amount, input country missing in every row"),
        (["prediction"], "prediction_drift", "prediction missing in every row"),
    ],
)
def test_a_feature_that_every_row_lacks_pages_at_once_by_name_and_once(
    frozen: FrozenReference, rng: np.random.Generator, lost: list[str], cause: str, says: str
) -> None:
    judge, opened, resolved = Judge(frozen), [], []
    for i in range(120):
        data = {name: column for name, column in columns(rng, 300).items() if i < 20 or i >= 60 or name not in lost}
        verdict = judge.observe(window(frozen, data, i))
        opened += [(i, incident) for incident in verdict.opened]
        resolved += verdict.resolved
    ((at, incident),) = opened
    assert at <= 21
    assert (incident.cause, set(incident.features)) == (cause, set(lost))
    assert incident.explanation.startswith(says)
    assert len(resolved) == 1


def test_a_role_that_was_never_observed_and_a_few_rows_without_it_are_no_outage(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    never, cut_off = Judge(frozen), Judge(frozen)
    for i in range(60):
        data = columns(rng, 5)
        inputs = {name: data[name] for name in ("amount", "country")}
        assert never.observe(window(frozen, inputs, i)).open == ()
        assert cut_off.observe(window(frozen, inputs if i % 4 else data, i)).open == ()


def served(received: int, failed: int = 0, slow: int = 0) -> TrafficCounts:
    return TrafficCounts(
        received=received,
        sampled_out=received,
        codes={"2xx": received - failed, "5xx": failed},
        latency={bucket_of(0.02): received - slow, bucket_of(0.9): slow},
    )


@pytest.mark.parametrize(
    ("traffic", "causes"),
    [
        (served(1000, failed=5), []),
        (served(1000, slow=5), []),
        (served(1000, failed=50), ["error_ratio"]),
        (served(1000, slow=50), ["latency"]),
        (served(1000, failed=60, slow=60), ["error_ratio", "latency"]),
    ],
)
def test_service_levels_page_beyond_their_objective(traffic: TrafficCounts, causes: list[str]) -> None:
    judge = Judge(None, service_levels=ServiceLevels(error_ratio=0.01, latency_seconds=0.25))
    for i in range(12):
        verdict = judge.observe(window(None, {}, i, traffic=traffic))
    assert sorted(incident.cause for incident in verdict.open) == causes
    assert verdict.state is (State.BREACH if causes else State.BLIND)


def test_a_service_level_incident_resolves(rng: np.random.Generator) -> None:
    judge = Judge(None, service_levels=ServiceLevels(error_ratio=0.01))
    first = judge.observe(window(None, {}, 0, traffic=served(3000, failed=600)))
    assert "errors in 20.00% of exchanges, 1.00% accepted" in first.explanation
    later = [judge.observe(window(None, {}, i, traffic=served(3000, failed=3))) for i in range(1, 8)]
    assert sum(len(v.resolved) for v in later) == 1


@pytest.mark.parametrize("seconds", [1.0, 60.0, 86_400.0])
def test_windows_of_any_length_are_judged(frozen: FrozenReference, rng: np.random.Generator, seconds: float) -> None:
    judge = Judge(frozen)
    verdicts = [judge.observe(window(frozen, columns(rng, 400, shift=0.8), i, seconds=seconds)) for i in range(8)]
    assert verdicts[-1].state is State.BREACH


def test_memory_survives_bit_for_bit(frozen: FrozenReference, rng: np.random.Generator) -> None:
    options = {"service_levels": ServiceLevels(error_ratio=0.01), "tolerance": Tolerance.parse("sd:0.1")}
    judge = Judge(frozen, **options)  # type: ignore[arg-type]
    feed(judge, frozen, rng, range(6))
    feed(judge, frozen, rng, range(6, 9), shift=0.5, version="2")
    again = Judge.restore(frozen, judge.state(), **options)  # type: ignore[arg-type]
    assert again.state() == judge.state()
    next_window = window(frozen, columns(rng, 300, shift=0.5), 9, version="2")
    assert again.observe(next_window) == judge.observe(next_window)
    assert again.state() == judge.state()


def test_another_reference_or_policy_restarts_the_evidence_and_says_so(
    frozen: FrozenReference, rng: np.random.Generator
) -> None:
    judge = Judge(frozen)
    feed(judge, frozen, rng, range(6), shift=1.0)
    other = reference(seed=3)
    moved = Judge.restore(other, judge.state())
    verdict = moved.observe(window(other, columns(rng, 300), 6))
    assert "evidence starts again: the reference is another one" in verdict.explanation
    assert (len(verdict.open), verdict.budget_spent_ratio) == (1, 1.0)
    stricter = Judge.restore(frozen, judge.state(), budget=FalsePageBudget(2, 30))
    assert "budget" in stricter.observe(window(frozen, columns(rng, 300), 6)).explanation


def test_evidence_of_other_accounts_starts_again_and_says_so(
    frozen: FrozenReference, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge(frozen)
    for i in range(30):
        judge.observe(window(frozen, columns(rng, 300, shift=1.0), i))
    monkeypatch.setattr("sentinel.judge.state.GENERATION", -1)
    state = judge.state()
    monkeypatch.undo()
    verdict = Judge.restore(frozen, state).observe(window(frozen, columns(rng, 300, shift=1.0), 30))
    assert "this sentinel bets on other drifts than the one before" in verdict.explanation
    assert len(verdict.open) == 1


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"SNTLREF\n" + bytes(30)])
def test_foreign_bytes_are_refused(frozen: FrozenReference, damage: bytes) -> None:
    with pytest.raises(StateError, match="cannot go on from these"):
        Judge.restore(frozen, damage)


def test_a_state_of_a_newer_version_is_refused(frozen: FrozenReference) -> None:
    state = bytearray(Judge(frozen).state())
    state[8] += 1
    with pytest.raises(StateError, match="newer"):
        Judge.restore(frozen, bytes(state))
