"""The shape of each numeric feature in a window, in its own units, for the plain columns of window_features. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from sentinel.reference.frozen import FrozenReference
from sentinel.windows.closed import ClosedWindow
from sentinel.windows.quantiles import moments, quantile

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}


@dataclass(frozen=True, slots=True)
class Profile:
    """Mean (winsorised) and quantiles (off by less than a bin) of the present values; NaN without any."""

    mean: float
    q05: float
    q25: float
    q50: float
    q75: float
    q95: float


def profiles(reference: FrozenReference | None, window: ClosedWindow) -> Mapping[str, Profile]:
    """Profiles by feature; none for a window that was counted against another reference, or against none."""
    if reference is None or window.reference_id != reference.fingerprint or not reference.numeric.names:
        return {}
    table, counts = reference.numeric, window.features
    mean, _ = moments(counts.numeric, counts.sums)
    columns = [table.centre + mean * table.scale, *(quantile(table, counts, q) for q in QUANTILES.values())]
    shapes = zip(*(column.tolist() for column in columns), strict=True)
    return {name: Profile(*shape) for name, shape in zip(table.names, shapes, strict=True)}
