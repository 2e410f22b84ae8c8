"""When a feature changed: the split of a series into before and after that explains it best. Pure.

Least squares: the split at which the squared distances from the two means are smallest (Hinkley, Biometrika 1970). It
says where a change lies that is known to be there; whether there is one is for the judge to say.
"""

from collections.abc import Sequence

import numpy as np

LEAST_BEFORE = 3
"""Windows before the change: fewer say nothing about a mean. After it one is enough: a large drift pages at once."""


def onset(times: Sequence[float], values: Sequence[float]) -> float | None:
    """The time from which the mean of `values` is higher than before; None where there is no such split."""
    series = np.asarray(values, dtype=float)
    count = len(series)
    if count <= LEAST_BEFORE:
        return None
    splits = np.arange(LEAST_BEFORE, count)
    reached = np.cumsum(series)
    before = reached[splits - 1] / splits
    after = (reached[-1] - reached[splits - 1]) / (count - splits)
    gain = splits * (count - splits) * np.maximum(after - before, 0.0) ** 2
    best = int(gain.argmax())
    return float(times[splits[best]]) if gain[best] > 0 else None
