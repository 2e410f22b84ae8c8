"""The incidents of a model: opening, holding, resolution, by the table `INCIDENT_LIFE`. One at a time on each watch."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from sentinel.drift.faults import Finding as Fault
from sentinel.judge import words
from sentinel.judge.policy import Policy
from sentinel.judge.roster import SHARED, Key, Roster
from sentinel.judge.states import INCIDENT_LIFE, Event, Phase
from sentinel.judge.verdict import Incident
from sentinel.judge.watch import Opening, Scores, Watch, evidence_of
from sentinel.windows.closed import ClosedWindow


class Docket:
    """open: incidents by what they stand on. pages: when each page of the budget's period was opened."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.open: dict[Key, Incident] = {}
        self.pages: list[float] = []

    def settle(
        self, roster: Roster, window: ClosedWindow, scores: Scores, faults: Sequence[Fault] = ()
    ) -> tuple[list[Incident], list[Incident]]:
        """Incidents opened and resolved by this window. faults: in its data, they tell the kind of change."""
        opened: list[Incident] = []
        resolved: list[Incident] = []
        for key in [*roster.watches, *(key for key in self.open if key not in roster.watches)]:
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
        return opened, resolved

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
        since = words.moment(window.end - why.windows * (window.end - window.start))
        seen = f"{_counted(why.rows, 'row')} in {_counted(why.windows, 'window')} since {since}"
        what = ", ".join(filter(None, (why.what, words.kind(faults, why.features))))
        name = "\0".join([window.key.model, window.key.version, why.cause, repr(window.start)])
        incident = Incident(
            id=hashlib.sha256(name.encode()).hexdigest()[:32],
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
        self.open[key] = incident
        self.pages.append(window.end)
        watch.book.restart_blocks()
        return incident

    def _resolved(self, key: Key, roster: Roster, event: Event, window: ClosedWindow) -> Incident:
        incident = self.open.pop(key)
        for spent in SHARED if key in SHARED else (key,):  # one drift of the inputs is seen alone and in groups
            if spent in roster.watches:
                roster.watches[spent].book.clear()
        how = f"version {incident.version} is no longer served" if event is Event.RETIRED else "back within tolerance"
        return replace(incident, resolved_at=window.end, explanation=f"{incident.explanation}; resolved: {how}")

    def _current(self, incident: Incident, watch: Watch | None) -> Incident:
        if watch is None:
            return incident
        wealth = watch.log_wealth()
        return replace(incident, evidence=evidence_of(wealth), rollback_evidence=self.rollback_evidence(wealth))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
