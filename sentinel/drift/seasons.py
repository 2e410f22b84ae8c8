"""References by the hour: where traffic has a daily and weekly cycle, each hour is compared with its own past.

One pooled reference under a daily cycle pages thousands of times a month, and rightly so: the rows of 3 a.m. are not
those of the training set. A season is an hour of the day, on weekdays or at the weekend. Its counts come from live
windows of weeks that the operator calls good, four weeks for instance; a split of the training set cannot give them.
A season with few rows has a wide radius (`radius`) and so bets little or nothing; its capital waits.
"""

from dataclasses import replace

from sentinel.drift.blocks import Counts
from sentinel.drift.laws import BinnedFeatures, Laws

HOURS = 24
SEASONS = 2 * HOURS
HOUR_SECONDS = 3600.0
EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday, day 3 of a week that begins on Monday."""
FIRST_WEEKEND_DAY = 5


def season_of(at: float, utc_offset_hours: float = 0.0) -> int:
    """Season (0 … 47) at `at` seconds since the epoch: hour of the local day, plus 24 at the weekend."""
    hours = int((at + utc_offset_hours * HOUR_SECONDS) // HOUR_SECONDS)
    weekend = (hours // HOURS + EPOCH_WEEKDAY) % 7 >= FIRST_WEEKEND_DAY
    return hours % HOURS + HOURS * int(weekend)


class SeasonalLaws:
    """Laws of the season at a time. counts: [SEASONS, F, K] live rows per season, cells as in `features`.

    The laws of one season are kept at a time: they are built anew, in a fraction of a second, when the hour turns.
    """

    def __init__(self, features: BinnedFeatures, counts: Counts, utc_offset_hours: float = 0.0) -> None:
        self._features = features
        self._counts = counts
        self._offset = utc_offset_hours
        self._season = -1
        self._laws: Laws | None = None

    def laws_at(self, at: float) -> Laws:
        season = season_of(at, self._offset)
        if self._laws is None or season != self._season:
            features = replace(self._features, counts=self._counts[season])
            self._season, self._laws = season, Laws.of(features, references=SEASONS)
        return self._laws
