"""What a window's predictions say of quality: realised where they have truths, and an estimate from their scores.

The estimate is not trusted where the inputs left what the reference knows, or could not be seen: a calibration says
nothing about rows of a kind that it never saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from sentinel.config.settings import LabelSettings
from sentinel.drift.quality import findings
from sentinel.labels.estimate import estimated
from sentinel.labels.realised import qualities
from sentinel.labels.standard import Standard
from sentinel.labels.values import Answered, Report, Span
from sentinel.reference.frozen import FrozenReference
from sentinel.store.contract import Store
from sentinel.windows.closed import MANY, NOTHING, ClosedWindow

OUTSIDE = frozenset(
    {"out_of_range", "unseen_category", "unit_change", "lost_field", "swapped", "missing", "wrong_type"}
)
"""Findings about data that mean: rows of a kind the reference did not have."""
OUTSIDE_RATIO = 0.05
"""Share of a window's rows outside of the reference from which an estimate is not trusted: it could be so far off."""
MOST_WINDOWS = 200
LOOKED_SECONDS = 3600.0
"""Inputs looked at for one estimate: of the last hour of its span, and of so many windows at most."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """Makes reports. standard: the reference's quality; None without one, and then nothing is estimated."""

    settings: LabelSettings
    reference: FrozenReference | None = None

    @property
    def standard(self) -> Standard | None:
        return self.reference.standard if self.reference else None

    @property
    def accepted_error(self) -> float | None:
        """Error from which a number counts as wrong; None where nobody says."""
        if self.settings.accepted_error is not None:
            return self.settings.accepted_error
        known = self.standard.accepted_error if self.standard else float("nan")
        return known if known == known else None

    def realised(self, span: Span, rows: Sequence[Answered]) -> Report:
        labelled = sum(row.truth is not None for row in rows)
        return Report(span, "realised", len(rows), labelled, qualities(rows))

    def estimate(self, span: Span, rows: Sequence[Answered], store: Store) -> Report | None:
        """None where there is no calibration, or no row with the scores it is for."""
        calibration = self.standard.calibration if self.standard else None
        found = estimated(calibration, rows) if calibration is not None else ()
        if not found:
            return None
        labelled = sum(row.truth is not None for row in rows)
        why_not = self._why_not(span, store)
        return Report(span, "estimate", len(rows), labelled, found, trusted=not why_not, why_not=why_not)

    def _why_not(self, span: Span, store: Store) -> str:
        """Why an estimate of this span cannot be trusted, in words; "" where nothing speaks against it."""
        stored = store.windows(
            model=span.model,
            version=span.version,
            since=max(span.start, span.end - LOOKED_SECONDS),
            until=span.end,
            limit=MOST_WINDOWS,
        )
        own = [entry.window for entry in stored if entry.window.key.replica != MANY]
        if self.reference is None or not own:
            return "its inputs are not known"
        comparable = [window for window in own if window.reference_id == self.reference.fingerprint]
        if len(comparable) < len(own):
            return "its inputs were counted against another reference"
        return outside(self.reference, reduce(or_, comparable, NOTHING))


def outside(reference: FrozenReference, window: ClosedWindow) -> str:
    """The inputs of a window that left the reference, in words; "" where none did by more than OUTSIDE_RATIO."""
    inputs = {spec.name for spec in reference.schema if spec.role == "input"}
    found = [f for f in findings(reference, window) if f.kind in OUTSIDE and f.feature in inputs]
    words = [f"{f.feature} {f.kind.replace('_', ' ')} ({f.share:.0%})" for f in found if f.share > OUTSIDE_RATIO]
    return ", ".join(words[:3])
