"""Seasons as an operator's choice: learnt from the windows in the store, kept as a file beside the reference."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sentinel.drift.blocks import Counts
from sentinel.drift.seasons import SEASONS, counted
from sentinel.reference.frozen import FrozenReference
from sentinel.reference.packing import frame, pack_array, unframe, unpack_array
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.counts import coarse

MAGIC = b"SNTLSEA\n"
VERSION = 1
WHAT = "a file of seasons"
LONGEST_WINDOW_SECONDS = 3600.0
"""A longer window has rows of several seasons."""


@dataclass(frozen=True, slots=True, eq=False)
class Seasons:
    """counts: [48, F, K] rows per season, features and cells in the order of the reference's book.

    reference_id: fingerprint of the reference whose cells they are.
    """

    reference_id: str
    utc_offset_hours: float
    counts: Counts

    @classmethod
    def learnt(
        cls, reference: FrozenReference, windows: Iterable[ClosedWindow], utc_offset_hours: float = 0.0
    ) -> "Seasons":
        """Seasons of recorded windows of this reference; ValueError where there are none, or none short enough."""
        usable = [
            ((window.start + window.end) / 2, coarse(reference, window.features))
            for window in windows
            if window.reference_id == reference.fingerprint and window.end - window.start <= LONGEST_WINDOW_SECONDS
        ]
        return cls(reference.fingerprint, utc_offset_hours, counted(usable, utc_offset_hours))

    def fingerprint(self) -> str:
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def rows(self) -> list[int]:
        """Rows of each season: hours of a weekday, then of a day at the weekend."""
        most = self.counts.sum(axis=2).max(axis=1) if self.counts.size else np.zeros(SEASONS)
        return [int(n) for n in most]

    def to_bytes(self) -> bytes:
        content = [self.reference_id, self.utc_offset_hours, pack_array(self.counts)]
        return frame(MAGIC, VERSION, content)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Seasons":
        """The seasons that `to_bytes` wrote; FormatError where the bytes are foreign, newer or damaged."""
        reference_id, offset, counts = unframe(MAGIC, VERSION, data, WHAT)
        return cls(reference_id, float(offset), unpack_array(counts, np.int64))
