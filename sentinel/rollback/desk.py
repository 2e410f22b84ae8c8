"""Where the pure part meets the store: one call per judged window, and what to commit with it comes back.

    plan = desk.decide(verdict, now)                     # reads the past, decides
    store.commit_window(WindowRecord(..., intents=plan.intents, audit=plan.audit))
    deliverer.wake()                                     # where plan.intents is not empty

The desk keeps each model's version history, in memory and as a setting of the store.
"""

from collections.abc import Callable
from dataclasses import replace

from sentinel.config.settings import RollbackSettings
from sentinel.judge.verdict import Verdict
from sentinel.rollback.history import VersionHistory, setting_name
from sentinel.rollback.interlocks import Comparison, Replicas, Surroundings
from sentinel.rollback.past import Past, read_past
from sentinel.rollback.planning import ACTOR, Plan, plan
from sentinel.rollback.policy import policy_from
from sentinel.rollback.watching import effects, record_of, settled
from sentinel.store.contract import Store

Compare = Callable[[str, str, str], Comparison | None]
"""(model, version under trial, baseline version) -> how they compare, or None when they were not compared."""


class Desk:
    """Decides for every window. `actor` names this replica in the audit. Raises ValueError for unusable settings."""

    def __init__(self, store: Store, settings: RollbackSettings, actor: str = ACTOR) -> None:
        self._store = store
        self._pause_file = settings.pause_file
        self._actor = actor
        self._watching = True
        self.policy = policy_from(settings)

    def versions(self, model: str) -> VersionHistory:
        """The releases of a model as the store has them. A damaged entry is forgotten: then nothing is rolled back."""
        try:
            return VersionHistory.from_text(self._store.setting(setting_name(model)))
        except ValueError:
            return VersionHistory()

    def decide(
        self, verdict: Verdict, now: float, compare: Compare | None = None, replicas: Replicas | None = None
    ) -> Plan:
        """What the window behind `verdict` leads to. Raises StoreError; then nothing was decided."""
        versions = self._seen(verdict)
        if not verdict.open and not self._watching:
            return Plan()
        past = self.past()
        surroundings = Surroundings(versions, self._compared(verdict, versions, compare), replicas or Replicas())
        made = plan(verdict, self.policy, past, now, surroundings, self._actor)
        seen = effects(past, verdict, versions, self.policy.effect_seconds)
        self._watching = bool(made.intents) or not settled(past)
        return replace(made, effects=seen, audit=made.audit + tuple(record_of(effect, now) for effect in seen))

    def request(self, verdict: Verdict, now: float, actor: str) -> Plan:
        """As `decide`, for a verdict that comes from outside and not from a window: through the same interlocks."""
        surroundings = Surroundings(self.versions(verdict.model))
        return plan(verdict, self.policy, self.past(), now, surroundings, actor)

    def past(self) -> Past:
        """What was decided and asked before. Raises StoreError."""
        return read_past(self._store, self._pause_file)

    def _seen(self, verdict: Verdict) -> VersionHistory:
        """The history with this window in it, written down. Replicas share it, so it is read every time."""
        before = self.versions(verdict.model)
        if not verdict.rows:
            return before  # a window in which this version answered nothing does not show that it serves
        after = before.seen(verdict.version, verdict.start, verdict.end, verdict.rows)
        if after != before:
            self._store.put_setting(setting_name(verdict.model), after.to_text())
        return after

    def _compared(self, verdict: Verdict, versions: VersionHistory, compare: Compare | None) -> Comparison | None:
        baseline = versions.previous(verdict.version)
        if compare is None or baseline is None:
            return None
        return compare(verdict.model, verdict.version, baseline.version)
