"""A reference grown by windows that were accepted as normal: a larger reference hides less. Pure."""

from dataclasses import replace

from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import ClosedWindow


def grown(reference: FrozenReference, accepted: ClosedWindow) -> FrozenReference:
    """The reference with the rows of `accepted` (any number of windows, merged) counted into its cells.

    Cells, quantiles, median and deviation stay as they are; the fingerprint is new, so windows must be counted against
    the grown reference from then on. ValueError when the window was counted against another one.
    """
    if accepted.reference_id != reference.fingerprint:
        raise ValueError(
            f"the window was counted against reference {accepted.reference_id[:12] or 'none'}, not against "
            f"{reference.name} {reference.version} ({reference.fingerprint[:12]}); only that one can grow by it"
        )
    counts, table = accepted.features, reference.numeric
    joint = None if reference.joint is None or counts.joint is None else reference.joint | counts.joint
    groups = reference.groups
    if groups is not None and counts.groups.size:
        groups = replace(groups, counts=groups.counts + counts.groups)
    return replace(
        reference,
        rows=reference.rows + accepted.rows,
        numeric=replace(table, counts=table.counts + counts.numeric, sums=table.sums + counts.sums),
        categorical=replace(reference.categorical, counts=reference.categorical.counts + counts.categorical),
        joint=joint,
        groups=groups,
    )
