"""One `sentinel fleet` process: leads if it can, and judges what is due. Synchronous; `step` is called every second.

The judge is handed in (`PeriodJudge`), so that the fleet decides with the very code of a single sidecar.
"""

from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol

from sentinel.fleet import ledger
from sentinel.fleet.lock import Leadership
from sentinel.fleet.merging import Merged, merge
from sentinel.fleet.periods import REMEMBERED_PERIODS, Due, Roll, Timing, Waiting
from sentinel.fleet.siblings import Odd, Siblings
from sentinel.reference.frozen import Counts, FrozenReference
from sentinel.store.contract import WindowRecord
from sentinel.store.engine import Database
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.counts import coarse

MOST_WAITING = 50_000
"""Windows looked at in one step: fifty periods of a thousand replicas."""


class PeriodJudge(Protocol):
    """Judges merged windows of all models; each time it starts from the state that it is given."""

    def judge(self, window: ClosedWindow, state: bytes | None, now: float) -> WindowRecord:
        """Judge one merged window; `state` is the model's in the store. The record carries the state after it."""


@dataclass(slots=True)
class Progress:
    """What one step did, for metrics: see `Fleet.step`."""

    leading: bool = False
    judged: list[WindowRecord] = field(default_factory=list)
    replicas: dict[str, int] = field(default_factory=dict)  # model -> replicas in the last judged period
    missing: dict[str, int] = field(default_factory=dict)  # model -> expected replicas that were not
    late: int = 0  # windows that came after their period was judged
    foreign: int = 0  # windows counted against another reference: only their traffic was used
    unreadable: int = 0  # windows damaged in the store, or written by a newer sentinel
    odd: list[Odd] = field(default_factory=list)  # replicas set apart from their siblings, or like them again
    overtaken: int = 0  # periods that another leader committed first
    lag_seconds: float = 0.0  # age of the end of the oldest period that still waits
    judging_seconds: float = 0.0


@dataclass(slots=True)
class _Reading:
    """What is noted while a period's windows pass: coarse counts by replica, and ids of windows that cannot be read."""

    counts: dict[str, Counts] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)


class Fleet:
    """Merges, judges and commits due periods while it leads. StoreError from `step` means: try again."""

    def __init__(
        self,
        database: Database,
        judge: PeriodJudge,
        leadership: Leadership,
        timing: Timing,
        reference: FrozenReference | None = None,
        siblings: Siblings | None = None,
    ) -> None:
        self._database = database
        self._judge = judge
        self._leadership = leadership
        self._timing = timing
        self._reference = reference
        self._siblings = siblings
        self._unsaid: list[Odd] = []
        self._roll: Roll | None = None

    def step(self, now: float) -> Progress:
        """Judge every period that is due at `now` (seconds since the epoch); nothing while another process leads."""
        progress = Progress(leading=self._leadership.held(now))
        if not progress.leading:
            self._roll = None
            return progress
        started = perf_counter()
        roll = self._roll = self._roll or self._taken_over(now)
        unjudged = self._without_late(roll, self._waiting(roll), progress)
        for period in roll.due(unjudged, now):
            if not self._leadership.held(now):
                break
            self._judge_period(period, now, progress)
            roll.judged(period)
        self._measure_lag(roll, unjudged, now, progress)
        progress.judging_seconds = perf_counter() - started
        return progress

    def release(self) -> None:
        self._leadership.release()

    def _taken_over(self, now: float) -> Roll:
        roll = Roll(self._timing)
        if self._siblings:
            for replica, incident in ledger.odd_replicas(self._database):
                self._siblings.stands(replica, incident)
            for model, evidence in ledger.sibling_states(self._database).items():
                self._siblings.adopt(model, evidence)
        since = now - (REMEMBERED_PERIODS + 1) * self._timing.period_seconds
        for model, replicas in ledger.recent_replicas(self._database, since).items():
            roll.report(model, replicas)
        return roll

    def _waiting(self, roll: Roll) -> list[Waiting]:
        """What waits, in whole periods: after a long outage only the oldest ones."""
        found = ledger.waiting(self._database, MOST_WAITING)
        if len(found) < MOST_WAITING:
            return found
        last = roll.start_of(found[-1].start)
        return [window for window in found if roll.start_of(window.start) < last] or found

    def _without_late(self, roll: Roll, waiting: list[Waiting], progress: Progress) -> list[Waiting]:
        def place(window: Waiting) -> tuple[str, str, float]:
            return window.model, window.version, roll.start_of(window.start)

        judged = ledger.already_judged(self._database, sorted({place(window) for window in waiting}))
        late = [window.id for window in waiting if place(window) in judged]
        if late:
            progress.late += ledger.set_aside(self._database, late, "late")
        return [window for window in waiting if place(window) not in judged]

    def _judge_period(self, period: Due, now: float, progress: Progress) -> None:
        for ids in period.versions.values():
            reading = _Reading()
            merged = self._merged(period, ids, reading)
            progress.unreadable += ledger.set_aside(self._database, reading.unreadable, "unreadable")
            if merged is None:
                continue
            record = self._judge_merged(merged, sorted({*ids} - {*reading.unreadable}), now, progress)
            if record is not None:
                self._compare(record.window, reading.counts, progress)
        progress.replicas[period.model] = len(period.replicas)
        progress.missing[period.model] = len(period.missing)

    def _judge_merged(self, merged: Merged, ids: list[int], now: float, progress: Progress) -> WindowRecord | None:
        """Judge and commit; None when another leader was faster."""
        progress.foreign += len(merged.foreign)
        known = ledger.state(self._database, merged.window.key.model)
        record = self._judge.judge(merged.window, known, now)
        if not ledger.commit(self._database, record, ids, known):
            progress.overtaken += 1
            return None
        progress.judged.append(record)
        return record

    def _merged(self, period: Due, ids: tuple[int, ...], reading: _Reading) -> Merged | None:
        """The windows of one version added up, read one after the other; None when there is none."""
        end = period.start + self._timing.period_seconds
        read = (self._noted(window, reading.counts) for window in ledger.read(self._database, ids, reading.unreadable))
        return merge(read, period.start, end, self._reference)

    def _noted(self, window: ClosedWindow, counts: dict[str, Counts]) -> ClosedWindow:
        reference, replica = self._reference, window.key.replica
        if self._siblings and reference and window.rows and window.reference_id == reference.fingerprint:
            own = coarse(reference, window.features)
            counts[replica] = counts[replica] + own if replica in counts else own
        return window

    def _compare(self, merged: ClosedWindow, counts: dict[str, Counts], progress: Progress) -> None:
        """Say what is odd, then keep what is left of the evidence: killed in between, a leader leaves both."""
        if self._siblings is None:
            return
        self._unsaid += self._siblings.observe(merged, counts)
        while self._unsaid:  # what a failing store kept from being said is said with the next period
            ledger.say_of(self._database, self._unsaid[0].replica, self._unsaid[0].verdict)
            progress.odd.append(self._unsaid.pop(0))
        model = merged.key.model
        ledger.keep_siblings(self._database, model, merged.start, self._siblings.state(model))

    def _measure_lag(self, roll: Roll, unjudged: list[Waiting], now: float, progress: Progress) -> None:
        done = {(record.window.key.model, record.window.start) for record in progress.judged}
        starts = {(window.model, roll.start_of(window.start)) for window in unjudged} - done
        ends = [start + self._timing.period_seconds for _, start in starts]
        progress.lag_seconds = max([now - end for end in ends if end <= now], default=0.0)
