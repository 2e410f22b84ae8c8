"""Every replica against its siblings: the one that differs is named, as an incident and a verdict of its own. Pure.

The evidence is `sentinel.judge.replicas`; here are its books (one for inputs and one for predictions of each version)
and the life of the incidents. Wrong weights or a bad accelerator on one pod show in its predictions, a broken feed in
its inputs; what all replicas see alike never shows here.

Its memory is bytes, as the judge's is: a new leader goes on from the evidence that the last one had on replicas which
set themselves apart, and begins anew on those that did not.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from sentinel.drift.blocks import Counts
from sentinel.drift.budget import FalsePageBudget
from sentinel.judge.binding import Roles
from sentinel.judge.policy import Policy
from sentinel.judge.replicas import ReplicaBook
from sentinel.judge.verdict import Finding, Incident, State, Verdict
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.packing import FormatError, frame, unframe
from sentinel.windows.closed import ClosedWindow

ROLES = ("input", "prediction")
VERSIONS_AT_ONCE = 2
"""The budget of the odd replica is for a model; two versions at once, baseline and canary, share it."""
ALIKE_PERIODS = 60
"""An incident is resolved after so many periods without new evidence: ten times what finding half a deviation takes."""
MAGIC, VERSION, WHAT = b"SNTLSIB\n", 1, "the evidence on odd replicas"


@dataclass(frozen=True, slots=True)
class Odd:
    """What is said of one replica in one period: a verdict for its window, with the incident that opened or closed."""

    replica: str
    verdict: Verdict


@dataclass(slots=True)
class _Standing:
    incident: Incident
    last_odd: float


@dataclass(slots=True)
class Siblings:
    """Call `observe` once for each judged period of a version. A leader that takes over tells it, with `stands`, of the
    incidents that are open and, with `adopt`, of the evidence.
    """

    reference: FrozenReference
    policy: Policy
    _books: dict[tuple[str, str, str], ReplicaBook] = field(default_factory=dict)
    _open: dict[tuple[str, str, str], _Standing] = field(default_factory=dict)
    _until: dict[tuple[str, str], float] = field(default_factory=dict)
    _roles: Roles = field(init=False)

    def __post_init__(self) -> None:
        self._roles = Roles(self.reference, self.policy)

    def stands(self, replica: str, incident: Incident) -> None:
        """An open incident that the store remembers."""
        self._open[incident.model, incident.version, replica] = _Standing(incident, incident.opened_at)

    def state(self, model: str) -> bytes:
        """The evidence on a model's replicas; kilobytes, however many there are."""
        own = [(version, role, book) for (of, version, role), book in self._books.items() if of == model]
        books = [[version, role, cells] for version, role, book in own if (cells := book.state())]
        return frame(MAGIC, VERSION, {"laws": self._laws(), "books": books})

    def adopt(self, model: str, state: bytes | None) -> None:
        """Go on from a `state`; from nothing where there is none, or one of another reference, policy or format."""
        for key in [key for key in self._books if key[0] == model]:
            del self._books[key]
        try:
            content = unframe(MAGIC, VERSION, state or b"", WHAT)
        except FormatError:
            return
        if content["laws"] != self._laws():
            return
        for version, role, cells in content["books"]:
            book = self._book(role, (model, version, role))
            if book is not None:
                book.adopt(cells)

    def _laws(self) -> list[str]:
        """What evidence depends on."""
        return [self.reference.fingerprint, self.policy.fingerprint()]

    def observe(self, merged: ClosedWindow, counts: Mapping[str, Counts]) -> list[Odd]:
        """counts: the coarse counts [F, K] of each replica that served rows in the period of `merged`."""
        self._forget(merged)
        said = [odd for role in ROLES if (odd := self._look(role, merged, counts)) is not None]
        return [*said, *self._recovered(merged, {odd.replica for odd in said})]

    def _forget(self, merged: ClosedWindow) -> None:
        """Drop the books of versions that are no longer served."""
        self._until[merged.key.model, merged.key.version] = merged.end
        since = merged.end - ALIKE_PERIODS * (merged.end - merged.start)
        self._until = {pair: until for pair, until in self._until.items() if until >= since}
        self._books = {key: book for key, book in self._books.items() if key[:2] in self._until}

    def _look(self, role: str, merged: ClosedWindow, counts: Mapping[str, Counts]) -> Odd | None:
        book = self._book(role, (merged.key.model, merged.key.version, role))
        if book is None:
            return None
        for gone in book.replicas.keys() - counts.keys():
            book.forget(gone)
        book.observe({name: self._roles.of(role, own) for name, own in counts.items()}, merged.end - merged.start)
        found = book.odd()
        if found is None:
            return None
        replica, features = found
        evidence = float(np.exp(min(book.log_wealth()[replica], 700.0)))
        book.clear()
        return self._page(role, merged, replica, features, evidence)

    def _book(self, role: str, key: tuple[str, str, str]) -> ReplicaBook | None:
        """key: (model, version, role)."""
        if (self._roles.inputs if role == "input" else self._roles.predictions) is None:
            return None
        if key not in self._books:
            budget = self.policy.budget
            pages = budget.pages * self._roles.share(role) / VERSIONS_AT_ONCE
            shared = FalsePageBudget(pages, budget.days)
            self._books[key] = ReplicaBook(self._roles.laws(role), shared, self.policy.tolerance)
        return self._books[key]

    def _page(
        self, role: str, merged: ClosedWindow, replica: str, features: tuple[str, ...], evidence: float
    ) -> Odd | None:
        key = (merged.key.model, merged.key.version, replica)
        if key in self._open:
            self._open[key].last_odd = merged.end
            return None
        named = ", ".join(features[:3])
        what = "answers" if role == "prediction" else "sees"
        sentence = f"replica {replica} {what} otherwise than its siblings, most in {named}; the others agree"
        name = "\0".join([*key, "odd_replica", repr(merged.start)])
        incident = Incident(
            id=hashlib.sha256(name.encode()).hexdigest()[:32],
            model=merged.key.model,
            version=merged.key.version,
            cause="odd_replica",
            opened_at=merged.end,
            resolved_at=None,
            evidence=evidence,
            features=features,
            explanation=sentence,
        )
        self._open[key] = _Standing(incident, merged.end)
        findings = [Finding(one, role, "odd_replica", evidence / len(features), sentence, 0.0, "") for one in features]
        return Odd(replica, _verdict(merged, State.BREACH, sentence, evidence, findings, opened=(incident,)))

    def _recovered(self, merged: ClosedWindow, just_said: set[str]) -> Iterable[Odd]:
        """Incidents of this version without new evidence for long enough."""
        enough = ALIKE_PERIODS * (merged.end - merged.start)
        for key, standing in list(self._open.items()):
            model, version, replica = key
            if (model, version) != (merged.key.model, merged.key.version) or replica in just_said:
                continue
            if merged.end - standing.last_odd >= enough:
                del self._open[key]
                closed = replace(standing.incident, resolved_at=merged.end)
                sentence = f"replica {replica} is like its siblings again"
                yield Odd(replica, _verdict(merged, State.OK, sentence, 0.0, (), resolved=(closed,)))


def _verdict(
    merged: ClosedWindow,
    state: State,
    sentence: str,
    evidence: float,
    findings: Iterable[Finding],
    *,
    opened: tuple[Incident, ...] = (),
    resolved: tuple[Incident, ...] = (),
) -> Verdict:
    return Verdict(
        model=merged.key.model,
        version=merged.key.version,
        start=merged.start,
        end=merged.end,
        state=state,
        explanation=sentence,
        evidence=evidence,
        findings=tuple(findings),
        opened=opened,
        resolved=resolved,
    )
