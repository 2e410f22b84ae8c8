"""The incidents of a model: opening, holding, resolution, by the table `INCIDENT_LIFE`. One at a time on each watch.

Beside the watches, whose evidence pages, stand the faults in a version's data that have held: facts without evidence.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from sentinel.drift.faults import Finding as Fault
from sentinel.drift.faults import in_words
from sentinel.judge import words
from sentinel.judge.faults import concerned
from sentinel.judge.policy import Policy
from sentinel.judge.roster import SHARED, Key, Roster
from sentinel.judge.states import INCIDENT_LIFE, Event, Phase
from sentinel.judge.verdict import Incident
from sentinel.judge.watch import NAMED, Opening, Scores, Watch, evidence_of
from sentinel.windows.closed import ClosedWindow

FAULTS = "faults"
"""What the incident on a version's faults stands on, in place of a watch."""


class Docket:
    """open: incidents by what they stand on. pages: when each page of the budget's period was opened."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.open: dict[Key, Incident] = {}
        self.pages: list[float] = []

    def settle(
        self, roster: Roster, window: ClosedWindow, scores: Scores, faults: Sequence[Fault] = ()
    ) -> tuple[list[Incident], list[Incident]]:
        """Incidents opened and resolved by this window. faults: in its data, they tell the kind of change, and page."""
        opened: list[Incident] = []
        resolved: list[Incident] = []
        for key in [*roster.watches, *(key for key in self.open if key not in roster.watches and key[1] != FAULTS)]:
            watch = roster.watches.get(key)
            due = self._page_due(key, watch, window, scores)
            event = Event.PAGE_DUE if due else self._ending(key, watch, roster, window)
            if event is None:
                continue
            before = Phase.OPEN if key in self.open else Phase.QUIET
            after = INCIDENT_LIFE[before, event]
            if watch is not None and due is not None and (before, after) == (Phase.QUIET, Phase.OPEN):
                opened.append(self._opened(key, watch, due, window, faults))
            if (before, after) == (Phase.OPEN, Phase.QUIET):
                resolved.append(self._resolved(key, roster, event, window))
        self._settle_faults(roster, window, faults, opened, resolved)
        return opened, resolved

    def _settle_faults(
        self,
        roster: Roster,
        window: ClosedWindow,
        faults: Sequence[Fault],
        opened: list[Incident],
        resolved: list[Incident],
    ) -> None:
        """Last, so that what the evidence pages about in the same window is told already."""
        paging = self.policy.faults.paging(faults)
        streaks = roster.versions[window.key.version].faults
        streaks.take(window, paging)
        due = [f for f in paging if streaks.windows(f) >= self.policy.faults.hold_windows and not self._told(f)]
        for key in dict.fromkeys([(window.key.version, FAULTS), *(key for key in self.open if key[1] == FAULTS)]):
            event = self._fault_event(key, roster, window, due)
            if event is None:
                continue
            before = Phase.OPEN if key in self.open else Phase.QUIET
            after = INCIDENT_LIFE[before, event]
            if (before, after) == (Phase.QUIET, Phase.OPEN):
                opened.append(self._opened_on_faults(key, due, window, streaks.windows(due[0])))
            if (before, after) == (Phase.OPEN, Phase.QUIET):
                resolved.append(self._resolved(key, roster, event, window))

    def _told(self, fault: Fault) -> bool:
        """Whether an open incident names what it concerns."""
        named = {name for incident in self.open.values() for name in incident.features}
        return named.issuperset(concerned(fault))

    def _fault_event(self, key: Key, roster: Roster, window: ClosedWindow, due: Sequence[Fault]) -> Event | None:
        """What happened to the incident on a version's faults. due: of the window's version."""
        version, _ = key
        if version not in roster.versions or not roster.served(version, window):
            return Event.RETIRED
        if version != window.key.version:
            return None
        if due:
            return Event.PAGE_DUE
        over = roster.versions[version].faults.clear >= self.policy.faults.hold_windows
        return Event.RECOVERED if over and key in self.open else None

    def standing(self, roster: Roster) -> tuple[Incident, ...]:
        """Open incidents with the evidence of now, oldest first."""
        now = [self._current(incident, roster.watches.get(key)) for key, incident in self.open.items()]
        return tuple(sorted(now, key=lambda incident: (incident.opened_at, incident.id)))

    def spent_ratio(self, now: float) -> float:
        """Pages opened in the budget's period up to `now`, over the pages it allows."""
        self.pages = [at for at in self.pages if at > now - self.policy.budget.seconds]
        return len(self.pages) / self.policy.budget.pages

    def rollback_evidence(self, log_wealth: float) -> float:
        """Wealth in the rollback book.

        Wealth is linear in the capital paid in. The stricter book has the same accounts and less capital: it is the
        same book, times the ratio of the budgets.
        """
        ratio = self.policy.rollback_budget.pages_per_second / self.policy.budget.pages_per_second
        return evidence_of(log_wealth) * ratio

    def _page_due(self, key: Key, watch: Watch | None, window: ClosedWindow, scores: Scores) -> Opening | None:
        judged = key in SHARED or key[0] == window.key.version
        held = any(other in self.open for other in SHARED) if key in SHARED else key in self.open
        if watch is None or not judged or held or watch.log_wealth() < 0:
            return None
        return watch.opening(scores)

    def _ending(self, key: Key, watch: Watch | None, roster: Roster, window: ClosedWindow) -> Event | None:
        if key not in self.open:
            return None
        gone = key not in SHARED and (key[0] not in roster.versions or not roster.served(key[0], window))
        if watch is None or gone:
            return Event.RETIRED
        judged = key in SHARED or key[0] == window.key.version
        recovered = judged and watch.recovered(self.open[key].features, window.end - window.start)
        return Event.RECOVERED if recovered else None

    def _opened(self, key: Key, watch: Watch, why: Opening, window: ClosedWindow, faults: Sequence[Fault]) -> Incident:
        evidence = evidence_of(watch.log_wealth())
        seen = f"{_counted(why.rows, 'row')} in {_counted(why.windows, 'window')} since {_since(window, why.windows)}"
        what = ", ".join(filter(None, (why.what, words.kind(faults, why.features))))
        incident = Incident(
            id=_identity(window, why.cause),
            model=window.key.model,
            version=window.key.version,
            cause=why.cause,
            opened_at=window.end,
            resolved_at=None,
            evidence=evidence,
            features=why.features,
            explanation=f"{what}; evidence {evidence:.2g} of 1 needed; {seen}",
            rollback_evidence=self.rollback_evidence(watch.log_wealth()),
        )
        self._enter(key, incident)
        watch.book.restart_blocks()
        return incident

    def _opened_on_faults(self, key: Key, due: Sequence[Fault], window: ClosedWindow, held: int) -> Incident:
        """held: windows in a row, of the first that is due."""
        incident = Incident(
            id=_identity(window, FAULTS),
            model=window.key.model,
            version=window.key.version,
            cause="data_quality",
            opened_at=window.end,
            resolved_at=None,
            evidence=0.0,
            features=tuple(dict.fromkeys(name for fault in due for name in concerned(fault))),
            explanation=f"{in_words(due, NAMED)} in {_counted(held, 'window')} in a row since {_since(window, held)}",
        )
        self._enter(key, incident)
        return incident

    def _enter(self, key: Key, incident: Incident) -> None:
        self.open[key] = incident
        self.pages.append(incident.opened_at)

    def _resolved(self, key: Key, roster: Roster, event: Event, window: ClosedWindow) -> Incident:
        incident = self.open.pop(key)
        for spent in SHARED if key in SHARED else (key,):  # one drift of the inputs is seen alone and in groups
            if spent in roster.watches:
                roster.watches[spent].book.clear()
        back = "the data are whole again" if key[1] == FAULTS else "back within tolerance"
        how = f"version {incident.version} is no longer served" if event is Event.RETIRED else back
        return replace(incident, resolved_at=window.end, explanation=f"{incident.explanation}; resolved: {how}")

    def _current(self, incident: Incident, watch: Watch | None) -> Incident:
        if watch is None:
            return incident
        wealth = watch.log_wealth()
        return replace(incident, evidence=evidence_of(wealth), rollback_evidence=self.rollback_evidence(wealth))


def _identity(window: ClosedWindow, what: str) -> str:
    """The same breach in the same window has the same id, whoever judges it."""
    name = "\0".join([window.key.model, window.key.version, what, repr(window.start)])
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _since(window: ClosedWindow, windows: int) -> str:
    return words.moment(window.end - windows * (window.end - window.start))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
