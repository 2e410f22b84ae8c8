"""Whatever happens in whatever order: one request per version, none while something forbids it, and a bounded audit."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sentinel.judge.verdict import Incident, State, Verdict
from sentinel.rollback.history import VersionHistory
from sentinel.rollback.interlocks import OUTCOMES, Comparison, Replicas, Surroundings
from sentinel.rollback.past import past_from
from sentinel.rollback.planning import plan
from sentinel.rollback.policy import RollbackPolicy
from sentinel.store.contract import AuditRecord, Intent
from tests.support.rollback_cases import NOW, incident, policy, verdict

MODELS = st.sampled_from(["fraud", "loans"])
VERSIONS = st.sampled_from(["1", "2", "3", ""])
CAUSES = st.sampled_from(["prediction_drift", "error_ratio", "latency", "input_drift", "data_quality"])
COMPARISONS = st.sampled_from([None, Comparison("worse"), Comparison("as_bad"), Comparison("unknown")])


@dataclass
class Remembered:
    """What a store would hold: an intent's id is written once."""

    intents: dict[str, Intent] = field(default_factory=dict)
    trail: list[AuditRecord] = field(default_factory=list)


class Deciding(RuleBasedStateMachine):
    """Two models, several replicas with stale knowledge, pauses, modes, and time."""

    @initialize(quorum=st.sampled_from([0.0, 0.5, 1.0]))
    def start(self, quorum: float) -> None:
        self.now = NOW
        self.mode: Any = "enforce"
        self.quorum = quorum
        self.paused = ""
        self.store = Remembered()
        self.stale = (list[Intent](), list[AuditRecord]())
        long = VersionHistory().seen("1", NOW - 9000, NOW - 60, 9000)
        self.versions = {"fraud": long.seen("2", NOW - 60, NOW, 500), "loans": long.seen("2", NOW - 60, NOW, 500)}

    @rule(seconds=st.sampled_from([1, 60, 600, 1800, 4000, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(model=MODELS, version=VERSIONS, rows=st.sampled_from([10, 500]))
    def serves(self, model: str, version: str, rows: int) -> None:
        self.versions[model] = self.versions[model].seen(version, self.now - 60, self.now, rows)

    @rule(mode=st.sampled_from(["enforce", "enforce", "enforce", "dry_run", "off"]))
    def configured(self, mode: str) -> None:
        self.mode = mode

    @rule(why=st.sampled_from(["", "", "somebody"]))
    def pauses_or_resumes(self, why: str) -> None:
        self.paused = why

    @rule()
    def a_replica_reads(self) -> None:
        """What a slow replica knows when it decides later."""
        self.stale = (list(self.store.intents.values()), list(self.store.trail))

    @rule(
        model=MODELS,
        version=VERSIONS,
        causes=st.lists(CAUSES, min_size=1, max_size=3, unique=True),
        state=st.sampled_from([State.BREACH, State.BREACH, State.BREACH, State.OK, State.BLIND, State.INSUFFICIENT]),
        evidence=st.sampled_from([0.5, 2.0, float("inf")]),
        comparison=COMPARISONS,
        replicas=st.sampled_from([Replicas(1, 1), Replicas(1, 3), Replicas(0, 0)]),
        slow=st.booleans(),
    )
    def a_breach_is_judged(self, **seen: Any) -> None:
        self._judge(seen)

    @rule(model=MODELS, cause=CAUSES, slow=st.booleans())
    def the_newest_version_clearly_breaches(self, model: str, cause: str, slow: bool) -> None:
        """Nothing about the breach itself stands in the way; the past, the time and the switches may."""
        version = self.versions[model].releases[-1].version
        self.versions[model] = self.versions[model].seen(version, self.now - 60, self.now, 500)
        clear = {"state": State.BREACH, "evidence": 2.0, "comparison": None, "replicas": Replicas(), "slow": slow}
        self._judge({"model": model, "version": version, "causes": [cause]} | clear)

    def _judge(self, seen: Any) -> None:
        standing = tuple(self._incident(seen, cause) for cause in seen["causes"])
        judged: Verdict = replace(
            verdict(*standing), state=seen["state"], start=self.now - 60, end=self.now, version=seen["version"]
        )
        surroundings = Surroundings(
            self.versions[seen["model"]],
            {cause: seen["comparison"] for cause in seen["causes"] if seen["comparison"]},
            seen["replicas"],
        )
        intents, trail = self.stale if seen["slow"] else (list(self.store.intents.values()), self.store.trail)
        past = past_from(sorted(intents, key=lambda i: -i.created_at), reversed(trail), self.paused)
        made = plan(judged, self._policy(), past, self.now, surroundings)
        for intent in made.intents:
            self._check(intent, judged, seen)
            self.store.intents.setdefault(intent.id, intent)
        self.store.trail += made.audit

    def _incident(self, seen: Any, cause: str) -> Incident:
        return incident(
            id=f"{seen['model']} {seen['version']} {cause}",
            model=seen["model"],
            version=seen["version"],
            cause=cause,
            opened_at=self.now - 10,
            rollback_evidence=seen["evidence"],
        )

    def _policy(self) -> RollbackPolicy:
        return policy(mode=self.mode, quorum_ratio=self.quorum)

    def _check(self, intent: Intent, judged: Verdict, seen: Any) -> None:
        assert self.mode == "enforce"
        assert not self.paused
        assert judged.state is State.BREACH
        assert intent.from_version
        assert intent.to_version not in ("", intent.from_version)
        assert seen["replicas"].agree > 0
        assert self.now - self.versions[intent.model].release(intent.from_version).since <= 3600  # type: ignore[union-attr]
        assert intent.expires_at > intent.created_at == self.now

    @invariant()
    def one_request_per_version(self) -> None:
        asked = Counter((intent.model, intent.from_version) for intent in self.store.intents.values())
        assert all(count == 1 for count in asked.values())

    @invariant()
    def every_outcome_is_a_known_word(self) -> None:
        assert {record.outcome for record in self.store.trail} <= set(OUTCOMES)
        assert all("{" not in record.sentence for record in self.store.trail)


TestDeciding = Deciding.TestCase
TestDeciding.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
