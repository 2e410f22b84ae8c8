"""The closed window: counts of one (model, version, replica) over a half-open interval [start, end). Immutable.

`a | b` adds two windows: associative and commutative, exactly (all sums are integers), with `NOTHING` as identity.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sentinel.reference.packing import FormatError, frame, pack_array, unframe, unpack_array
from sentinel.windows import plain
from sentinel.windows.counts import FeatureCounts
from sentinel.windows.generation import GenerationCounts
from sentinel.windows.segmented import SegmentCounts
from sentinel.windows.whole import WholeRows
from sentinel.windows.window import TrafficCounts, WindowKey

_MAGIC = b"SNTLWIN\n"
_VERSION = 1
_WHAT = "a sentinel window"

MANY = "*"
"""Replica of a window merged over replicas."""


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """rows: analysed rows. reference_id: fingerprint of the reference that gave the cells, "" for none.

    features: counts of all features (empty without a reference). traffic: all traffic, sampled or not.
    generation: tokens and times of analysed calls of a generative model. whole: what is told of rows as a whole.
    segments: coarse counts of each segment that the reference tells apart.
    """

    key: WindowKey
    start: float
    end: float
    rows: int
    reference_id: str
    features: FeatureCounts = field(default_factory=FeatureCounts)
    traffic: TrafficCounts = field(default_factory=TrafficCounts)
    generation: GenerationCounts = field(default_factory=GenerationCounts)
    whole: WholeRows = field(default_factory=WholeRows)
    segments: SegmentCounts = field(default_factory=SegmentCounts)

    def __or__(self, other: "ClosedWindow") -> "ClosedWindow":
        """Merge two windows of one model, version and reference; ValueError says what differs."""
        if self is NOTHING or other is NOTHING:
            return other if self is NOTHING else self
        return ClosedWindow(
            key=_merged_key(self, other),
            start=min(self.start, other.start),
            end=max(self.end, other.end),
            rows=self.rows + other.rows,
            reference_id=self.reference_id,
            features=self.features | other.features,
            traffic=self.traffic | other.traffic,
            generation=self.generation | other.generation,
            whole=self.whole | other.whole,
            segments=self.segments | other.segments,
        )

    def to_bytes(self) -> bytes:
        """Everything in the window, compact (about 70 bytes a feature) and checked."""
        key = self.key
        content = {
            "key": [key.model, key.version, key.replica],
            "time": [self.start, self.end],
            "rows": self.rows,
            "reference": self.reference_id,
            "features": plain.from_features(self.features),
            "traffic": plain.from_traffic(self.traffic),
            "generation": plain.from_sums(self.generation),
            "whole": plain.from_sums(self.whole),
            "segments": {column: pack_array(counts) for column, counts in self.segments.counts.items()},
        }
        return frame(_MAGIC, _VERSION, content)

    @classmethod
    def from_bytes(cls, data: bytes) -> "ClosedWindow":
        """The window that `to_bytes` wrote; FormatError where the bytes are foreign, newer, cut short or damaged."""
        content = unframe(_MAGIC, _VERSION, data, _WHAT)
        try:
            return cls._from_plain(content)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise FormatError(f"it is {_WHAT} whose content does not fit together") from error

    @classmethod
    def _from_plain(cls, content: dict[str, Any]) -> "ClosedWindow":
        start, end = content["time"]
        return cls(
            key=WindowKey(*content["key"]),
            start=start,
            end=end,
            rows=content["rows"],
            reference_id=content["reference"],
            features=plain.to_features(content["features"]),
            traffic=plain.to_traffic(content["traffic"]),
            generation=GenerationCounts(**content.get("generation", {})),
            whole=WholeRows(**content.get("whole", {})),
            segments=SegmentCounts(
                {column: unpack_array(counts, np.int64) for column, counts in content.get("segments", {}).items()}
            ),
        )


NOTHING = ClosedWindow(WindowKey("", "", ""), float("inf"), float("-inf"), 0, "")
"""The window of nothing: merging it changes nothing."""


def _merged_key(a: ClosedWindow, b: ClosedWindow) -> WindowKey:
    if a.reference_id != b.reference_id:
        raise ValueError(
            f"windows of {a.key.model} were counted against different references "
            f"({_short(a.reference_id)} and {_short(b.reference_id)}); merge only windows of one reference"
        )
    if (a.key.model, a.key.version) != (b.key.model, b.key.version):
        raise ValueError(
            f"windows of {a.key.model} {a.key.version!r} and {b.key.model} {b.key.version!r} do not merge; "
            "merge only windows of one model and version"
        )
    return a.key if a.key.replica == b.key.replica else replace(a.key, replica=MANY)


def _short(reference_id: str) -> str:
    return reference_id[:12] or "none"
