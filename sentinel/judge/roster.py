"""The versions of a model and what is watched of each: time is paid and rows are bet here.

Inputs are watched over all versions together; predictions, errors and latency per version, so that a new version's
fault is its own. Versions served at the same time share the budget of what is watched per version. Incidents are not
known here.
"""

from dataclasses import dataclass, field

import numpy as np

from sentinel.drift.blocks import LENGTHS, Blocks, Counts
from sentinel.drift.book import Book
from sentinel.judge import traffic
from sentinel.judge.binding import SERVICE_SHARE, Roles
from sentinel.judge.faults import LargestClient, Streaks
from sentinel.judge.policy import Policy
from sentinel.judge.service import ServiceBook
from sentinel.judge.watch import DriftWatch, ServiceWatch, Watch
from sentinel.windows.closed import ClosedWindow

Key = tuple[str, str]
"""(version, what is watched)."""
Labelled = tuple[int, int]
"""Predictions that have a label, and those of them that were wrong; counted since the version began."""
INPUTS: Key = ("", "inputs")
JOINT: Key = ("", "joint")
SHARED = (INPUTS, JOINT)
"""Watched over all versions."""

ROWS, ANALYSED, NOT_READ, FITTING, FOREIGN = range(5)
"""Counted per version: rows; exchanges analysed and undecodable; rows with the reference's columns and with others."""
RETIRED_WINDOWS = 5
"""A version without a window for so many windows, while another has them, is no longer served."""
FORGOTTEN_SECONDS = 86_400.0
"""After this long its books are dropped."""
MOST_VERSIONS = 16
"""Versions remembered, the newest; a client that invents version names must not fill the memory."""


@dataclass(slots=True)
class VersionState:
    """until: end of the newest window. recent: counts [1, 5] over trailing windows, see `ROWS` and its neighbours.
    labelled: what labels had said of the version when they were last bet on. faults: how long they have held.
    """

    until: float = -np.inf
    recent: Blocks = field(default_factory=lambda: Blocks.empty(1, 5))
    labelled: Labelled = (0, 0)
    faults: Streaks = field(default_factory=Streaks)
    clients: LargestClient = field(default_factory=LargestClient)

    def trailing(self, windows: int) -> Counts:
        """Counts [5] of the last one to two times `windows` windows; `windows` is one of `LENGTHS`."""
        i = LENGTHS.index(windows)
        return np.asarray((self.recent.current[i] + self.recent.previous[i])[0])


