"""What a judge will be able to see: smallest drifts found within an hour and a day, delays, and the dead zone. Pure.

Under a law p, an account's log wealth grows on average by ⟨p, log e⟩ a row (over D, for dependent rows). It starts from
half a window's capital and, once its evidence rises, has the day's savings too (`capital`); a page is due when the sum
over the accounts reaches 1.
Plug-ins are left out: they find what the fixed accounts miss, later. The estimate is checked against simulation in
tests/calibration; single delays scatter around it by a third.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from sentinel.drift.accounts import normal_scores
from sentinel.drift.bets import Floats
from sentinel.drift.capital import RISING, SAVED
from sentinel.drift.laws import Laws
from sentinel.judge.binding import Roles
from sentinel.judge.policy import Policy, PolicyOptions
from sentinel.reference.frozen import FrozenReference

LARGEST_SHIFT_SD = 5.0
LARGEST_POINTS = 95.0
STEPS = 30
"""Halvings in the search for the smallest drift: far below what matters."""
HOUR, DAY = 3600.0, 86_400.0
EVER = 30 * DAY
"""A drift that is not found within a month lies in the dead zone."""


@dataclass(frozen=True, slots=True)
class FeaturePower:
    """unit: "sd" of mean shift, or "points" of share gained by the most frequent category.

    within_hour, within_day: smallest drift found on average in that time; None: none is large enough. dead_zone: drift
    that is never found.
    """

    feature: str
    role: str
    unit: str
    within_hour: float | None
    within_day: float | None
    dead_zone: float | None


@dataclass(frozen=True, slots=True)
class Power:
    """false_pages: most that are expected per `per_days`, by the guarantee; simulated months lie far below."""

    rows_per_hour: float
    false_pages: float
    per_days: float
    features: tuple[FeaturePower, ...]


class PowerOf:
    """Power of a judge of `reference` with the options of `Policy`, at `rows_per_hour` analysed rows."""

    def __init__(
        self,
        reference: FrozenReference,
        *,
        rows_per_hour: float,
        window_seconds: float = 60.0,
        **options: Unpack[PolicyOptions],
    ) -> None:
        if not (rows_per_hour > 0 and window_seconds > 0):
            raise ValueError(
                f"power needs rows and time: {rows_per_hour} rows an hour in windows of {window_seconds} s"
            )
        self.policy = Policy(**options)
        self.rows_per_hour = rows_per_hour
        self.window_seconds = window_seconds
        self._roles = Roles(reference, self.policy)
        self._laws = {
            role: laws
            for role, laws in (("input", self._roles.inputs), ("prediction", self._roles.predictions))
            if laws is not None
        }

    def summary(self) -> Power:
        """All features, in the order of the reference, inputs first."""
        found = [self._feature(role, f) for role, laws in self._laws.items() for f in range(len(laws.rows))]
        return Power(self.rows_per_hour, self.policy.budget.pages, self.policy.budget.days, tuple(found))

    def expected_delay(self, feature: str, drift: float) -> float | None:
        """Seconds until a page for a mean shift of `drift` sd, or `drift` points of share; None: never.

        KeyError where the reference has no such input or prediction.
        """
        for role, laws in self._laws.items():
            if feature in laws.features.names:
                f = laws.features.names.index(feature)
                return self._delay(role, f, self._drifted(laws, f)(drift))
        raise KeyError(feature)

    def _feature(self, role: str, f: int) -> FeaturePower:
        laws = self._laws[role]
        numeric = bool(laws.features.ordered[f])
        within = [self._smallest(role, f, seconds) for seconds in (HOUR, DAY, EVER)]
        return FeaturePower(laws.features.names[f], role, "sd" if numeric else "points", *within)

    def _smallest(self, role: str, f: int, seconds: float) -> float | None:
        law = self._drifted(self._laws[role], f)

        def found(drift: float) -> bool:
            delay = self._delay(role, f, law(drift))
            return delay is not None and delay <= seconds

        low, high = 0.0, LARGEST_SHIFT_SD if self._laws[role].features.ordered[f] else LARGEST_POINTS
        if not found(high):
            return None
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (low, middle) if found(middle) else (middle, high)
        return high

    def _drifted(self, laws: Laws, f: int) -> Callable[[float], Floats]:
        """The law after a drift: a tilt by normal scores, or a share moved to the most frequent category."""
        p0, ordered = laws.p0[f], int(laws.features.ordered[f])
        if not ordered:
            top: Floats = np.eye(len(p0))[int(p0.argmax())]
            others = max(float(p0.sum() - p0.max()), 1e-9)  # what the category can gain, from all others in proportion

            def moved(points: float) -> Floats:
                share = min(points / 100 / others, 1.0)
                return np.asarray((1 - share) * p0 + share * p0.sum() * top)

            return moved
        k = int(laws.features.cells[f])
        z = np.zeros_like(p0)
        z[:k] = normal_scores(p0[:k], ordered)
        return lambda shift: np.asarray(p0 * np.exp(shift * z) / np.sum(p0 * np.exp(shift * z)))

    def _delay(self, role: str, f: int, law: Floats) -> float | None:
        laws = self._laws[role]
        dependence = np.nan_to_num(laws.features.dependence[f], nan=1.0)
        growth = self._growth(laws, f, law) / dependence * self.rows_per_hour / HOUR
        share = laws.dictionary.weights[f, : laws.dictionary.statics] * laws.features.weights[f]
        budget = self.policy.budget.pages_per_second * self._roles.share(role)
        betting = (share > 0) & (growth > 0)
        if not betting.any():
            return None
        paid, gain = budget * share[betting], growth[betting]
        starts = np.log(np.stack([(1 - SAVED) * self.window_seconds * paid, SAVED * DAY * paid]))
        begins = np.stack([np.zeros(len(gain)), RISING / gain + self.window_seconds])

        def paged(seconds: float) -> bool:
            grown = np.where(seconds >= begins, starts + gain * (seconds - begins), -np.inf)
            return bool(np.logaddexp.reduce(grown, axis=None) >= 0)

        low, high = 0.0, float(np.min(-starts[0] / gain))
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (low, middle) if paged(middle) else (middle, high)
        windows = np.ceil(high / self.window_seconds - 1e-9)
        return float(max(windows, 1.0) * self.window_seconds)

    def _growth(self, laws: Laws, f: int, law: Floats) -> Floats:
        """Mean log gain a row of every static account of feature `f`."""
        bets = laws.dictionary
        tilts = bets.tilts[f] @ law
        spikes = bets.spike_off[f] * law.sum() + law * (bets.spike_at[f] - bets.spike_off[f])
        return np.concatenate([tilts, spikes.reshape(-1)])
