"""The windows of one period and version, added up over replicas. Pure.

Windows counted against another reference than the fleet's cannot be compared with it: their traffic counts, their rows
do not, and they are named.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import MANY, NOTHING, ClosedWindow
from sentinel.windows.counts import nothing_of


@dataclass(frozen=True, slots=True)
class Merged:
    """The fleet's window of a period, and the replicas whose rows could not be used."""

    window: ClosedWindow
    foreign: tuple[str, ...]


def merge(
    windows: Iterable[ClosedWindow], start: float, end: float, reference: FrozenReference | None
) -> Merged | None:
    """Merge windows of one model and version; None when there is none."""
    fingerprint = reference.fingerprint if reference else ""
    merged, foreign = NOTHING, []
    for window in windows:
        fits = window.reference_id == fingerprint
        if not fits:
            foreign.append(window.key.replica)
        merged = merged | (window if fits else _traffic_only(window, reference))
    if merged is NOTHING:
        return None
    key = replace(merged.key, replica=MANY)
    return Merged(replace(merged, key=key, start=start, end=end), tuple(sorted(foreign)))


def _traffic_only(window: ClosedWindow, reference: FrozenReference | None) -> ClosedWindow:
    fingerprint = reference.fingerprint if reference else ""
    return replace(window, rows=0, reference_id=fingerprint, features=nothing_of(reference))
