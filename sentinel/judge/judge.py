"""The judge: closed windows of one model in, verdicts out. Pure: no clock, no I/O; time is what the windows say.

Windows may come late, in slices, merged over replicas and of several versions: the evidence is valid for every order in
which rows are first seen. `roster` holds what is watched, `docket` the incidents; here they become a verdict.
"""

from collections import deque
from functools import reduce
from operator import or_
from typing import Unpack

import numpy as np

from sentinel.drift import quality, segments
from sentinel.drift.blocks import Counts
from sentinel.drift.faults import Finding as Fault
from sentinel.drift.faults import in_words
from sentinel.judge import traffic, words
from sentinel.judge.binding import Roles
from sentinel.judge.docket import FAULTS, Docket
from sentinel.judge.policy import Policy, PolicyOptions
from sentinel.judge.roster import ANALYSED, FITTING, FOREIGN, NOT_READ, ROWS, SHARED, Labelled, Roster
from sentinel.judge.state import Remembering, adopt, encode
from sentinel.judge.states import SENTENCE, STATE_OF, Condition
from sentinel.judge.verdict import Finding, Incident, Verdict, worst
from sentinel.judge.watch import SHOWN_FINDINGS, Scores, Watch, evidence_of
from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.counts import coarse
from sentinel.windows.segmented import SegmentCounts

WINDOWS_FOR_ROWS = 24
"""`insufficient` looks at the rows of the last 24 to 48 windows."""
WINDOWS_FOR_SEGMENTS = 6
"""Where drift is, is told over so many windows."""
WINDOWS_FOR_READING = 3
"""`blind` looks at the last 3 to 6: it must show at once that traffic cannot be read."""
SHOWN_FAULTS = 3
"""Findings on data quality that an explanation ends with, the widest first."""
BLIND_RATIO = 0.5
"""Blind: more than this share of inference exchanges undecodable, or of rows without the reference's columns."""


