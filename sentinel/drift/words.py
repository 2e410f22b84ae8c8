"""What changed, in the operator's words: "mean +0.31 sd, median 4.1 → 4.9", "“web” 20 → 35 %". Pure.

Names of categories are said only where they are short and the reference has enough rows of them for a cell of their
own; new, rare and long ones are counted, never named.
"""

import numpy as np

from sentinel.drift.categories import quoted
from sentinel.reference.frozen import Counts, Floats, FrozenReference
from sentinel.windows.counts import FeatureCounts
from sentinel.windows.quantiles import moments, quantile

NOTABLE_SHIFT = 0.1
"""Mean shift, in reference deviations, from which the median is told too."""
NOTABLE_SPREAD = 1.2
"""Ratio of deviations, either way, from which it is told."""
NOTABLE_SHARE = 0.01
"""Change of a share (missing, wrong type, out of range, a category) from which it is told."""
MOST_CATEGORIES = 3
"""Categories whose changed shares are told."""
LONGEST_SHOWN = 40
"""Characters of a category that is told; a longer one may be somebody's prompt."""
MEDIAN = 5
"""Place of the median among the reference's quantiles."""


def numeric_changes(reference: FrozenReference, counts: FeatureCounts) -> list[str]:
    """One phrase per numeric feature."""
    table = reference.numeric
    mean_before, spread_before = moments(table.counts, table.sums)
    mean_after, spread_after = moments(counts.numeric, counts.sums)
    ratio = np.divide(spread_after, spread_before, out=np.ones_like(spread_after), where=spread_before > 0)
    outside = np.arange(table.width)[None, :] == (table.bins + 1)[:, None]
    outside[:, 0] = True
    parts = zip(
        _mean_phrases(mean_after - mean_before, ratio),
        _median_phrases(mean_after - mean_before, table.quantiles[:, MEDIAN], quantile(table, counts, 0.5)),
        _share_phrases("out of range", table.counts, counts.numeric, outside),
        _absence_phrases(table.counts, counts.numeric),
        strict=True,
    )
    return [", ".join(phrase for phrase in phrases if phrase) for phrases in parts]


def categorical_changes(reference: FrozenReference, counts: FeatureCounts) -> list[str]:
    """One phrase per categorical feature."""
    table = reference.categorical
    new = np.zeros(table.counts.shape, dtype=bool)
    new[:, -3] = True
    before, after = _shares(table.counts), _shares(counts.categorical)
    parts = zip(
        [_moved(names, p, q) for names, p, q in zip(table.categories, before, after, strict=True)],
        _share_phrases("new categories", table.counts, counts.categorical, new),
        _absence_phrases(table.counts, counts.categorical),
        strict=True,
    )
    return [", ".join(phrase for phrase in phrases if phrase) or "no change" for phrases in parts]


def _mean_phrases(shift: Floats, ratio: Floats) -> list[str]:
    return [_mean_phrase(*values) for values in zip(shift.tolist(), ratio.tolist(), strict=True)]


def _mean_phrase(shift: float, ratio: float) -> str:
    if shift != shift:
        return "no values"
    told = ratio > NOTABLE_SPREAD or ratio < 1 / NOTABLE_SPREAD
    return f"mean {shift:+.2f} sd" + (f", spread × {ratio:.2f}" if told else "")


def _median_phrases(shift: Floats, before: Floats, after: Floats) -> list[str]:
    told = (np.abs(shift) >= NOTABLE_SHIFT) & np.isfinite(before)
    values = zip(told.tolist(), before.tolist(), after.tolist(), strict=True)
    return [f"median {a:.4g} → {b:.4g}" if tell else "" for tell, a, b in values]


def _absence_phrases(before: Counts, after: Counts) -> list[str]:
    missing, wrong = (np.zeros(before.shape, dtype=bool) for _ in range(2))
    missing[:, -2] = wrong[:, -1] = True
    phrases = zip(
        _share_phrases("missing", before, after, missing),
        _share_phrases("wrong type", before, after, wrong),
        strict=True,
    )
    return [", ".join(phrase for phrase in pair if phrase) for pair in phrases]


def _share_phrases(what: str, before: Counts, after: Counts, cells: np.ndarray) -> list[str]:
    """Phrases on the share of rows in `cells`, where it changed notably."""
    p, q = ((_shares(counts) * cells).sum(axis=1) for counts in (before, after))
    told = np.abs(q - p) >= NOTABLE_SHARE
    values = zip(told.tolist(), p.tolist(), q.tolist(), strict=True)
    return [f"{what} {_percent(a)} → {_percent(b)} %" if tell else "" for tell, a, b in values]


def _moved(names: tuple[str, ...], before: Floats, after: Floats) -> str:
    """The categories whose shares moved most."""
    moves = after[: len(names)] - before[: len(names)]
    most = np.argsort(-np.abs(moves), kind="stable")[:MOST_CATEGORIES]
    told = [i for i in most.tolist() if abs(moves[i]) >= NOTABLE_SHARE]
    return ", ".join(f"{_shown(names[i])} {_percent(before[i])} → {_percent(after[i])} %" for i in told)


def _shown(name: str) -> str:
    return quoted(name) if len(name) <= LONGEST_SHOWN else "a long text"


def _shares(counts: Counts) -> Floats:
    shares: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _percent(share: float) -> str:
    return f"{100 * share:.3g}"
