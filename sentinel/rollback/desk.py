"""Where the pure part meets the store: one call per judged window, and what to commit with it comes back.

    plan = desk.decide(verdict, now)                     # reads the past, decides
    store.commit_window(WindowRecord(..., intents=plan.intents, audit=plan.audit, limits=plan.limits))
    deliverer.wake()                                     # where plan.intents is not empty

The desk keeps each model's version history, in memory and as a setting of the store.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sentinel.config.settings import RollbackSettings
from sentinel.judge.traffic import exchanges
from sentinel.judge.verdict import Incident, State, Verdict
from sentinel.rollback.history import Release, VersionHistory, setting_name
from sentinel.rollback.interlocks import Comparison, Replicas, Surroundings
from sentinel.rollback.past import Past, read_past
from sentinel.rollback.planning import ACTOR, Plan, plan
from sentinel.rollback.policy import policy_from
from sentinel.rollback.trial import Predictions, Trial, compare, compare_labels, distinct
from sentinel.rollback.watching import effects, record_of, settled
from sentinel.store.contract import Store
from sentinel.windows.closed import MANY, ClosedWindow

COMPARED_SECONDS = 3600.0
"""Time of the baseline before the release that is compared with, at least."""
RECENT_WINDOWS = 3
"""A replica that judged none of the last windows of a version does not serve it any more."""
LABELS = "realised_quality"
"""The cause that is compared by labels, which come for windows long stored."""
MOST_WINDOWS = 500
"""Windows of the trial read; a deploy window of an hour has 60 of each replica."""


class Desk:
    """Decides for every window. Raises ValueError for unusable settings.

    actor: this replica in the audit. predictions: given, predictions are compared with the baseline's, too.
    """

    def __init__(
        self, store: Store, settings: RollbackSettings, actor: str = ACTOR, predictions: Predictions | None = None
    ) -> None:
        self._store = store
        self._predictions = predictions
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
        self, verdict: Verdict, now: float, window: ClosedWindow | None = None, replicas: Replicas | None = None
    ) -> Plan:
        """What the window behind `verdict` leads to. Raises StoreError; then nothing was decided.

        window: given, the comparison with the baseline includes it; else it ends with the last committed window.
        replicas: who sees the breach, where a fleet knows; else what the store has of this version's replicas.
        """
        versions = self._seen(verdict, exchanges(window.traffic) if window is not None else 0)
        if not verdict.open and not self._watching:
            return Plan()
        past = self.past()
        comparisons = self._compared(verdict, versions, window)
        own = window.key.replica if window is not None else self._actor
        surroundings = Surroundings(versions, comparisons, replicas or self._replicas(verdict, own))
        made = plan(verdict, self.policy, past, now, surroundings, self._actor)
        seen = effects(past, verdict, versions, self.policy.effect_seconds)
        self._watching = bool(made.intents) or not settled(past, now)
        return made | Plan(effects=seen, audit=tuple(record_of(effect, now) for effect in seen))

    def request(self, verdict: Verdict, now: float, actor: str) -> Plan:
        """As `decide`, for a verdict that comes from outside and not from a window: through the same interlocks."""
        surroundings = Surroundings(self.versions(verdict.model))
        return plan(verdict, self.policy, self.past(), now, surroundings, actor)

    def labelled(self, model: str, version: str) -> tuple[int, int]:
        """Predictions of a version with a label, and those of them that were wrong. Raises StoreError."""
        return self._store.labels.labelled(model, version)

    def past(self) -> Past:
        """What was decided and asked before. Raises StoreError."""
        return read_past(self._store, self._pause_file)

    def _seen(self, verdict: Verdict, answered: int) -> VersionHistory:
        """The history with this window in it, written down. Replicas share it, so it is read every time.

        answered: requests, also those answered with an error: a release that fails at once serves all the same.
        """
        before = self.versions(verdict.model)
        if not verdict.rows and not answered:
            return before  # a window in which this version answered nothing does not show that it serves
        after = before.seen(verdict.version, verdict.start, verdict.end, verdict.rows, answered)
        if after != before:
            self._store.put_setting(setting_name(verdict.model), after.to_text())
        return after

    def _compared(
        self, verdict: Verdict, versions: VersionHistory, window: ClosedWindow | None
    ) -> Mapping[str, Comparison]:
        """The version against the one before it, for each open cause that may roll back."""
        causes = {i.cause for i in verdict.open if self.policy.rule(i.cause).action == "rollback"}
        release, baseline = versions.release(verdict.version), versions.previous(verdict.version)
        if not causes or release is None or baseline is None:
            return {}
        trial = self._trial(verdict, release, baseline, window)
        breached = {i.cause for i in self._open_incidents(verdict.model) if i.version == baseline.version}
        found = {cause: self._one(cause, replace(trial, baseline_breached=cause in breached)) for cause in causes}
        return {cause: comparison for cause, comparison in found.items() if comparison is not None}

    def _one(self, cause: str, trial: Trial) -> Comparison | None:
        """The comparison in what `cause` is about."""
        if cause != LABELS:
            return compare(cause, trial, self._predictions)
        mine, theirs = (self._wrong(windows) for windows in (trial.trial, trial.baseline))
        return compare_labels(trial, mine, theirs)

    def _wrong(self, windows: Sequence[ClosedWindow]) -> Mapping[float, tuple[int, int]]:
        """What labels say of these windows' predictions: start -> (labelled, wrong)."""
        if not windows:
            return {}
        key, since = windows[0].key, min(window.start for window in windows)
        return self._store.labels.wrong_by_window(key.model, key.version, since)

    def _trial(self, verdict: Verdict, release: Release, baseline: Release, window: ClosedWindow | None) -> Trial:
        """The windows to compare: as far back before the release as it is old, and no fewer than an hour."""
        back = max(verdict.end - release.since, COMPARED_SECONDS)
        mine = list(self._windows(verdict.model, release.version, release.since, MOST_WINDOWS))
        if window is not None and all((w.key, w.start) != (window.key, window.start) for w in mine):
            mine.append(window)
        theirs = list(self._windows(verdict.model, baseline.version, release.since - back, 2 * MOST_WINDOWS))
        return Trial(distinct(mine), distinct(theirs), release.since, baseline_breached=False)

    def _windows(self, model: str, version: str, since: float, limit: int) -> Iterable[ClosedWindow]:
        stored = self._store.windows(model=model, version=version, since=since, limit=limit)
        return (entry.window for entry in stored)

    def _replicas(self, verdict: Verdict, own: str) -> Replicas:
        """This replica, which sees the breach, and those that judged windows of the same version lately.

        A verdict on the merged windows of all replicas stands for all of them.
        """
        if own == MANY:
            return Replicas()
        since = verdict.start - RECENT_WINDOWS * (verdict.end - verdict.start)
        recent = self._store.windows(model=verdict.model, version=verdict.version, since=since, limit=MOST_WINDOWS)
        latest = {entry.window.key.replica: entry.state for entry in recent if entry.state}
        latest[own] = State.BREACH
        return Replicas(agree=sum(state == State.BREACH for state in latest.values()), total=len(latest))

    def _open_incidents(self, model: str) -> list[Incident]:
        return self._store.incidents(model=model, open_only=True)
