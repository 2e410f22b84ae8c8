"""What a finding on data is, and its words. How faults are found is told in `quality`."""

from collections.abc import Sequence
from dataclasses import dataclass

KINDS = (
    "missing",
    "wrong_type",
    "lost_field",
    "new_field",
    "out_of_range",
    "unseen_category",
    "unit_change",
    "swapped",
    "stuck",
    "duplicated_rows",
    "one_client",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """share: of the window's rows of this feature, 0 to 1."""

    kind: str
    feature: str
    share: float
    detail: str = ""


def in_words(found: Sequence[Finding], most: int) -> str:
    """The widest findings in a clause, "" where there are none."""
    words = (
        " ".join(filter(None, (f.feature, f.kind.replace("_", " "), f.detail, f"({f.share:.0%})")))
        for f in found[:most]
    )
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return f"data quality: {', '.join(words)}{more}" if found else ""
