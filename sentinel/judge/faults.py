"""Faults in the data over windows: what each kind of them leads to, and how long each has held. Pure.

A finding is a fact of one window, from which chance is excluded (`sentinel.drift.quality`). What has to be kept from
paging yet is the passing mishap: a page needs most rows, in several windows in a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sentinel.drift.faults import KINDS, Finding
from sentinel.drift.quality import LEAST_ROWS
from sentinel.windows.closed import ClosedWindow

Effect = Literal["off", "ticket", "page"]

LEARNING_WINDOWS = 10
"""Windows that tell what is usual, before one can be unusual."""
REMEMBERED_WINDOWS = 1440
"""What is usual is the mean over about so many windows: a day of minutes."""
UNUSUAL_RISE = 0.25
"""Of the share of the largest client over the usual: many a model is asked by one service alone, from the beginning."""

PAGES = frozenset({"lost_field", "wrong_type", "unit_change", "swapped"})
"""Rows like these mean something else to the model than they say; the other kinds may be a harmless world."""


@dataclass(frozen=True, slots=True)
class FaultPolicy:
    """effects: of each kind; one that is not named raises a ticket. A fault pages that concerns page_ratio of the rows
    or more in hold_windows windows in a row; so many windows without any end it.
    """

    effects: Mapping[str, Effect] = field(default_factory=lambda: dict.fromkeys(PAGES, "page"))
    hold_windows: int = 3
    page_ratio: float = 0.5

    def __post_init__(self) -> None:
        if unknown := self.effects.keys() - set(KINDS):
            raise ValueError(f"{', '.join(sorted(unknown))}: no such fault; there are {', '.join(KINDS)}")

    def told(self, found: Sequence[Finding]) -> tuple[Finding, ...]:
        """Without the kinds that nobody wants to hear of."""
        return tuple(finding for finding in found if self.effects.get(finding.kind) != "off")

    def paging(self, found: Sequence[Finding]) -> list[Finding]:
        """What pages if it holds."""
        return [f for f in found if self.effects.get(f.kind) == "page" and f.share >= self.page_ratio]


@dataclass(slots=True)
class Streaks:
    """Faults of one version that may page: in how many windows in a row, up to `until`, each was, and none was."""

    until: float = float("-inf")
    held: dict[tuple[str, str], int] = field(default_factory=dict)
    clear: int = 0

    def take(self, window: ClosedWindow, paging: Sequence[Finding]) -> None:
        """Count a window; one of few rows says nothing, nor does one that comes late."""
        if window.rows < LEAST_ROWS or window.end <= self.until:
            return
        self.until = window.end
        self.held = {key: self.held.get(key, 0) + 1 for key in map(_key, paging)}
        self.clear = 0 if paging else self.clear + 1

    def windows(self, finding: Finding) -> int:
        """In how many windows in a row it was."""
        return self.held.get(_key(finding), 0)

    def holding(self, windows: int) -> bool:
        """Whether any has been there for so many."""
        return any(count >= windows for count in self.held.values())


@dataclass(slots=True)
class LargestClient:
    """The share of rows that the largest client of a version's windows usually has. windows: it is learnt from."""

    share: float = 0.0
    windows: int = 0

    def unusual(self, window: ClosedWindow) -> bool:
        """Whether the window's largest client has notably more; and learn from it."""
        told = window.whole.told
        if told < LEAST_ROWS:
            return False
        share = window.whole.largest / told
        risen = self.windows >= LEARNING_WINDOWS and share - self.share >= UNUSUAL_RISE
        self.windows = min(self.windows + 1, REMEMBERED_WINDOWS)
        self.share += (share - self.share) / self.windows
        return risen


def concerned(finding: Finding) -> tuple[str, ...]:
    """The features that a fault is of; where it is of whole rows, its kind."""
    if finding.kind == "swapped":
        return finding.feature, finding.detail
    return (finding.feature or finding.kind,)


def _key(finding: Finding) -> tuple[str, str]:
    return finding.kind, finding.feature
