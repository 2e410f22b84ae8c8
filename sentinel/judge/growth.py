"""A reference that grows: accepted live windows add their counts to it, in its own cells.

More rows shrink what a finite reference hides (`sentinel.drift.radius`), and so the dead zone beyond the tolerance.
Only windows that an operator accepts may be added: a reference that followed the traffic would learn the drift.
"""

from collections.abc import Iterable
from dataclasses import replace

from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import ClosedWindow


def grown(reference: FrozenReference, windows: Iterable[ClosedWindow]) -> FrozenReference:
    """The reference with the rows of `windows`, which were counted against it; ValueError where one was not.

    Cells and quantiles stay those of the original; the fingerprint is new, so that evidence starts again.
    """
    numeric, categorical = reference.numeric.counts.copy(), reference.categorical.counts.copy()
    sums, rows = reference.numeric.sums.copy(), reference.rows
    for window in windows:
        if window.reference_id != reference.fingerprint:
            raise ValueError(f"the window at {window.start:g} was counted against another reference and cannot join it")
        numeric += window.features.numeric
        categorical += window.features.categorical
        sums += window.features.sums
        rows += window.rows
    return replace(
        reference,
        rows=rows,
        numeric=replace(reference.numeric, counts=numeric, sums=sums),
        categorical=replace(reference.categorical, counts=categorical),
    )
