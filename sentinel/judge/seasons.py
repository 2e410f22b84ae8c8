"""Seasons as an operator's choice: learnt from the windows in the store, kept as a file beside the reference."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sentinel.drift.blocks import Counts
from sentinel.drift.seasons import SEASONS, season_of
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.packing import FormatError, frame, pack_array, unframe, unpack_array
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.counts import coarse

MAGIC = b"SNTLSEA\n"
VERSION = 2
WHAT = "a file of seasons"
LONGEST_WINDOW_SECONDS = 3600.0
"""A longer window has rows of several seasons."""


@dataclass(frozen=True, slots=True, eq=False)
class Seasons:
    """counts: [48, F, K] rows per season, features and cells in the order of the reference's book.

    groups: [48, G, CELLS] likewise of its groups of inputs, where it has any. reference_id: fingerprint of the
    reference whose cells they are.
    """

    reference_id: str
    utc_offset_hours: float
    counts: Counts
    groups: Counts

    @classmethod
    def learnt(
        cls, reference: FrozenReference, windows: Iterable[ClosedWindow], utc_offset_hours: float = 0.0
    ) -> "Seasons":
        """Seasons of recorded windows of this reference; ValueError where there are none, or none short enough."""
        learnt = cls.empty(reference, utc_offset_hours)
        used = 0
        for window in windows:
            if _usable(reference, window):
                learnt._add(reference, window)
                used += 1
        if not used:
            raise ValueError("seasons are learnt from recorded windows, and there are none")
        return learnt

    @classmethod
    def empty(cls, reference: FrozenReference, utc_offset_hours: float) -> "Seasons":
        """No rows in any season yet."""
        groups = (0, 0) if reference.groups is None else reference.groups.counts.shape
        counts = (np.zeros((SEASONS, *shape), dtype=np.int64) for shape in (reference.book.counts.shape, groups))
        return cls(reference.fingerprint, utc_offset_hours, *counts)

    def _add(self, reference: FrozenReference, window: ClosedWindow) -> None:
        season = season_of((window.start + window.end) / 2, self.utc_offset_hours)
        self.counts[season] += coarse(reference, window.features)
        if window.features.groups.size:
            self.groups[season] += window.features.groups

    def complaint(self, reference: FrozenReference) -> str:
        """Why windows of `reference` cannot be compared with these seasons; empty where they can."""
        groups = 0 if reference.groups is None else reference.groups.counts.size
        if self.reference_id == reference.fingerprint and SEASONS * groups == self.groups.size:
            return ""
        return "the seasons were learnt with another reference; run sentinel reference seasons again"

    def fingerprint(self) -> str:
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def rows(self) -> list[int]:
        """Rows of each season: hours of a weekday, then of a day at the weekend."""
        most = self.counts.sum(axis=2).max(axis=1) if self.counts.size else np.zeros(SEASONS)
        return [int(n) for n in most]

    def to_bytes(self) -> bytes:
        content = [self.reference_id, self.utc_offset_hours, pack_array(self.counts), pack_array(self.groups)]
        return frame(MAGIC, VERSION, content)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Seasons":
        """The seasons that `to_bytes` wrote; FormatError where the bytes are foreign, newer or damaged."""
        reference_id, offset, *arrays = unframe(MAGIC, VERSION, data, WHAT)
        if len(arrays) < 2:
            raise FormatError(f"it is {WHAT} of an earlier format; run sentinel reference seasons again")
        counts, groups = (unpack_array(array, np.int64) for array in arrays)
        return cls(reference_id, float(offset), counts, groups)


def _usable(reference: FrozenReference, window: ClosedWindow) -> bool:
    short = window.end - window.start <= LONGEST_WINDOW_SECONDS
    return short and window.reference_id == reference.fingerprint