class Roster:
    """roles: laws of the reference; None without one."""

    def __init__(self, policy: Policy, roles: Roles | None) -> None:
        self.policy = policy
        self.roles = roles
        self.until = -np.inf
        self.versions: dict[str, VersionState] = {}
        self.watches: dict[Key, Watch] = {}
        if roles is not None and roles.inputs is not None:
            self.watches[INPUTS] = self._drift("input", roles)
        if roles is not None and roles.joint is not None:
            self.watches[JOINT] = self._joint(roles)

    def take(
        self,
        window: ClosedWindow,
        counts: Counts | None,
        joint: Counts | None = None,
        labelled: Labelled | None = None,
    ) -> None:
        """Time passes to the window's end, then its rows count.

        counts: [F, K], None where not comparable. joint: [G, CELLS] of the groups of inputs, where they are watched.
        labelled: all that labels said of the version up to now.
        """
        version = window.key.version
        self.enter(version)
        self._pay(window)
        fits = [counts is None or self._bet(role, key, counts, window) for role, key in _drift_keys(version)]
        grouped = self.watches.get(JOINT)
        if isinstance(grouped, DriftWatch) and joint is not None and all(fits):
            grouped.book.observe(joint, at=(window.start + window.end) / 2)
        self._bet_service(window)
        self._bet_labels(version, labelled)
        self._remember(window, all(fits))
        self._forget(window)

    def enter(self, version: str) -> None:
        """Make room for a version, if it is new."""
        if version not in self.versions:
            newest = max(self.versions, key=lambda v: self.versions[v].until, default=None)
            self.versions[version] = VersionState()
            self.watches.update(self._own(version))
            if newest is not None:
                self._inherit((newest, "predictions"), (version, "predictions"))

    def _inherit(self, old: Key, new: Key) -> None:
        """Dependence of rows is a matter of the traffic: a new version starts with what the last one learnt."""
        before, after = self.watches.get(old), self.watches.get(new)
        if isinstance(before, DriftWatch) and isinstance(after, DriftWatch):
            after.book.learn_from(before.book.meter.successor())

    def served(self, version: str, window: ClosedWindow) -> bool:
        """Whether a version still has windows at the time of `window`."""
        return self.versions[version].until > window.start - RETIRED_WINDOWS * (window.end - window.start)

    def shared(self) -> list[Key]:
        """What is watched over all versions."""
        return [key for key in SHARED if key in self.watches]

    def keys_of(self, version: str) -> list[Key]:
        """What is watched of a version alone."""
        return [key for key in self.watches if key[0] == version and key not in SHARED]

    def _own(self, version: str) -> dict[Key, Watch]:
        levels, budget = self.policy.service_levels, self.policy.budget
        own: dict[Key, Watch] = {}
        if self.roles is not None and self.roles.predictions is not None:
            own[version, "predictions"] = self._drift("prediction", self.roles)
        if levels.error_ratio is not None:
            book = ServiceBook(levels.error_ratio, budget, SERVICE_SHARE)
            own[version, "errors"] = ServiceWatch("error_ratio", book, "errors in")
        if levels.latency_seconds is not None:
            book = ServiceBook(1 - levels.latency_quantile, budget, SERVICE_SHARE)
            own[version, "latency"] = ServiceWatch("latency", book, f"longer than {levels.latency_seconds:g} s in")
        if levels.wrong_ratio is not None:
            book = ServiceBook(levels.wrong_ratio, budget, SERVICE_SHARE)
            own[version, "labels"] = ServiceWatch("realised_quality", book, "wrong predictions in", "labelled ones")
        return own

    def _share(self, role: str, roles: Roles) -> float:
        levels = self.policy.service_levels
        objectives = sum(
            level is not None for level in (levels.error_ratio, levels.latency_seconds, levels.wrong_ratio)
        )
        return (1 - SERVICE_SHARE * objectives) * roles.share(role)

    def _joint(self, roles: Roles) -> DriftWatch:
        labels = roles.groups.plan.labels if roles.groups is not None else ()
        book = Book(roles.laws("joint"), self.policy.budget, self._share("joint", roles), roles.seasons("joint"))
        return DriftWatch("input_drift", book, labels, missing_last=False)

    def _drift(self, role: str, roles: Roles) -> DriftWatch:
        book = Book(roles.laws(role), self.policy.budget, self._share(role, roles), roles.seasons(role))
        return DriftWatch("input_drift" if role == "input" else "prediction_drift", book, roles.labels_of(role))

    def _pay(self, window: ClosedWindow) -> None:
        """Capital for time that was not paid yet: of the model for the inputs, of the version for its own."""
        state = self.versions[window.key.version]
        if fresh := _fresh_seconds(window, self.until):
            for key in self.shared():
                self.watches[key].book.pay(fresh)
        if own := _fresh_seconds(window, state.until):
            others = sum(self.served(v, window) for v in self.versions if v != window.key.version)
            for key in self.keys_of(window.key.version):
                self.watches[key].book.pay(own, 1 / (1 + others))
            state.recent.step()
        self.until = max(self.until, window.end)
        state.until = max(state.until, window.end)

    def _bet(self, role: str, key: Key, counts: Counts, window: ClosedWindow) -> bool:
        """Bet on the window; whether it has the columns of this role. Where it has not, their absence is the drift."""
        watch = self.watches.get(key)
        if not isinstance(watch, DriftWatch) or self.roles is None:
            return True
        own = watch.seen(self.roles.of(role, counts), window.rows)
        watch.book.observe(own, at=(window.start + window.end) / 2)
        return self.roles.fits(role, counts)

    def _bet_service(self, window: ClosedWindow) -> None:
        version, levels, seen = window.key.version, self.policy.service_levels, window.traffic
        errors, latency = self.watches.get((version, "errors")), self.watches.get((version, "latency"))
        if isinstance(errors, ServiceWatch):
            errors.book.observe(traffic.exchanges(seen), traffic.failed(seen))
        if isinstance(latency, ServiceWatch) and levels.latency_seconds is not None:
            latency.book.observe(traffic.timed(seen), traffic.slower(seen, levels.latency_seconds))

    def _bet_labels(self, version: str, labelled: Labelled | None) -> None:
        """Bet on the labels that are new since the last window of the version, each once."""
        state, watch = self.versions[version], self.watches.get((version, "labels"))
        if labelled is None or not isinstance(watch, ServiceWatch):
            return
        new, wrong = (now - before for now, before in zip(labelled, state.labelled, strict=True))
        state.labelled = labelled
        if 0 <= wrong <= new:  # else the store was replaced, and counts from the beginning
            watch.book.observe(new, wrong)

    def _remember(self, window: ClosedWindow, fits: bool) -> None:
        read = (window.traffic.analysed, traffic.not_read(window.traffic))
        columns = (window.rows, 0) if fits else (0, window.rows)
        seen = np.array([[window.rows, *read, *columns]], dtype=np.int64)
        self.versions[window.key.version].recent.add(seen)

    def _forget(self, window: ClosedWindow) -> None:
        newest = sorted(self.versions, key=lambda v: self.versions[v].until, reverse=True)
        kept = set(newest[:MOST_VERSIONS]) | {window.key.version}
        gone = [
            v for v, state in self.versions.items() if state.until < window.end - FORGOTTEN_SECONDS or v not in kept
        ]
        for version in gone:
            for key in self.keys_of(version):
                del self.watches[key]
            del self.versions[version]


def _drift_keys(version: str) -> tuple[tuple[str, Key], ...]:
    """Where a window of `version` is bet on, by role."""
    return ("input", INPUTS), ("prediction", (version, "predictions"))


def _fresh_seconds(window: ClosedWindow, until: float) -> float:
    """How much of the window lies after `until`: one that comes late, or of another version, pays nothing twice."""
    return max(0.0, min(window.end - window.start, window.end - until))
