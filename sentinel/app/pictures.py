"""What the status page draws of a judged window: reference and window side by side, feature by feature."""

from functools import lru_cache

import numpy as np

from sentinel.app.verdicts import Judgement
from sentinel.judge.binding import cell_labels
from sentinel.reference.frozen import FrozenReference
from sentinel.telemetry.view import FeaturePicture
from sentinel.windows.counts import coarse

MOST_DRAWN = 60
"""Features drawn: those with most evidence; the page lists no more."""


def pictures(reference: FrozenReference | None, judgement: Judgement) -> list[FeaturePicture]:
    """One picture per feature, most evidence first; none without rows of this reference."""
    window = judgement.window
    if reference is None or window.reference_id != reference.fingerprint or not window.rows:
        return []
    evidence = {finding.feature: finding.evidence for finding in judgement.verdict.findings}
    counts = coarse(reference, window.features)
    book = reference.book
    order = sorted(range(len(book.names)), key=lambda i: -evidence.get(book.names[i], 0.0))[:MOST_DRAWN]
    return [_picture(reference, judgement, i, counts[i], evidence.get(book.names[i], 0.0)) for i in order]


def _picture(
    reference: FrozenReference, judgement: Judgement, index: int, counts: np.ndarray, evidence: float
) -> FeaturePicture:
    book = reference.book
    name, used = book.names[index], int(book.cells[index])
    scores = judgement.scores.get(name)
    expected, seen = book.counts[index, :used], counts[:used]
    return FeaturePicture(
        feature=name,
        role=book.roles[index],
        kind=reference.specs[name].kind,
        evidence=evidence,
        change=scores.change if scores else "",
        distances=scores.distances if scores else {},
        problems={"missing": scores.missing_ratio} if scores else {},
        bins=_labels(reference)[index][:used],
        reference=_shares(expected),
        window=_shares(seen),
        counts=tuple(map(float, seen)),
    )


def _shares(counts: np.ndarray) -> tuple[float, ...]:
    return tuple((counts / max(1, counts.sum())).tolist())


@lru_cache(maxsize=2)
def _labels(reference: FrozenReference) -> tuple[tuple[str, ...], ...]:
    return cell_labels(reference)
