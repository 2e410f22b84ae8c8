"""How many rows an hour a judge gets: stated, or measured from stored windows. Values only; nothing is read here."""

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel.windows.closed import ClosedWindow

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Pace:
    """rows_per_hour: analysed rows. analysed_ratio: their share of all traffic, in (0, 1]. source: where it is known
    from, in words.
    """

    rows_per_hour: float
    analysed_ratio: float
    source: str

    def sampled(self, ratio: float) -> "Pace":
        """The pace if `ratio` of the same traffic were analysed."""
        return Pace(self.rows_per_hour * ratio / self.analysed_ratio, ratio, self.source)


def stated(rows_per_hour: float, sample_ratio: float) -> Pace:
    """`sample_ratio` of `rows_per_hour` rows of all traffic. ValueError where nothing is left."""
    if not (rows_per_hour > 0 and 0 < sample_ratio <= 1):
        raise ValueError(
            f"{rows_per_hour:g} rows an hour of which {sample_ratio:g} are sampled give nothing to judge; "
            "both must be above 0, and no more than all rows can be sampled"
        )
    return Pace(rows_per_hour * sample_ratio, sample_ratio, "as stated")


def measured(merged: Sequence[ClosedWindow]) -> Pace | None:
    """The pace of windows that were added up; None when they hold no rows."""
    rows = sum(window.rows for window in merged)
    if not rows:
        return None
    hours = (max(window.end for window in merged) - min(window.start for window in merged)) / HOUR
    received = sum(window.traffic.received for window in merged)
    analysed = sum(window.traffic.analysed for window in merged)
    ratio = analysed / received if received and analysed else 1.0
    return Pace(rows / hours, ratio, f"measured over {hours:.2g} hours")