class Judge:
    """Judges the windows of one model against a reference, within a budget of false pages.

    Options are the fields of `Policy`: budget, rollback_budget, tolerance, tolerances, service_levels, minimum_rows,
    dependence, faults and others. Without a reference service levels are judged, and the state is `blind` about drift.
    One observation of 60 features takes about a millisecond.
    """

    def __init__(self, reference: FrozenReference | None = None, **options: Unpack[PolicyOptions]) -> None:
        self.policy = Policy(**options)
        self.reference = reference
        self.roster = Roster(self.policy, None if reference is None else Roles(reference, self.policy))
        self.docket = Docket(self.policy)
        self._segments: dict[str, deque[SegmentCounts]] = {}  # of words only, so they are not in the state
        self._names = frozenset(() if reference is None else reference.names)
        self.notice = ""
        """Said with the next verdict: why evidence had to start again."""

    def observe(
        self,
        closed: ClosedWindow,
        scores: Scores | None = None,
        joint: Counts | None = None,
        labelled: Labelled | None = None,
    ) -> Verdict:
        """Take in one closed window and judge it.

        scores: of the window; where given they lend their words to the explanation. joint: counts of its rows by
        `JointPlan.count`, where groups of inputs are watched that the window itself has not counted. labelled:
        predictions of the version that have a label, and how many of these were wrong, since the version began.
        """
        fits = self.reference is not None and closed.reference_id == self.reference.fingerprint
        counts = coarse(self.reference, closed.features) if self.reference is not None and fits else None
        groups = closed.features.groups if fits and closed.features.groups.size else None
        self.roster.take(closed, counts, groups if joint is None else joint, labelled)
        faults = self._faults(closed) if fits else ()
        opened, resolved = self.docket.settle(self.roster, closed, scores or {}, faults)
        standing = self.docket.standing(self.roster)
        conditions = self._conditions(closed, fits, standing)
        notice, self.notice = self.notice, ""
        version = closed.key.version
        findings = self._findings(version, scores or {})
        besides = (
            *self._contributors(closed, fits, standing, findings),
            words.of_the_model(self.roster, tuple(self.docket.open), version, scores or {}),
            notice,
            in_words(faults, SHOWN_FAULTS),
        )
        own = [self.roster.watches[key].log_wealth() for key in self.roster.keys_of(version)]
        return Verdict(
            model=closed.key.model,
            version=version,
            start=closed.start,
            end=closed.end,
            state=worst(*(STATE_OF[condition] for condition in conditions)),
            explanation=self._explanation(closed, conditions, standing, besides),
            evidence=max((evidence_of(w.log_wealth()) for w in self._watched(version)), default=0.0),
            rollback_evidence=self.docket.rollback_evidence(max(own, default=-np.inf)),
            budget_spent_ratio=self.docket.spent_ratio(closed.end),
            findings=findings,
            opened=tuple(opened),
            resolved=tuple(resolved),
            open=standing,
            rows=closed.rows,
            quality=faults,
            mix=segments.mix(self.reference, closed.segments) if self.reference is not None and fits else {},
            kept=traffic.kept(self.policy.service_levels, closed.traffic),
        )

    def _faults(self, closed: ClosedWindow) -> tuple[Fault, ...]:
        """What is wrong with the data of a window that fits the reference."""
        unusual = self.roster.versions[closed.key.version].clients.unusual(closed)
        found = quality.findings(self.reference, closed) if self.reference is not None else ()
        return self.policy.faults.told([f for f in found if unusual or f.kind != "one_client"])

    def _watched(self, version: str) -> list[Watch]:
        """What concerns a version: what is watched over all versions, and its own."""
        return [self.roster.watches[key] for key in [*self.roster.shared(), *self.roster.keys_of(version)]]

    def _concerning(self, version: str, standing: tuple[Incident, ...]) -> list[Incident]:
        faulty = self.roster.versions[version].faults.holding(self.policy.faults.hold_windows)
        shared = {i.id for key, i in self.docket.open.items() if key in SHARED or (faulty and key[1] == FAULTS)}
        return [incident for incident in standing if incident.version == version or incident.id in shared]

    def _conditions(self, closed: ClosedWindow, fits: bool, standing: tuple[Incident, ...]) -> list[Condition]:
        """What holds, in the order in which it is explained."""
        state = self.roster.versions[closed.key.version]
        reading = state.trailing(WINDOWS_FOR_READING)
        holds = {
            Condition.INCIDENT_OPEN: bool(self._concerning(closed.key.version, standing)),
            Condition.NO_REFERENCE: self.reference is None,
            Condition.FOREIGN_REFERENCE: self.reference is not None and not fits and closed.rows > 0,
            Condition.UNDECODABLE: reading[NOT_READ] > BLIND_RATIO * (reading[NOT_READ] + reading[ANALYSED]),
            Condition.COLUMNS_DO_NOT_FIT: reading[FOREIGN] > BLIND_RATIO * (reading[FOREIGN] + reading[FITTING]),
            Condition.FEW_ROWS: state.trailing(WINDOWS_FOR_ROWS)[ROWS] < self.policy.minimum_rows,
        }
        return [condition for condition in Condition if holds[condition]]

    def _explanation(
        self,
        closed: ClosedWindow,
        conditions: list[Condition],
        standing: tuple[Incident, ...],
        besides: tuple[str, ...],
    ) -> str:
        """What holds and since when; `besides` ends it, where it is not empty."""
        rows = int(self.roster.versions[closed.key.version].trailing(WINDOWS_FOR_ROWS)[ROWS])
        parts = [incident.explanation for incident in self._concerning(closed.key.version, standing)]
        parts += [
            SENTENCE[condition].format(rows=rows, minimum=self.policy.minimum_rows)
            for condition in conditions
            if condition in SENTENCE
        ]
        known = parts or [f"within tolerance, {rows:,} rows in recent windows"]
        return "; ".join([*known, *filter(None, besides)])

    def _contributors(
        self, closed: ClosedWindow, fits: bool, standing: tuple[Incident, ...], findings: tuple[Finding, ...]
    ) -> tuple[str, str]:
        """What drifts besides the features that the standing incidents name, and where all of them drift."""
        told = [name for incident in self._concerning(closed.key.version, standing) for name in incident.features]
        more = [finding for finding in words.besides(findings, told) if finding.feature in self._names]
        also = ", ".join(f"also {finding.feature} {finding.change}" for finding in more)
        return also, self._where(closed, fits, [*told, *(finding.feature for finding in more)])

    def _where(self, closed: ClosedWindow, fits: bool, features: list[str]) -> str:
        """In which segment the drift of these features is, over recent windows."""
        if self.reference is None or not fits or not self.reference.segments:
            return ""
        for gone in self._segments.keys() - self.roster.versions.keys():
            del self._segments[gone]
        recent = self._segments.setdefault(closed.key.version, deque(maxlen=WINDOWS_FOR_SEGMENTS))
        recent.append(closed.segments)
        return segments.in_words(self.reference, reduce(or_, recent), features) if features else ""

    def _findings(self, version: str, scores: Scores) -> tuple[Finding, ...]:
        found = [finding for watch in self._watched(version) for finding in watch.findings(scores)]
        return tuple(sorted(found, key=lambda finding: -finding.evidence)[:SHOWN_FINDINGS])

    def state(self) -> bytes:
        """Everything that `restore` needs, compact and versioned; equal judges give equal bytes."""
        return encode(self._remembering(), self.notice)

    @classmethod
    def restore(cls, reference: FrozenReference | None, state: bytes, **options: Unpack[PolicyOptions]) -> "Judge":
        """The judge that `state` came from, bit for bit. StateError where the bytes are foreign, newer or damaged.

        With another reference, or options on which evidence depends, evidence starts again; incidents and the budget
        spent remain, and the next verdict says so.
        """
        judge = cls(reference, **options)
        judge.notice = adopt(judge._remembering(), state)
        return judge

    def _remembering(self) -> Remembering:
        reference = self.reference.fingerprint if self.reference is not None else ""
        return Remembering(reference, self.policy.fingerprint(), self.roster, self.docket)
