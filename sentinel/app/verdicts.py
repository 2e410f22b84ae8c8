"""Closed windows in; scores, verdicts, rollback plans and store records out. No clock, no I/O but its log.

One `Judging` serves one sidecar. What the store knows of the past is read through the `Memory` it is given, so the same
code runs live, in replay (with an empty memory) and in tests.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sentinel.config import Settings
from sentinel.config.settings import FaultSettings, LabelSettings
from sentinel.drift.budget import FalsePageBudget, Tolerance
from sentinel.drift.faults import KINDS
from sentinel.drift.scores import FeatureScores, score
from sentinel.judge.faults import FaultPolicy
from sentinel.judge.judge import Judge
from sentinel.judge.policy import PolicyOptions, ServiceLevels
from sentinel.judge.state import StateError
from sentinel.judge.verdict import State, Verdict
from sentinel.reference.frozen import FrozenReference
from sentinel.rollback.planning import Plan
from sentinel.store.contract import WindowRecord
from sentinel.store.profile import Profile, profiles
from sentinel.windows.closed import ClosedWindow

logger = logging.getLogger("sentinel.judging")

MOST_WRONG = 0.99
"""Accepted share of wrong predictions at most: a share of one could never be exceeded."""


class Memory(Protocol):
    """What is remembered of the past, and who decides on it: the store, or nothing."""

    def judge_state(self, model: str) -> bytes | None:
        """The judge's last state. Raises StoreError or TimeoutError while it cannot be known."""

    def labelled(self, model: str, version: str) -> tuple[int, int] | None:
        """Predictions with a label, and those of them that were wrong; None while that cannot be known."""

    def decide(self, verdict: Verdict, window: ClosedWindow, now: float) -> Plan:
        """What the verdict on the window leads to; nothing while the past cannot be known."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that one closed window led to."""

    window: ClosedWindow
    scores: Mapping[str, FeatureScores]
    verdict: Verdict
    plan: Plan
    judge_state: bytes
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    @property
    def record(self) -> WindowRecord:
        if not self.judge_state:
            return WindowRecord(self.window, self.scores, profiles=self.profiles)  # waits for the fleet's judge
        decided = (self.judge_state, self.plan.intents, self.plan.audit)
        return WindowRecord(
            self.window, self.scores, self.verdict, *decided, profiles=self.profiles, limits=self.plan.limits
        )


def policy_options(settings: Settings, reference: FrozenReference | None = None) -> PolicyOptions:
    """The judge's options in the settings. Raises ValueError for a tolerance nobody can read.

    reference: given, its share of wrong predictions is the standard, where labels come and the settings name no other.
    """
    return PolicyOptions(
        budget=FalsePageBudget(settings.drift.false_pages, settings.drift.per_days),
        rollback_budget=FalsePageBudget(settings.drift.rollback_false_pages, settings.drift.per_days),
        tolerance=Tolerance.parse(settings.drift.tolerance),
        service_levels=ServiceLevels(
            error_ratio=settings.slo.error_ratio,
            latency_seconds=settings.slo.latency_p99_seconds,
            wrong_ratio=accepted_wrong_ratio(settings.labels, reference),
        ),
        minimum_rows=settings.drift.minimum_rows,
        faults=_fault_policy(settings.faults),
    )


def _fault_policy(settings: FaultSettings) -> FaultPolicy:
    effects = {kind: getattr(settings, kind) for kind in KINDS}
    return FaultPolicy(effects, settings.hold_windows, settings.page_ratio)


def accepted_wrong_ratio(settings: LabelSettings, reference: FrozenReference | None) -> float | None:
    """Share of wrong predictions that is accepted: as set, or what the reference's interval allows and some loss."""
    if not settings.enabled or settings.accepted_wrong_ratio is not None:
        return settings.accepted_wrong_ratio if settings.enabled else None
    if reference is None or reference.standard is None:
        return None
    return min(reference.standard.wrong_ratio() + settings.accepted_loss_ratio, MOST_WRONG)


@dataclass(slots=True)
class Judging:
    """Judges windows of all models of one sidecar, one judge a model.

    member: of a fleet, which judges the merged windows of all replicas; then windows are scored here and nothing else.
    """

    reference: FrozenReference | None
    options: PolicyOptions
    memory: Memory
    member: bool = False
    _judges: dict[str, Judge] = field(default_factory=dict)

    def judge(self, window: ClosedWindow, now: float, *, afresh: bool = False) -> Judgement:
        """Score, judge and plan. `now`: seconds since the epoch, for deadlines of rollback requests.

        afresh: start a model's evidence anew rather than raise StoreError while its state cannot be read.
        """
        judged = self.reference is not None and window.reference_id == self.reference.fingerprint
        scores = score(self.reference, window) if judged and self.reference is not None else {}
        shapes = profiles(self.reference, window)
        if self.member:
            return Judgement(window, scores, _left_to_the_fleet(window), Plan(), b"", shapes)
        judge = self._judge(window.key.model, judged, afresh)
        verdict = judge.observe(window, scores, labelled=self._labelled(window))
        decided = self.memory.decide(verdict, window, now)
        return Judgement(window, scores, verdict, decided, judge.state(), shapes)

    def _labelled(self, window: ClosedWindow) -> tuple[int, int] | None:
        if self.options.get("service_levels", ServiceLevels()).wrong_ratio is None:
            return None
        return self.memory.labelled(window.key.model, window.key.version)

    def _judge(self, model: str, judged: bool, afresh: bool) -> Judge:
        if model not in self._judges:
            self._judges[model] = self._restored(model, self.reference if judged else None, afresh)
        return self._judges[model]

    def _restored(self, model: str, reference: FrozenReference | None, afresh: bool) -> Judge:
        state = None if afresh else self.memory.judge_state(model)
        if state is None:
            return Judge(reference, **self.options)
        try:
            return Judge.restore(reference, state, **self.options)
        except StateError as error:
            logger.warning("evidence on %s starts again: %s", model, error)
            return Judge(reference, **self.options)


def _left_to_the_fleet(window: ClosedWindow) -> Verdict:
    key = window.key
    sentence = "judged by the fleet, over all replicas together; see sentinel fleet"
    return Verdict(key.model, key.version, window.start, window.end, State.INSUFFICIENT, sentence, rows=window.rows)
